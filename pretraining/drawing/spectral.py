"""Texture families made of filtered noise. Each takes a Brush and returns heights (count, side, side) around [-1, 1]."""

import torch
from torch import Tensor

from .brush import Brush, wave


def flat(brush: Brush) -> Tensor:
    return brush.noise(brush.between(0.5, 1.2), brush.wavelength) * 0.02


def cloud(brush: Brush) -> Tensor:
    return brush.noise(brush.between(0.9, 2.0), brush.wavelength, slope=brush.between(0.5, 1.6)) * 0.45


def grain(brush: Brush) -> Tensor:
    return brush.noise(brush.between(0.5, 1.2), brush.between_log(2.2, 6.0)) * 0.45


def ripples(brush: Brush) -> Tensor:
    """Waves that keep one direction and come and go, like a Gabor filter's response."""
    return brush.noise(brush.between(0.1, 0.3), brush.wavelength, spread=brush.between(0.12, 0.4)) * 0.45


def brushed(brush: Brush) -> Tensor:
    """Fine parallel lines as left by brushing or grinding metal."""
    return brush.noise(brush.between(0.5, 1.2), brush.between_log(2.5, 8.0), spread=brush.between(0.03, 0.15)) * 0.45


def banded(brush: Brush) -> Tensor:
    """One wavelength in every direction: orange peel."""
    return brush.noise(brush.between(0.1, 0.3), brush.wavelength) * 0.45


def ridged(brush: Brush) -> Tensor:
    return 1 - 3 * brush.noise(brush.between(0.9, 2.0), brush.wavelength).abs().clamp_max(0.66)


def blotches(brush: Brush) -> Tensor:
    noise = brush.noise(brush.between(0.9, 2.0), brush.wavelength)
    return torch.tanh((noise - brush.between(-0.6, 0.6)) * brush.between_log(3, 20))


def pitted(brush: Brush) -> Tensor:
    """A smooth surface with small holes: cast metal."""
    noise = brush.noise(brush.between(0.5, 1.2), brush.between_log(2.2, 6.0))
    return 0.3 - 2 * torch.sigmoid((noise - brush.between(1.2, 2.2)) * 10)


def marbled(brush: Brush) -> Tensor:
    """Veins: also wood when the veins are straight."""
    noise = brush.noise(brush.between(0.5, 1.2), brush.wavelength)
    return wave(brush.u + noise * brush.between(0.08, 0.48))


FAMILIES = (flat, cloud, grain, ripples, brushed, banded, ridged, blotches, pitted, marbled)
DIRECTED = frozenset({ripples, brushed, marbled})
