"""Texture families made of scattered points (Worley). Each takes a Brush and returns heights around [-1, 1]."""

import torch
from torch import Tensor

from .brush import Brush, fraction


def nearest_points(brush: Brush) -> tuple[Tensor, Tensor, Tensor]:
    """Distances to the nearest and second nearest point, in cells, and a random number in [0, 1) of the nearest."""
    u, v = brush.u + 100, brush.v + 100
    column, row = torch.floor(u), torch.floor(v)
    jitter, salt = brush.between(0.4, 0.95), brush.between(0, 50)
    nearest = torch.full_like(u, 9.0)
    second, identity = nearest.clone(), torch.zeros_like(u)
    for right in (-1, 0, 1):
        for down in (-1, 0, 1):
            chance = fraction(torch.sin((column + right) * 12.9898 + (row + down) * 78.233 + salt) * 437.5853)
            dx = right + 0.5 + (chance - 0.5) * jitter - (u - column)
            dy = down + 0.5 + (fraction(chance * 57.31) - 0.5) * jitter - (v - row)
            distance = dx * dx + dy * dy
            closer = distance < nearest
            second = torch.where(closer, nearest, torch.minimum(second, distance))
            identity = torch.where(closer, fraction(chance * 91.7), identity)
            nearest = torch.where(closer, distance, nearest)
    return nearest.sqrt(), second.sqrt(), identity


def pebbles(brush: Brush) -> Tensor:
    return 1 - 2 * nearest_points(brush)[0]


def mosaic(brush: Brush) -> Tensor:
    return 2 * nearest_points(brush)[2] - 1


def walls(brush: Brush) -> Tensor:
    nearest, second, _ = nearest_points(brush)
    return torch.tanh((second - nearest) * brush.between_log(4, 25)) * 1.2 - 0.6


def speckles(brush: Brush) -> Tensor:
    return torch.tanh((brush.between(0.15, 0.4) - nearest_points(brush)[0]) * brush.between_log(4, 25))


FAMILIES = (pebbles, mosaic, walls, speckles)
DIRECTED: frozenset = frozenset()
