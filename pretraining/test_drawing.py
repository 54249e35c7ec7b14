"""The drawings repeat by seed, and their truth is true."""

import torch
import torch.nn.functional as F

from drawing.canvas import Canvas, box_blur
from drawing.crops import chain, draw_crops, invert, matching_places, pixel_grid, sample_tokens
from drawing.defects import draw_defects, visibility
from drawing.dice import Dice
from drawing.layouts import LABELS
from drawing.pairs import Pairs, draw_pairs
from drawing.scenes import MAKE, draw_scenes
from drawing.stickers import SLOTS, lay_stickers, paste, sticker_places
from drawing.targets import APPEARANCE, appearance, patch_severity
from drawing.textures import draw_bank
from pool import pack

SIDE, COUNT = 64, 6
IDENTITY = torch.tensor([[1.0, 0, 0], [0, 1, 0]])


def some_pairs(seed: int = 3, step: int = 5) -> Pairs:
    dice = Dice("cpu", seed, step)
    scenes = pack(draw_scenes(dice, Canvas(SIDE), COUNT, per_family=1))
    return draw_pairs(dice, Canvas(SIDE), scenes, square_pictures(), smallest=0.5)


def square_pictures() -> torch.Tensor:
    """Three opaque squares, red, green and blue, with a transparent border."""
    pictures = torch.zeros(3, 4, 32, 32, dtype=torch.uint8)
    for index in range(3):
        pictures[index, index, 4:28, 4:28] = 255
        pictures[index, 3, 4:28, 4:28] = 255
    return pictures


def test_the_same_seed_and_step_draw_the_same_and_another_step_does_not() -> None:
    first, again, other = some_pairs(), some_pairs(), some_pairs(step=6)
    assert torch.equal(first.defective, again.defective)
    assert torch.equal(first.clean_targets.appearance, again.clean_targets.appearance)
    assert not torch.equal(first.clean, other.clean)


def test_shapes_and_ranges() -> None:
    pairs, patches = some_pairs(), (SIDE // 16) ** 2
    assert pairs.clean.shape == pairs.defective.shape == (COUNT, 3, SIDE, SIDE)
    assert pairs.severity.shape == pairs.matched.shape == (COUNT, patches)
    assert pairs.clean_targets.appearance.shape == (COUNT, patches, APPEARANCE)
    assert pairs.clean_targets.make.shape == (COUNT, patches, MAKE)
    assert pairs.clean_targets.region.shape == (COUNT, patches, LABELS + SLOTS)
    for image in (pairs.clean, pairs.defective, pairs.severity, pairs.clean_targets.ground):
        assert 0 <= float(image.min()) and float(image.max()) <= 1
    assert torch.isfinite(pairs.defective_targets.appearance).all()
    assert torch.isfinite(pairs.defective_targets.place).all()


def test_shares_of_regions_add_up_to_one() -> None:
    shares = some_pairs().clean_targets.region.sum(2)
    assert torch.allclose(shares, torch.ones_like(shares), atol=1e-4)


def test_every_texture_family_is_finite_and_about_as_strong_as_the_others() -> None:
    heights = draw_bank(Dice("cpu", 1), Canvas(SIDE), per_family=2).heights
    assert torch.isfinite(heights).all()
    assert float(heights.abs().max()) < 4


def test_box_blur_is_the_mean_of_the_pixels_inside_the_image() -> None:
    field = Dice("cpu", 2).uniform(2, 3, 20, 20)
    assert torch.allclose(box_blur(field, 5), F.avg_pool2d(field, 5, 1, 2, count_include_pad=False), atol=1e-6)


def test_inverted_crops_lead_back() -> None:
    crops = draw_crops(Dice("cpu", 4), COUNT, torch.arange(COUNT) % 4)
    assert torch.allclose(chain(invert(crops), crops), IDENTITY.expand(COUNT, -1, -1), atol=1e-5)


def test_crops_stay_near_the_scene() -> None:
    places = pixel_grid(draw_crops(Dice("cpu", 4), 200, torch.zeros(200)), 8)
    assert float(places.abs().max()) < 1.3


def test_matching_places_show_the_same_point_of_the_scene() -> None:
    dice, grid = Dice("cpu", 6), 8
    first, second = draw_crops(dice, COUNT, torch.zeros(COUNT)), draw_crops(dice, COUNT, torch.zeros(COUNT))
    places, matched = matching_places(first, second, grid)
    here = pixel_grid(first, grid).flatten(1, 2)
    there = sample_tokens(pixel_grid(second, grid).flatten(1, 2), places)
    assert matched.any() and not matched.all()
    assert torch.allclose(here[matched], there[matched], atol=1e-4)


def test_a_picture_covers_what_its_pose_says_and_is_the_one_that_is_named() -> None:
    stickers = lay_stickers(Dice("cpu", 8), 1, pictures=3)
    stickers.picture[:] = torch.tensor([[1, -1, -1, -1]])
    stickers.pose[0, 0] = torch.tensor([[2.0, 0, 0], [0, 2.0, 0]])
    for strength in (stickers.grain, stickers.dome, stickers.shadow):
        strength.zero_()
    stickers.tint.fill_(1)
    image, covers = paste(torch.zeros(1, 3, SIDE, SIDE), stickers, IDENTITY[None], square_pictures())
    assert image[0, :, SIDE // 2, SIDE // 2].tolist() == [0, 1, 0]
    # The opaque part is 24 / 32 of the picture, the picture half of the scene.
    assert abs(float(covers[0, 0].mean()) - (0.5 * 0.75) ** 2) < 0.005
    assert float(covers[0, 1:].abs().max()) == 0
    places = sticker_places(stickers, IDENTITY[None], 4)[0, 0]
    assert torch.allclose(places[0], torch.tensor([-1.5, -1.5, torch.log(torch.tensor(0.5)), 1.0, 0.0]), atol=1e-5)


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
    assert values.shape == (APPEARANCE,)
    assert values[0] == 1 and values[1:16].abs().max() == 0
