"""What one training step sees: every scene photographed twice, the second time with defects."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .canvas import Canvas
from .defects import draw_defects
from .dice import Dice
from .scenes import draw_scenes
from .targets import Targets, measure_patches, patch_severity
from .views import photograph

# The ImageNet figures that every encoder of the package expects.
IMAGE_MEAN, IMAGE_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Pairs:
    """
    clean and defective: (n, 3, side, side) in [0, 1], photographed; visibility (n, side, side) and severity (n, g) in [0, 1]
    of the defects; the targets describe the undisturbed images before they were photographed.
    """

    clean: Tensor
    defective: Tensor
    visibility: Tensor
    severity: Tensor
    clean_targets: Targets
    defective_targets: Targets


def draw_pairs(dice: Dice, canvas: Canvas, count: int, per_family: int) -> Pairs:
    scenes = draw_scenes(dice, canvas, count, per_family)
    defects = draw_defects(dice, canvas, scenes.image)
    return Pairs(
        clean=photograph(dice, canvas, scenes.image),
        defective=photograph(dice, canvas, defects.image),
        visibility=defects.visibility,
        severity=patch_severity(defects.visibility),
        clean_targets=measure_patches(scenes, scenes.image),
        defective_targets=measure_patches(scenes, defects.image),
    )


def normalise(image: Tensor) -> Tensor:
    """[0, 1] -> what the encoder takes."""
    mean = torch.tensor(IMAGE_MEAN, device=image.device).view(1, 3, 1, 1)
    return (image - mean) / torch.tensor(IMAGE_DEVIATION, device=image.device).view(1, 3, 1, 1)
