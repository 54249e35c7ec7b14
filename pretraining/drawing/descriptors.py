"""Descriptors of patches and of what surrounds them, made by hand: how strong edges of every direction are, and the colours, in windows around each patch."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import box_blur
from .targets import PATCH

# Widths in pixels of the box that is laid over the image before its edges are measured; 1 leaves it alone.
EDGE_WIDTHS = (3, 5, 9)
DIRECTIONS = 8
# Edges within about this power of a cosine count for a direction.
SHARPNESS = 3
# Pixels that are averaged before the windows are laid.
CELL = 4
# The windows of each group of features: deviation of the Gaussian and offsets from the patch's centre along each axis, in pixels.
WINDOWS = (
    ((4.0, (-4, 4)), (8.0, (-16, 0, 16))),
    ((8.0, (0,)), (12.0, (-48, -24, 0, 24, 48))),
)
# Eigenvalues below this share of the largest count as noise.
NOISE_SHARE = 1e-3
# 0 leaves the variances as they are, 0.5 makes them equal.
EVENNESS = 0.25


def describe(image: Tensor) -> list[Tensor]:
    """image (n, 3, side, side) in [0, 1] -> for each group (n, g, d) descriptors, d differs."""
    gray = image.mean(1, keepdim=True)
    opponent = torch.cat([gray, image[:, :1] - image[:, 1:2], image[:, 2:] - gray], 1)
    edges, colours = F.avg_pool2d(_edges(opponent), CELL), F.avg_pool2d(opponent, CELL)
    return [torch.cat([_windows(edges, colours, deviation, offsets) for deviation, offsets in windows], 2) for windows in WINDOWS]


@dataclass
class Reduction:
    """Principal components of standardised descriptors: `mean` and `deviation` (d,), `components` (d, dim)."""

    mean: Tensor
    deviation: Tensor
    components: Tensor

    def __call__(self, descriptors: Tensor) -> Tensor:
        return (descriptors - self.mean) / self.deviation @ self.components


def fit_reduction(descriptors: Tensor, dim: int) -> Reduction:
    """descriptors (n, g, d) -> what takes them to `dim` columns, the first with the most variance."""
    rows = descriptors.flatten(0, 1).double()
    mean, deviation = rows.mean(0), rows.std(0) + 1e-4
    standard = (rows - mean) / deviation
    values, vectors = torch.linalg.eigh(standard.T @ standard / len(standard))
    values, vectors = values.flip(0)[:dim], vectors.flip(1)[:, :dim]
    components = vectors * (values.clamp_min(0) + NOISE_SHARE * values[0]) ** -EVENNESS
    return Reduction(mean.float(), deviation.float(), components.float())


def turn_reduction(reduction: Reduction, descriptors: Tensor, features: Tensor) -> Reduction:
    """The same components turned so that they lie as near as can be to features (n, g, dim) of the same patches; cosines between patches stay."""
    reduced = F.normalize(reduction(descriptors), dim=-1).flatten(0, 1).double()
    left, _, right = torch.linalg.svd(reduced.T @ F.normalize(features, dim=-1).flatten(0, 1).double())
    return Reduction(reduction.mean, reduction.deviation, reduction.components @ (left @ right).float())


def _edges(opponent: Tensor) -> Tensor:
    """Per width: gray edges in each direction, colour edges, and what is brighter and darker than around it."""
    channels = []
    for width in EDGE_WIDTHS:
        smooth = box_blur(opponent, width)
        along_x = F.pad(smooth[..., :, 2:] - smooth[..., :, :-2], (1, 1))
        along_y = F.pad(smooth[..., 2:, :] - smooth[..., :-2, :], (0, 0, 1, 1))
        strength = (along_x**2 + along_y**2 + 1e-10).sqrt() * (width / 6)
        angle = torch.atan2(along_y[:, :1], along_x[:, :1])
        turns = torch.arange(DIRECTIONS, device=opponent.device).view(1, -1, 1, 1) * (2 * math.pi / DIRECTIONS)
        channels.append(strength[:, :1] * (angle - turns).cos().clamp_min(0) ** SHARPNESS)
        channels.append(strength[:, 1:].sum(1, keepdim=True))
        contrast = smooth[:, :1] - box_blur(smooth[:, :1], width)
        channels += [contrast.clamp_min(0), (-contrast).clamp_min(0)]
    return torch.cat(channels, 1)


def _windows(edges: Tensor, colours: Tensor, deviation: float, offsets: tuple[int, ...]) -> Tensor:
    """(n, g, d): root of the mean edges and mean colours in Gaussian windows at all pairs of offsets."""
    cells = edges.shape[-1]
    grid = cells * CELL // PATCH
    places = (torch.arange(cells, device=edges.device) + 0.5) * CELL
    centres = (torch.arange(grid, device=edges.device) + 0.5) * PATCH
    wanted = (centres[:, None] + torch.tensor(offsets, device=edges.device)).flatten().clamp(0, cells * CELL)
    weights = torch.exp(-((places - wanted[:, None]) ** 2) / (2 * deviation**2))
    weights = weights / weights.sum(1, keepdim=True)
    seen = torch.cat([(weights @ edges @ weights.T).clamp_min(0).sqrt(), weights @ colours @ weights.T], 1)
    count, channels, many = len(seen), seen.shape[1], len(offsets)
    split = seen.view(count, channels, grid, many, grid, many)
    return split.permute(0, 2, 4, 1, 3, 5).reshape(count, grid * grid, channels * many * many)
