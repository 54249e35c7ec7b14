"""One shape, many looks: superellipses with lobes and holes, mirrored, in rows, on lattices or around a centre."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .dice import Dice

# How copies of a part are laid out in the frame of the body that it belongs to.
ALONE, MIRRORED, AROUND, ROW, LATTICE = range(5)


@dataclass
class Frame:
    """Pixel coordinates in the body's own frame, in units of the body's extent; extent (n, 1, 1) in pixels."""

    x: Tensor
    y: Tensor
    extent: Tensor


@dataclass
class Part:
    """Everything is (n, 1, 1), lengths in extents of the body, angles in radians; `copies` is one of the layouts."""

    centre_x: Tensor
    centre_y: Tensor
    half_width: Tensor
    half_height: Tensor
    angle: Tensor
    copies: Tensor
    copy_count: Tensor
    exponent: Tensor
    lobe_depth: Tensor
    lobe_count: Tensor
    hole: Tensor


def pick_outline(dice: Dice, count: int) -> dict[str, Tensor]:
    """The fields of a Part that say how its outline looks: from a diamond over an ellipse to a box, with lobes or a hole."""
    return {
        "exponent": dice.log_uniform(count, 1, 1, low=1.0, high=12.0),
        "lobe_depth": dice.uniform(count, 1, 1, high=0.35) * dice.chance(0.25, count, 1, 1),
        "lobe_count": torch.floor(dice.uniform(count, 1, 1, low=3, high=10)),
        "hole": dice.uniform(count, 1, 1, low=0.3, high=0.85) * dice.chance(0.2, count, 1, 1),
    }


def radial_position(part: Part, frame: Frame) -> Tensor:
    """(n, side, side): 0 at the centre of the nearest copy of the part, 1 on its outline, above 1 outside."""
    x, y = _fold_body(part, frame)
    x, y = x - part.centre_x, y - part.centre_y
    across = x * part.angle.cos() + y * part.angle.sin()
    along = y * part.angle.cos() - x * part.angle.sin()
    across = _fold_line(across, part.half_width, part, (part.copies == ROW) | (part.copies == LATTICE))
    along = _fold_line(along, part.half_height, part, part.copies == LATTICE)
    wide = (across / part.half_width).abs().clamp(1e-3, 1e3) ** part.exponent
    high = (along / part.half_height).abs().clamp(1e-3, 1e3) ** part.exponent
    lobes = 1 + part.lobe_depth * torch.sin(torch.atan2(along, across) * part.lobe_count)
    return torch.exp(torch.log(wide + high) / part.exponent) * lobes


def _fold_body(part: Part, frame: Frame) -> tuple[Tensor, Tensor]:
    sector = 2 * math.pi / (part.copy_count + 2)
    direction = torch.atan2(frame.y, frame.x)
    direction = direction - sector * torch.round(direction / sector)
    radius = (frame.x**2 + frame.y**2).sqrt()
    around, mirrored = part.copies == AROUND, part.copies == MIRRORED
    x = torch.where(around, radius * direction.cos(), torch.where(mirrored, frame.x.abs(), frame.x))
    return x, torch.where(around, radius * direction.sin(), frame.y)


def _fold_line(position: Tensor, half: Tensor, part: Part, folded: Tensor) -> Tensor:
    """Maps every copy within `copy_count` pitches on either side onto the one in the middle."""
    pitch = half * 2.6
    copy = torch.round(position / pitch)
    copy = torch.minimum(torch.maximum(copy, -part.copy_count), part.copy_count)
    return torch.where(folded, position - pitch * copy, position)
