"""Seeded drawing of training images with their own ground truth; batched torch, on any device."""
