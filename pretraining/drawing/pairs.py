"""What one training step sees: every scene photographed twice from different places, the second time with defects."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import Canvas
from .crops import draw_crops, matching_places, pixel_grid
from .defects import draw_defects
from .dice import Dice
from .stickers import lay_stickers, paste
from .targets import PATCH, Targets, measure_patches, patch_severity
from .views import photograph

# The ImageNet figures that every encoder of the package expects.
IMAGE_MEAN, IMAGE_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Pairs:
    """
    clean and defective: (n, 3, side, side) in [0, 1], photographed; severity (n, g) in [0, 1] of the second one's defects;
    the targets describe the undisturbed images before they were photographed; places (n, g, 2): where in the second one
    the patches of the first one lie, and matched (n, g): whether they lie inside.
    """

    clean: Tensor
    defective: Tensor
    severity: Tensor
    clean_targets: Targets
    defective_targets: Targets
    places: Tensor
    matched: Tensor

    def to(self, device: torch.device) -> "Pairs":
        moved = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return Pairs(**moved)

    def split(self, count: int) -> list["Pairs"]:
        """Pieces of `count` scenes each."""
        rows = range(0, len(self.clean), count)
        return [_pick(self, slice(row, row + count)) for row in rows]


def _pick(pairs: Pairs, rows: slice) -> Pairs:
    pick = lambda value: Targets(**{name: part[rows] for name, part in vars(value).items()}) if isinstance(value, Targets) else value[rows]
    return Pairs(**{name: pick(value) for name, value in vars(pairs).items()})


def draw_pairs(dice: Dice, canvas: Canvas, scenes: dict[str, Tensor], pictures: Tensor, *, smallest: float) -> Pairs:
    """scenes: some of a pool's, n each of image (3, s, s) and label (s, s) as bytes, family (LABELS), make (LABELS, MAKE) and
    whether they were drawn."""
    count, side = len(scenes["image"]), canvas.side
    turns = dice.integers(4, count)
    stickers = lay_stickers(dice, count, len(pictures))
    seen = []
    for _ in range(2):
        crops = draw_crops(dice, count, turns, smallest=smallest)
        grid = pixel_grid(crops, side)
        image = F.grid_sample(scenes["image"].float() / 255, grid, align_corners=False, padding_mode="reflection")
        label = F.grid_sample(scenes["label"][:, None].float(), grid, "nearest", "reflection", align_corners=False)[:, 0].long()
        image, covers = paste(image, stickers, crops, pictures)
        seen.append((crops, image, label, covers))
    (first, clean, _, _), (second, second_clean, _, _) = seen
    defects = draw_defects(dice, canvas, second_clean)
    targets = [
        measure_patches(image, label, covers, scenes=scenes, stickers=stickers, crops=crops)
        for image, (crops, _, label, covers) in zip((clean, defects.image), seen)
    ]
    places, matched = matching_places(first, second, side // PATCH)
    return Pairs(
        clean=photograph(dice, canvas, clean),
        defective=photograph(dice, canvas, defects.image),
        severity=patch_severity(defects.visibility),
        clean_targets=targets[0],
        defective_targets=targets[1],
        places=places,
        matched=matched,
    )


def normalise(image: Tensor) -> Tensor:
    """[0, 1] -> what the encoder takes."""
    mean = torch.tensor(IMAGE_MEAN, device=image.device).view(1, 3, 1, 1)
    return (image - mean) / torch.tensor(IMAGE_DEVIATION, device=image.device).view(1, 3, 1, 1)
