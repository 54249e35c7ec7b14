"""What the regions are made of, and how light falls on them."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import Canvas, over_pixels, slopes
from .dice import Dice
from .layouts import BACKGROUNDS, COLLAGE, LABELS, MACHINED, Layout
from .textures import FAMILIES, FLAT, Bank


@dataclass
class Materials:
    """Per image and label: texture (n, LABELS) as an index into the bank, colour and contrast (n, LABELS, 3), others (n, LABELS)."""

    texture: Tensor
    colour: Tensor
    contrast: Tensor
    bump: Tensor
    metal: Tensor


def pick_materials(dice: Dice, bank: Bank, style: Tensor) -> Materials:
    count = len(style)
    per_family = len(bank) // len(FAMILIES)
    plain_share = torch.where(style == COLLAGE, 0.1, 0.5)[:, None]
    any_texture = dice.integers(len(bank), count, LABELS)
    plain = FLAT * per_family + dice.integers(per_family, count, LABELS)
    texture = torch.where(dice.uniform(count, LABELS) < plain_share, plain, any_texture)

    lightness = dice.uniform(count, LABELS, 1, low=0.05, high=0.95)
    saturation = dice.log_uniform(count, LABELS, 1, low=0.01, high=0.35)
    is_machined = (style == MACHINED).view(-1, 1, 1)
    hue = dice.normal(count, LABELS, 3) * torch.where(is_machined, saturation * 0.15, saturation)
    alike = dice.chance(0.3, count, 1, 1)
    like_first = lightness[:, BACKGROUNDS : BACKGROUNDS + 1] + dice.normal(count, LABELS, 1, scale=0.1)
    colour = (torch.where(alike, like_first, lightness) + hue).clamp(0.02, 0.98)

    tinted = 1 + 0.4 * dice.normal(count, LABELS, 3) * dice.chance(0.4, count, LABELS, 1)
    contrast = dice.log_uniform(count, LABELS, 1, low=0.02, high=0.45) * tinted * torch.sign(dice.normal(count, LABELS, 1))
    bump = dice.log_uniform(count, LABELS, low=0.02, high=0.6) * dice.chance(0.5, count, LABELS)
    metal_share = torch.where(style == MACHINED, 0.9, 0.15)[:, None]
    metal = dice.uniform(count, LABELS, low=0.3, high=1.0) * (dice.uniform(count, LABELS) < metal_share)
    return Materials(texture, colour, contrast, bump, metal)


def paint(dice: Dice, canvas: Canvas, bank: Bank, layout: Layout, materials: Materials) -> tuple[Tensor, Tensor]:
    """Image (n, 3, side, side) in [0, 1] and the surface's slope (n, 2, side, side), height per pixel, in [-3, 3]."""
    count, side = layout.label.shape[:2]
    table = torch.cat([materials.colour, materials.contrast, materials.bump[..., None], materials.metal[..., None]], 2)
    cell = over_pixels(torch.arange(count, device=dice.device) * LABELS) + layout.label
    looked_up = table.flatten(0, 1)[cell].permute(0, 3, 1, 2)
    colour, contrast, bump, metal = looked_up[:, :3], looked_up[:, 3:6], looked_up[:, 6], looked_up[:, 7]
    pixel = torch.arange(side * side, device=dice.device).view(1, side, side)
    grain = bank.heights.flatten()[materials.texture.flatten()[cell] * (side * side) + pixel]

    rounded = F.avg_pool2d(layout.height[:, None], 3, 1, 1, count_include_pad=False)[:, 0]
    slope = torch.stack(slopes(rounded), 1).clamp(-3, 3)
    light = _light(dice, canvas, slope, torch.stack(slopes(grain), 1) * bump[:, None], metal)
    image = (colour + contrast * grain[:, None]) * light[:, None] * _shadow(dice, layout.label)[:, None]
    return (image * (1 - _outline(dice, layout.label))).clamp(0, 1), slope


def label_edges(label: Tensor) -> Tensor:
    """(n, side, side) of 0/1: the pixel's label differs from that of its left or upper neighbour."""
    edges = torch.zeros_like(label, dtype=torch.float32)
    edges[:, :, 1:] += label[:, :, 1:] != label[:, :, :-1]
    edges[:, 1:] += label[:, 1:] != label[:, :-1]
    return edges.clamp_max(1)


def _light(dice: Dice, canvas: Canvas, slope: Tensor, grain_slope: Tensor, metal: Tensor) -> Tensor:
    """Brightness factors (n, side, side): matt shading, a metal's reflection of a made-up room, a highlight, uneven light."""
    count = len(slope)
    total = (slope + grain_slope).clamp(-3, 3)
    norm = (1 + (total**2).sum(1)).sqrt()
    azimuth, polar = dice.uniform(count, 1, 1, high=2 * math.pi), dice.uniform(count, 1, 1, low=0.1, high=1.1)
    towards = -(total[:, 0] * azimuth.cos() + total[:, 1] * azimuth.sin()) / norm
    facing = (towards * polar.sin() + polar.cos() / norm).clamp(-1, 1)
    matt = (facing / polar.cos()).clamp(0.15, 1.8)
    drift = (canvas.x * azimuth.cos() + canvas.y * azimuth.sin()) / canvas.side
    room = torch.zeros_like(matt)
    for frequency in (0.5, 1.0, 2.0):
        phase = frequency * (2 * towards + drift * dice.uniform(count, 1, 1)) + dice.uniform(count, 1, 1)
        room = room + dice.uniform(count, 1, 1, high=0.4) * torch.sin(2 * math.pi * phase)
    light = matt * (1 - metal) + (1 + room).clamp(0.1, 2) * metal
    highlight = facing.clamp_min(0) ** dice.log_uniform(count, 1, 1, low=8, high=80) * dice.uniform(count, 1, 1, high=0.8)
    glossy = dice.chance(0.4, count, 1, 1) * (slope.abs().amax(1) > 0.05)
    uneven = canvas.smooth_field(dice, count, 3) * dice.uniform(count, 1, 1, high=0.12) + drift * dice.normal(count, 1, 1, scale=0.25)
    return light * torch.exp(uneven) + highlight * glossy


def _shadow(dice: Dice, label: Tensor) -> Tensor:
    """Factors (n, side, side) up to 1: what lies on the background darkens it beside its outline, in half of the images."""
    count = len(label)
    raised = (label >= BACKGROUNDS).float()[:, None]
    shift = [int(offset) for offset in dice.integers(7, 2) - 3]
    cast = F.avg_pool2d(torch.roll(raised, shift, (-2, -1)), 9, 1, 4)
    return 1 - (cast * (1 - raised))[:, 0] * dice.uniform(count, 1, 1, high=0.7) * dice.chance(0.5, count, 1, 1)


def _outline(dice: Dice, label: Tensor) -> Tensor:
    """Darkening (above 0) or lightening (below 0) along the borders of regions, in half of the images."""
    count = len(label)
    strength = dice.uniform(count, 1, 1, 1, low=-0.5, high=0.8) * dice.chance(0.5, count, 1, 1, 1)
    return F.avg_pool2d(label_edges(label)[:, None], 3, 1, 1) * strength
