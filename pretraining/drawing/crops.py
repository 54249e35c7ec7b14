"""Where a photograph of a scene is taken from, and which of its patches show the same place as another's."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .dice import Dice

# Share of the scene's side that a photograph shows, and how far it is stretched, turned (radians) and mirrored.
SMALLEST_SHARE, LARGEST_SHARE = 0.45, 0.95
STRETCH = 1.15
TILT = 0.15


def draw_crops(dice: Dice, count: int, turns: Tensor, *, smallest: float = SMALLEST_SHARE) -> Tensor:
    """
    (count, 2, 3) affine maps from a photograph's coordinates to the scene's, both from -1 to 1; turns (count,): quarter
    turns, which both photographs of a scene share.
    """
    share = dice.uniform(count, low=smallest, high=LARGEST_SHARE)
    stretch = dice.log_uniform(count, low=1 / STRETCH, high=STRETCH).sqrt()
    angle = turns * (math.pi / 2) + dice.uniform(count, low=-TILT, high=TILT)
    mirror = torch.where(dice.chance(0.5, count), -1.0, 1.0)
    x, y = share * stretch * mirror, share / stretch
    linear = torch.stack([torch.stack([x * angle.cos(), -y * angle.sin()], 1), torch.stack([x * angle.sin(), y * angle.cos()], 1)], 1)
    shift = dice.uniform(count, 2, low=-1, high=1) * (1 - share)[:, None]
    return torch.cat([linear, shift[..., None]], 2)


def pixel_grid(crops: Tensor, side: int) -> Tensor:
    """(n, side, side, 2): the scene's coordinates at each pixel's centre, as grid_sample takes them."""
    return F.affine_grid(crops, [len(crops), 1, side, side], align_corners=False)


def invert(affine: Tensor) -> Tensor:
    """(n, 2, 3) -> (n, 2, 3), the map that goes back."""
    linear = torch.linalg.inv(affine[..., :2])
    return torch.cat([linear, -linear @ affine[..., 2:]], -1)


def chain(outer: Tensor, inner: Tensor) -> Tensor:
    """(..., 2, 3): first inner, then outer."""
    linear = outer[..., :2] @ inner[..., :2]
    return torch.cat([linear, outer[..., :2] @ inner[..., 2:] + outer[..., 2:]], -1)


def matching_places(first: Tensor, second: Tensor, grid: int) -> tuple[Tensor, Tensor]:
    """
    For the g = grid * grid patch centres of the first crops: coordinates in the second (n, g, 2), and whether they lie
    at least half a patch inside it (n, g).
    """
    places = F.affine_grid(chain(invert(second), first), [len(first), 1, grid, grid], align_corners=False).flatten(1, 2)
    return places, (places.abs() <= 1 - 1 / grid).all(2)


def sample_tokens(tokens: Tensor, places: Tensor) -> Tensor:
    """tokens (n, g, c) of a square grid, bilinearly at places (n, m, 2) -> (n, m, c)."""
    grid = math.isqrt(tokens.shape[1])
    maps = tokens.transpose(1, 2).reshape(len(tokens), -1, grid, grid)
    return F.grid_sample(maps, places[:, None], align_corners=False, padding_mode="border")[:, :, 0].transpose(1, 2)
