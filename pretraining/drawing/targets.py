"""The truth per patch that the encoder learns to tell: what the patch looks like, what it is made of, what lies there."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import slopes
from .layouts import LABELS
from .scenes import MAKE
from .stickers import SLOTS, Stickers, sticker_places

PATCH = 16
# Columns of Targets.appearance: brightness 16, colour 8, edge energy 16, edge direction 2.
APPEARANCE = 42
# A picture counts as what a patch shows above this share of the patch.
SHOWN_SHARE = 0.5
PLACE = 5


@dataclass
class Targets:
    """
    Of n photographs with g patches each: image (n, 3, s, s) before it was photographed; appearance (n, g, APPEARANCE); region (n, g, LABELS + SLOTS) shares that add up
    to 1; family (n, g) and make (n, g, MAKE) of the drawn material, of which there is ground (n, g); picture (n, g) as an
    index, -1 where none is shown, and place (n, g, PLACE) in it.
    """

    image: Tensor
    appearance: Tensor
    region: Tensor
    family: Tensor
    make: Tensor
    ground: Tensor
    picture: Tensor
    place: Tensor

    def to(self, device: torch.device) -> "Targets":
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return Targets(**moved)


def measure_patches(image: Tensor, label: Tensor, covers: Tensor, *, scenes: dict[str, Tensor], stickers: Stickers, crops: Tensor) -> Targets:
    """image (n, 3, s, s) before it is photographed; label (n, s, s); covers (n, SLOTS, s, s); scenes as in a pool."""
    grid = image.shape[-1] // PATCH
    covered = _tokens(F.avg_pool2d(covers, PATCH))
    known = scenes["drawn"] & ~stickers.plain
    ground = (1 - covered.sum(2)).clamp(0, 1) * known[:, None]
    shares = _label_shares(label)
    main = shares.argmax(2)
    top, slot = covered.max(2)
    rows = torch.arange(len(image), device=image.device)[:, None]
    picture = torch.where(top > SHOWN_SHARE, stickers.picture[rows, slot], -1)
    place = sticker_places(stickers, crops, grid)
    region = shares * ground[..., None]
    # A plain background is one region, and so is a photograph.
    region[..., 0] += (1 - covered.sum(2)).clamp(0, 1) - ground
    return Targets(
        image=image,
        appearance=appearance(image),
        region=torch.cat([region, covered], 2),
        family=scenes["family"][rows, main].long(),
        make=shares @ scenes["make"].float(),
        ground=ground * shares.amax(2),
        picture=picture,
        place=place[rows, slot, torch.arange(grid * grid, device=image.device)[None]],
    )


def appearance(image: Tensor) -> Tensor:
    """(n, g, APPEARANCE): brightness in 4 x 4 cells, two colour differences in 2 x 2, edge energy in 4 x 4, edge direction."""
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
