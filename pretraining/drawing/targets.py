"""The truth per patch that the encoder learns to tell: what the patch looks like, what it is made of, how it lies."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import slopes
from .layouts import LABELS
from .scenes import Scenes
from .textures import FAMILIES

PATCH = 16
# Columns of Targets.values: appearance (16 + 8 + 16 + 2), make of the region (9), geometry (5).
APPEARANCE, REGION, GEOMETRY = slice(0, 42), slice(42, 51), slice(51, 56)
VALUES = 56


@dataclass
class Targets:
    """Of n images with g patches each: values (n, g, VALUES), family shares (n, g, FAMILIES), label shares (n, g, LABELS)."""

    values: Tensor
    family: Tensor
    label: Tensor


def measure_patches(scenes: Scenes, image: Tensor) -> Targets:
    """Targets of `image`, which is the scenes' own image or a defective copy of it."""
    label = _label_shares(scenes.layout.label)
    materials, bank = scenes.materials, scenes.bank
    texture = materials.texture
    family = label @ F.one_hot(bank.family[texture], len(FAMILIES)).float()
    directed, angle = bank.directed[texture], bank.angle[texture]
    make = torch.stack(
        [
            directed * torch.cos(2 * angle),
            directed * torch.sin(2 * angle),
            directed,
            bank.log_wavelength[texture],
            materials.contrast.abs().mean(2).clamp_min(1e-3).log(),
            materials.metal,
        ],
        2,
    )
    region = label @ torch.cat([make, materials.colour], 2)
    geometry = torch.cat([scenes.edges[:, None].clamp_min(0), scenes.slope, scenes.layout.height[:, None] / 16], 1)
    pooled = _tokens(F.avg_pool2d(geometry, PATCH))
    several = 1 - label.amax(2, keepdim=True)
    return Targets(torch.cat([appearance(image), region, pooled, several], 2), family, label)


def appearance(image: Tensor) -> Tensor:
    """(n, g, 42): brightness in 4 x 4 cells, two colour differences in 2 x 2, edge energy in 4 x 4, edge direction."""
    gray = image.mean(1, keepdim=True)
    brightness = F.pixel_unshuffle(F.avg_pool2d(gray, 4), 4)
    difference = torch.cat([image[:, :1] - gray, image[:, 2:] - gray], 1)
    colour = F.pixel_unshuffle(F.avg_pool2d(difference, 8), 2)
    along_x, along_y = slopes(gray)
    energy = F.pixel_unshuffle((F.avg_pool2d(along_x**2 + along_y**2, 4) + 1e-4).log(), 4)
    tensor = F.avg_pool2d(torch.cat([along_x**2 - along_y**2, 2 * along_x * along_y, along_x**2 + along_y**2], 1), PATCH)
    direction = tensor[:, :2] / (tensor[:, 2:] + 1e-4)
    return _tokens(torch.cat([brightness, colour, energy, direction], 1))


def patch_severity(visibility: Tensor, full_px: float = 32.0) -> Tensor:
    """(n, side, side) -> (n, g) in [0, 1]: 1 where visible changes cover `full_px` pixels of the patch."""
    return (F.avg_pool2d(visibility[:, None], PATCH).flatten(1) * (PATCH * PATCH / full_px)).clamp_max(1)


def _label_shares(label: Tensor) -> Tensor:
    """(n, side, side) -> (n, g, LABELS): share of each patch's pixels that carry each label."""
    count, side = label.shape[:2]
    grid = side // PATCH
    patches = label.view(count, grid, PATCH, grid, PATCH).permute(0, 1, 3, 2, 4).reshape(-1, PATCH * PATCH)
    shares = torch.zeros(len(patches), LABELS, device=label.device)
    ones = torch.full((1,), 1.0 / (PATCH * PATCH), device=label.device).expand(patches.shape)
    return shares.scatter_add_(1, patches, ones).view(count, grid * grid, LABELS)


def _tokens(maps: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, h * w, c)."""
    return maps.flatten(2).transpose(1, 2)
