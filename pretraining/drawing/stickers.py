"""Pictures laid over scenes: objects made of parts, each with its place, size and direction."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import box_blur
from .crops import chain, pixel_grid
from .dice import Dice

SLOTS = 4
# Shares of scenes that get pictures, and of slots used in them; share of these scenes whose background is plain.
SCENE_SHARE, SLOT_SHARE, PLAIN_SHARE = 0.7, 0.6, 0.5
# Half the side of a picture in the scene's coordinates.
SMALLEST, LARGEST = 0.2, 0.75


@dataclass
class Stickers:
    """
    Of n scenes: picture (n, SLOTS) as an index, -1 in empty slots; pose (n, SLOTS, 2, 3) from the scene's coordinates to
    the picture's; tint and grain (n, SLOTS, 3, 1, 1) and (n, SLOTS, 1, 1, 1); plain (n,), background (n, 3, 1, 1) with drift (n, 2).
    """

    picture: Tensor
    pose: Tensor
    tint: Tensor
    grain: Tensor
    dome: Tensor
    shadow: Tensor
    plain: Tensor
    background: Tensor
    drift: Tensor


def lay_stickers(dice: Dice, count: int, pictures: int) -> Stickers:
    used = dice.chance(SLOT_SHARE, count, SLOTS)
    used[:, 0] = True
    used &= dice.chance(SCENE_SHARE, count, 1)
    picture = torch.where(used, dice.integers(pictures, count, SLOTS), -1)
    # Some scenes hold the same thing several times.
    picture = torch.where(used & dice.chance(0.2, count, 1), picture[:, :1], picture)
    half = dice.log_uniform(count, SLOTS, low=SMALLEST, high=LARGEST)
    half[:, 0] = dice.log_uniform(count, low=0.4, high=LARGEST)
    angle = dice.uniform(count, SLOTS, low=-math.pi, high=math.pi) * dice.chance(0.7, count, SLOTS)
    mirror = torch.where(dice.chance(0.5, count, SLOTS), -1.0, 1.0)
    cos, sin = angle.cos() / half, angle.sin() / half
    linear = torch.stack([torch.stack([cos * mirror, sin * mirror], 2), torch.stack([-sin, cos], 2)], 2)
    centre = dice.uniform(count, SLOTS, 2, 1, low=-0.6, high=0.6)
    return Stickers(
        picture=picture,
        pose=torch.cat([linear, -linear @ centre], 3),
        tint=torch.exp(dice.normal(count, SLOTS, 3, 1, 1, scale=0.12)),
        grain=dice.uniform(count, SLOTS, 1, 1, 1, high=0.8) * dice.chance(0.6, count, SLOTS, 1, 1, 1),
        dome=dice.uniform(count, SLOTS, 1, 1, 1, low=-0.2, high=0.5),
        shadow=dice.uniform(count, 1, 1, 1, high=0.6) * dice.chance(0.6, count, 1, 1, 1),
        plain=(picture[:, 0] >= 0) & dice.chance(PLAIN_SHARE, count),
        background=(dice.uniform(count, 1, 1, 1, low=0.03, high=0.97) + dice.normal(count, 3, 1, 1, scale=0.06)).clamp(0.02, 0.98),
        drift=dice.normal(count, 2, scale=0.08),
    )


def paste(image: Tensor, stickers: Stickers, crops: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """
    image (n, 3, side, side) as photographed through `crops`; pictures (m, 4, s, s) bytes. Returns the image with the
    pictures in it, and the share of each pixel that each of them covers (n, SLOTS, side, side).
    """
    side = image.shape[-1]
    place = pixel_grid(crops, side)
    # A coarse copy of another scene roughens the pictures, so that they are no flat patches of colour.
    grain = image.roll(1, 0).mean(1, keepdim=True)
    grain = grain - box_blur(grain, 15)
    light = 1 + (place * stickers.drift[:, None, None]).sum(3)[:, None]
    smooth = stickers.background * light + 0.15 * grain * stickers.background
    image = torch.where(stickers.plain.view(-1, 1, 1, 1), smooth, image)
    covers = torch.zeros(len(image), SLOTS, side, side, device=image.device)
    for slot in range(SLOTS):
        rows = (stickers.picture[:, slot] >= 0).nonzero()[:, 0]
        if len(rows) == 0:
            continue
        grid = pixel_grid(chain(stickers.pose[rows, slot], crops[rows]), side)
        sampled = F.grid_sample(pictures[stickers.picture[rows, slot]].float() / 255, grid, align_corners=False)
        opacity = sampled[:, 3:]
        radius = (grid**2).sum(3)[:, None].clamp_max(1)
        shade = (1 - stickers.dome[rows, slot] * radius) * (1 + stickers.grain[rows, slot] * 2 * grain[rows])
        colour = (sampled[:, :3] / opacity.clamp_min(1e-3) * stickers.tint[rows, slot] * shade).clamp(0, 1)
        dark = box_blur(opacity.roll((2, 2), (2, 3)), 7) * stickers.shadow[rows]
        under = image[rows] * (1 - dark)
        image = image.index_copy(0, rows, under * (1 - opacity) + colour * opacity)
        covers[rows] = covers[rows] * (1 - opacity)
        covers[rows, slot] = opacity[:, 0]
    return image.clamp(0, 1), covers


def sticker_places(stickers: Stickers, crops: Tensor, grid: int) -> Tensor:
    """(n, SLOTS, g, 5): where each patch's centre lies in each picture, and the picture's size and direction in the photograph."""
    count = len(crops)
    maps = chain(stickers.pose, crops[:, None].expand(-1, SLOTS, -1, -1))
    places = F.affine_grid(maps.flatten(0, 1), [count * SLOTS, 1, grid, grid], align_corners=False).view(count, SLOTS, grid * grid, 2)
    scale = torch.linalg.det(maps[..., :2]).abs().clamp_min(1e-3).log() * -0.5
    length = maps[..., 0, :2].norm(dim=-1).clamp_min(1e-3)
    direction = maps[..., 0, :2] / length[..., None]
    pose = torch.cat([scale[..., None], direction], 2)[:, :, None].expand(-1, -1, grid * grid, -1)
    return torch.cat([places, pose], 3)
