"""Where things lie: collages of regions, assemblies (one body with parts at fixed places), machined metal."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from . import shapes
from .canvas import Canvas, over_pixels
from .dice import Dice
from .shapes import Frame, Part

BACKGROUNDS = 3
PARTS = 9
LABELS = BACKGROUNDS + PARTS
COLLAGE, ASSEMBLY, MACHINED = range(3)
STYLE_SHARES = (0.35, 0.45, 0.2)
# Of an assembly's parts, these may be limbs: pieces of the body itself that stick out.
LIMBS = (1, 2, 3)


@dataclass
class Layout:
    """style (n,); label (n, side, side) in [0, LABELS); height (n, side, side) in pixels above the background."""

    style: Tensor
    label: Tensor
    height: Tensor


def draw_layout(dice: Dice, canvas: Canvas, count: int) -> Layout:
    style = torch.bucketize(dice.uniform(count), torch.tensor(STYLE_SHARES, device=dice.device).cumsum(0)[:2])
    is_collage = over_pixels(style == COLLAGE)
    warp = dice.uniform(count, 1, 1, high=0.06) * canvas.side * (dice.uniform(count, 1, 1) < torch.where(is_collage, 0.9, 0.4))
    x = canvas.x + canvas.smooth_field(dice, count) * warp
    y = canvas.y + canvas.smooth_field(dice, count) * warp
    label = _background(dice, canvas, x, y, is_collage)
    height = torch.zeros_like(x)
    frame = _frame(dice, canvas, x, y, is_collage)
    body = torch.ones_like(label, dtype=torch.bool)
    for index in range(PARTS):
        part = _pick_part(dice, style, index)
        radial = shapes.radial_position(part, frame)
        present = (index == 0) | dice.chance(0.7, count, 1, 1)
        limb = ~is_collage & dice.chance(0.5 if index in LIMBS else 0.0, count, 1, 1)
        hole = ~is_collage & ~limb & dice.chance(0.25 if index > 0 else 0.0, count, 1, 1)
        inside = (radial < 1) & (radial > part.hole) & present
        inside &= limb | is_collage | body
        if index == 0 or index in LIMBS:
            body = torch.where(is_collage, body, inside if index == 0 else body | (inside & limb))
        drawn = torch.where(limb, BACKGROUNDS, torch.where(hole, 0, BACKGROUNDS + index))
        label = torch.where(inside, drawn, label)
        height = torch.where(inside, _raise(dice, part, frame, radial, height, hole), height)
    return Layout(style, label, height)


def _background(dice: Dice, canvas: Canvas, x: Tensor, y: Tensor, is_collage: Tensor) -> Tensor:
    """Labels of a Voronoi partition for collages; one label elsewhere."""
    count, seeds, side = len(x), 5, canvas.side
    seed_x = dice.uniform(count, seeds, 1, 1, low=-0.6, high=0.6) * side
    seed_y = dice.uniform(count, seeds, 1, 1, low=-0.6, high=0.6) * side
    flatness = dice.log_uniform(count, 1, 1, 1, low=0.3, high=1.0)
    distance = (x[:, None] - seed_x) ** 2 + ((y[:, None] - seed_y) * flatness) ** 2
    label_of_seed = dice.integers(BACKGROUNDS, count, seeds)
    label = label_of_seed.gather(1, distance.argmin(1).flatten(1)).view(count, side, side)
    divided = is_collage & dice.chance(0.7, count, 1, 1)
    return torch.where(divided, label, 0)


def _frame(dice: Dice, canvas: Canvas, x: Tensor, y: Tensor, is_collage: Tensor) -> Frame:
    """A collage's frame is the picture; a body may be small, fill the picture or reach beyond it."""
    count, side = len(x), canvas.side
    free = (~is_collage).float()
    extent = torch.where(is_collage, 0.5, dice.log_uniform(count, 1, 1, low=0.28, high=1.1)) * side
    angle = dice.uniform(count, 1, 1, high=2 * math.pi) * free
    x = x - dice.uniform(count, 1, 1, low=-0.5, high=0.5) * extent * free
    y = y - dice.uniform(count, 1, 1, low=-0.5, high=0.5) * extent * free
    return Frame((x * angle.cos() + y * angle.sin()) / extent, (y * angle.cos() - x * angle.sin()) / extent, extent)


def _pick_part(dice: Dice, style: Tensor, index: int) -> Part:
    count = len(style)
    uniform = lambda low, high: dice.uniform(count, 1, 1, low=low, high=high)
    log_uniform = lambda low, high: dice.log_uniform(count, 1, 1, low=low, high=high)
    is_collage, is_machined = over_pixels(style == COLLAGE), over_pixels(style == MACHINED)
    reach = 0.0 if index == 0 else 0.8
    centre_x = torch.where(is_collage, uniform(-1, 1), uniform(-reach, reach))
    centre_y = torch.where(is_collage, uniform(-1, 1), uniform(-reach, reach))
    if index == 0:
        width, high = torch.ones_like(centre_x), log_uniform(0.35, 1.0)
    elif index in LIMBS:
        width, high = log_uniform(0.1, 0.6), log_uniform(0.1, 0.6)
    else:
        width, high = log_uniform(0.05, 0.4), log_uniform(0.05, 0.4)
    right_angle = torch.floor(uniform(0, 2)) * (math.pi / 2)
    angle = torch.where(is_collage | dice.chance(0.25, count, 1, 1), uniform(0, math.pi), right_angle)
    chance = dice.uniform(count, 1, 1)
    copies = torch.where(chance < 0.25, shapes.MIRRORED, torch.where(chance < 0.5, shapes.ROW, torch.where(chance < 0.6, shapes.LATTICE, shapes.ALONE)))
    copies = torch.where(is_machined & dice.chance(0.5, count, 1, 1), shapes.AROUND, copies)
    copies = torch.where(is_collage & dice.chance(0.6, count, 1, 1), shapes.ALONE, copies)
    copy_count = torch.floor(uniform(1, 6))
    if index == 0:  # one body, or, in a machined part, an endless row of ridges such as a thread
        thread = is_machined & dice.chance(0.4, count, 1, 1)
        copies = torch.where(is_collage, copies, torch.where(thread, shapes.ROW, shapes.ALONE))
        copy_count = torch.where(thread, 50.0, copy_count)
        width, high = torch.where(thread, uniform(0.1, 0.4), width), torch.where(thread, 20.0, high)
        angle = torch.where(thread | is_collage, angle, 0.0)
    width = torch.where(is_collage, log_uniform(0.1, 0.9), width)
    high = torch.where(is_collage, log_uniform(0.1, 0.9), high)
    return Part(centre_x, centre_y, width, high, angle, copies, copy_count, **shapes.pick_outline(dice, count))


def _raise(dice: Dice, part: Part, frame: Frame, radial: Tensor, below: Tensor, hole: Tensor) -> Tensor:
    """Height over the part: from a dome (steepness 2) to a plateau with a bevelled edge (12); holes sink to the ground."""
    count = len(radial)
    steepness = dice.log_uniform(count, 1, 1, low=2.0, high=12.0)
    rise = torch.minimum(part.half_width, part.half_height) * frame.extent * dice.uniform(count, 1, 1, high=0.9)
    rise = rise * dice.chance(0.7, count, 1, 1)
    return torch.where(hole, 0.0, below * 0.5 + rise * (1 - radial.clamp(0, 1) ** steepness))
