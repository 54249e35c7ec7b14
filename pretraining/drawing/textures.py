"""The bank: a few textures of every family, drawn anew for each batch; regions of the images pick from it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from . import cellular, periodic, printed, spectral
from .brush import pick_brush
from .canvas import Canvas
from .dice import Dice

FAMILIES = spectral.FAMILIES + periodic.FAMILIES + cellular.FAMILIES + printed.FAMILIES
FAMILY_NAMES = tuple(family.__name__ for family in FAMILIES)
DIRECTED = spectral.DIRECTED | periodic.DIRECTED | cellular.DIRECTED | printed.DIRECTED
FLAT = FAMILY_NAMES.index("flat")


@dataclass
class Bank:
    """heights (n, side, side); the others are (n,): family index, angle in radians, log of the wavelength, 0/1 directed."""

    heights: Tensor
    family: Tensor
    angle: Tensor
    log_wavelength: Tensor
    directed: Tensor

    def __len__(self) -> int:
        return len(self.family)


def draw_bank(dice: Dice, canvas: Canvas, per_family: int) -> Bank:
    """Draws `per_family` textures of each family, in the order of FAMILIES."""
    heights, angles, wavelengths = [], [], []
    for family in FAMILIES:
        brush = pick_brush(dice, canvas, per_family)
        heights.append(family(brush))
        angles.append(brush.angle.flatten())
        wavelengths.append(brush.wavelength.flatten().log())
    directed = torch.tensor([float(family in DIRECTED) for family in FAMILIES], device=dice.device)
    return Bank(
        heights=torch.cat(heights),
        family=torch.arange(len(FAMILIES), device=dice.device).repeat_interleave(per_family),
        angle=torch.cat(angles),
        log_wavelength=torch.cat(wavelengths),
        directed=directed.repeat_interleave(per_family),
    )
