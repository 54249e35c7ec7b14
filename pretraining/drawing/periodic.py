"""Texture families that repeat. Each takes a Brush and returns heights (count, side, side) around [-1, 1]."""

import math

import torch
from torch import Tensor

from .brush import Brush, fraction, wave


def stripes(brush: Brush) -> Tensor:
    return wave(brush.u)


def bars(brush: Brush) -> Tensor:
    return torch.tanh((wave(brush.u) + brush.between(-0.5, 0.5)) * brush.between_log(2, 15))


def sawtooth(brush: Brush) -> Tensor:
    sway = 0.2 * wave(brush.v) * brush.dice.chance(0.5, brush.count, 1, 1)
    return 2 * fraction(brush.u + sway) - 1


def checkers(brush: Brush) -> Tensor:
    return torch.tanh(wave(brush.u) * wave(brush.v) * brush.between_log(2, 15))


def lattice(brush: Brush) -> Tensor:
    crest = torch.maximum(wave(brush.u), wave(brush.v))
    return torch.tanh((crest - brush.between(0.65, 0.85)) * brush.between_log(2, 15))


def dots(brush: Brush) -> Tensor:
    """Round dots or round holes on a square grid."""
    distance = ((fraction(brush.u) - 0.5) ** 2 + (fraction(brush.v) - 0.5) ** 2).sqrt()
    sign = torch.where(brush.dice.chance(0.6, brush.count, 1, 1), 1.0, -1.0)
    return torch.tanh((brush.between(0.15, 0.25) - distance) * brush.between_log(4, 30)) * sign


def woven(brush: Brush, every: int = 2) -> Tensor:
    """Warp threads over weft threads, `every`-th crossing the other way round."""
    u, v = brush.u * 1.3, brush.v * 1.3
    warp_is_up = fraction((torch.floor(u) + torch.floor(v)) / every) < 0.499
    warp = torch.sin(math.pi * fraction(u)) * 1.6 - 0.8
    weft = torch.sin(math.pi * fraction(v)) * brush.between(1.2, 1.6) - 0.8
    return torch.where(warp_is_up, warp, weft)


def twill(brush: Brush) -> Tensor:
    return woven(brush, every=3)


def bricks(brush: Brush) -> Tensor:
    u = brush.u * 0.5 + 0.5 * (fraction(torch.floor(brush.v) / 2) > 0.25)
    to_joint = torch.minimum((0.5 - (fraction(u) - 0.5).abs()) * 2, 0.5 - (fraction(brush.v) - 0.5).abs())
    return torch.tanh((to_joint - 0.06) * brush.between_log(6, 45))


def zigzag(brush: Brush) -> Tensor:
    phase = brush.u + (fraction(brush.v * 0.5) - 0.5).abs() * brush.between(1.4, 2.6)
    return torch.tanh(wave(phase) * brush.between_log(1, 7.5))


def rings(brush: Brush) -> Tensor:
    """Concentric rings, as left by turning on a lathe."""
    return torch.tanh(wave((brush.u**2 + brush.v**2).sqrt()) * brush.between_log(0.8, 6))


def spiral(brush: Brush) -> Tensor:
    turns = torch.atan2(brush.v, brush.u) / (2 * math.pi) * torch.floor(brush.between(1, 7))
    return torch.tanh(wave((brush.u**2 + brush.v**2).sqrt() + turns) * brush.between_log(0.8, 6))


def honeycomb(brush: Brush) -> Tensor:
    half_v = 0.866 * brush.v
    return (wave(brush.u) + wave(half_v - 0.5 * brush.u) + wave(-half_v - 0.5 * brush.u)) * 0.5


FAMILIES = (stripes, bars, sawtooth, checkers, lattice, dots, woven, twill, bricks, zigzag, rings, spiral, honeycomb)
DIRECTED = frozenset({stripes, bars, sawtooth, lattice, woven, twill, bricks, zigzag})
