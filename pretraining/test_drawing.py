"""The drawings repeat by seed, and their truth is true."""

import torch

from drawing.canvas import Canvas
from drawing.defects import draw_defects, visibility
from drawing.dice import Dice
from drawing.layouts import LABELS
from drawing.pairs import Pairs, draw_pairs
from drawing.scenes import draw_scenes
from drawing.targets import APPEARANCE, VALUES, appearance, patch_severity
from drawing.textures import FAMILIES, draw_bank

SIDE, COUNT = 64, 6


def some_pairs(seed: int = 3, step: int = 5) -> Pairs:
    return draw_pairs(Dice("cpu", seed, step), Canvas(SIDE), COUNT, per_family=1)


def test_the_same_seed_and_step_draw_the_same_and_another_step_does_not() -> None:
    first, again, other = some_pairs(), some_pairs(), some_pairs(step=6)
    assert torch.equal(first.defective, again.defective)
    assert torch.equal(first.clean_targets.values, again.clean_targets.values)
    assert not torch.equal(first.clean, other.clean)


def test_shapes_and_ranges() -> None:
    pairs, patches = some_pairs(), (SIDE // 16) ** 2
    assert pairs.clean.shape == pairs.defective.shape == (COUNT, 3, SIDE, SIDE)
    assert pairs.severity.shape == (COUNT, patches)
    assert pairs.clean_targets.values.shape == (COUNT, patches, VALUES)
    assert pairs.clean_targets.family.shape == (COUNT, patches, len(FAMILIES))
    assert pairs.clean_targets.label.shape == (COUNT, patches, LABELS)
    for image in (pairs.clean, pairs.defective, pairs.visibility, pairs.severity):
        assert 0 <= float(image.min()) and float(image.max()) <= 1
    assert torch.isfinite(pairs.defective_targets.values).all()


def test_shares_of_families_and_labels_add_up_to_one() -> None:
    targets = some_pairs().clean_targets
    assert torch.allclose(targets.family.sum(2), torch.ones(targets.family.shape[:2]), atol=1e-5)
    assert torch.allclose(targets.label.sum(2), torch.ones(targets.label.shape[:2]), atol=1e-5)


def test_every_texture_family_is_finite_and_about_as_strong_as_the_others() -> None:
    heights = draw_bank(Dice("cpu", 1), Canvas(SIDE), per_family=2).heights
    assert torch.isfinite(heights).all()
    assert float(heights.abs().max()) < 4


def test_a_defect_is_visible_where_the_image_changed_and_nowhere_else() -> None:
    dice, canvas = Dice("cpu", 9), Canvas(SIDE)
    image = draw_scenes(dice, canvas, COUNT, per_family=1).image
    defects = draw_defects(dice, canvas, image)
    changed = (defects.image - image).abs().mean(1)
    assert float(defects.visibility[changed == 0].sum()) == 0
    assert (defects.visibility[changed > 0.7] > 0.5).all()
    assert (defects.visibility.amax((1, 2)) > 0.5).any()


def test_severity_counts_the_visible_pixels_of_the_patch_that_holds_them() -> None:
    image = torch.full((1, 3, 32, 32), 0.5)
    changed = image.clone()
    changed[:, :, 2:6, 18:22] = 1.0
    severity = patch_severity(visibility(image, changed))
    assert severity[0, 1] > 0.3
    assert severity[0, [0, 2, 3]].tolist() == [0, 0, 0]


def test_appearance_tells_the_brightness_of_each_quarter_of_a_patch() -> None:
    image = torch.zeros(1, 3, 16, 16)
    image[:, :, :4, :4] = 1.0
    values = appearance(image)[0, 0]
    assert values.shape == (APPEARANCE.stop,)
    assert values[0] == 1 and values[1:16].abs().max() == 0
