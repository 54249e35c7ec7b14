"""Defects drawn over finished images, with the truth of what they changed."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import Canvas, box_blur
from .dice import Dice

SLOTS = 3
# Share of images that stay free of defects, and of the slots that are used in the others.
CLEAN_SHARE, SLOT_SHARE = 0.2, 0.6
# What a defect may put in place of the image.
PAINT, ELSEWHERE, OTHER_IMAGE, BLURRED, SHADED, ERASED = range(6)
# A change counts as visible in full when it reaches this much plus this share of the local contrast.
VISIBLE_CHANGE, VISIBLE_SHARE = 0.05, 0.6
CONTRAST_WINDOW_PX = 15


@dataclass
class Defects:
    """image (n, 3, side, side) in [0, 1]; visibility (n, side, side) in [0, 1], 0 where nothing changed."""

    image: Tensor
    visibility: Tensor


def draw_defects(dice: Dice, canvas: Canvas, image: Tensor) -> Defects:
    """Scratches, cracks, spots, stains, dents, swapped, displaced and missing pieces on copies of the images."""
    count = len(image)
    affected = ~dice.chance(CLEAN_SHARE, count, 1, 1)
    blurred = box_blur(image, 9)
    elsewhere = _displaced(dice, image)
    result = image
    for _ in range(SLOTS):
        mask = _line(dice, canvas, count)
        mask = torch.where(dice.chance(0.6, count, 1, 1), _blob(dice, canvas, count), mask)
        mask = (mask * (affected & dice.chance(SLOT_SHARE, count, 1, 1)))[:, None]
        kind = dice.integers(6, count).view(-1, 1, 1, 1)
        paint = (dice.uniform(count, 1, 1, 1) + dice.normal(count, 3, 1, 1, scale=0.15)).clamp(0, 1)
        content = torch.where(kind == PAINT, paint, elsewhere)
        content = torch.where(kind == OTHER_IMAGE, image.roll(1, 0), content)
        content = torch.where(kind == BLURRED, blurred, content)
        content = torch.where(kind == SHADED, image * dice.log_uniform(count, 1, 1, 1, low=0.4, high=2.2), content)
        content = torch.where(kind == ERASED, _colour_somewhere(dice, image), content)
        result = result * (1 - mask) + content.clamp(0, 1) * mask
    return Defects(result, visibility(image, result))


def visibility(image: Tensor, changed: Tensor) -> Tensor:
    """(n, side, side) in [0, 1]: how far the change stands out from the contrast around it."""
    change = (changed - image).abs().mean(1)
    gray = image.mean(1, keepdim=True)
    deviation = (box_blur(gray**2, CONTRAST_WINDOW_PX) - box_blur(gray, CONTRAST_WINDOW_PX) ** 2).clamp_min(0).sqrt()[:, 0]
    return (change / (VISIBLE_CHANGE + VISIBLE_SHARE * deviation)).clamp_max(1)


def _place(dice: Dice, canvas: Canvas, count: int, wobble: float) -> tuple[Tensor, Tensor]:
    """Coordinates (n, side, side) around a random place in a random direction, bent by up to `wobble` pixels."""
    side = canvas.side
    bend = canvas.smooth_field(dice, count, 8) * dice.uniform(count, 1, 1, high=wobble)
    x = canvas.x - dice.uniform(count, 1, 1, low=-0.45, high=0.45) * side + bend
    y = canvas.y - dice.uniform(count, 1, 1, low=-0.45, high=0.45) * side + bend.roll(1, 0)
    angle = dice.uniform(count, 1, 1, high=math.pi)
    return x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()


def _line(dice: Dice, canvas: Canvas, count: int) -> Tensor:
    """Opacity of a thin bent line: a scratch, a crack, a hair."""
    along, across = _place(dice, canvas, count, wobble=6.0)
    half_length = dice.log_uniform(count, 1, 1, low=3, high=canvas.side / 3)
    half_width = dice.log_uniform(count, 1, 1, low=0.5, high=2.5)
    distance = (across**2 + (along.abs() - half_length).clamp_min(0) ** 2).sqrt()
    return torch.sigmoid((half_width - distance) * 3) * dice.uniform(count, 1, 1, low=0.4)


def _blob(dice: Dice, canvas: Canvas, count: int) -> Tensor:
    """Opacity of a ragged spot, from a pinhole to a quarter of the side, with a hard or a soft rim."""
    along, across = _place(dice, canvas, count, wobble=4.0)
    radius = dice.log_uniform(count, 1, 1, low=1.5, high=canvas.side / 6)
    distance = (along**2 + (across * dice.log_uniform(count, 1, 1, low=0.5, high=2)) ** 2).sqrt()
    hardness = dice.log_uniform(count, 1, 1, low=0.4, high=4)
    return torch.sigmoid((radius - distance) * hardness) * dice.uniform(count, 1, 1, low=0.4)


def _displaced(dice: Dice, image: Tensor) -> Tensor:
    """The image turned by up to 180 degrees and shifted: what a blob shows of it is out of place."""
    count = len(image)
    quarter = torch.where(dice.chance(0.5, count), math.pi / 2, 0.0)
    angle = dice.normal(count, scale=0.3) + quarter
    shift = dice.normal(count, 2, scale=0.15)
    rows = [torch.stack([angle.cos(), -angle.sin(), shift[:, 0]], 1), torch.stack([angle.sin(), angle.cos(), shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(image.shape), align_corners=False)
    return F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)


def _colour_somewhere(dice: Dice, image: Tensor) -> Tensor:
    """(n, 3, 1, 1): the colour of a random pixel of each image."""
    count, side = len(image), image.shape[-1]
    place = dice.integers(side * side, count)
    return image.flatten(2).gather(2, place.view(-1, 1, 1).expand(-1, 3, 1))[..., None]
