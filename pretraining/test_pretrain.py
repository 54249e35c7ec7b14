"""The encoder has the published layout, the losses say what they claim, and a cut training carries on exactly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

from atlas import pack, unpack
from blend import blend
from clipart import SIDE, read_picture
from drawing.dice import Dice
from drawing.process import STEPS_AT_ONCE, DrawingProcesses
from features import load_encoder
from network import Attention, Encoder, EncoderSize
from objectives import balanced, contrast_loss, description_loss
from pool import draw_file, read_pool
from pretrain import Plan, Training, run, start_drawing
from test_drawing import some_pairs, square_pictures


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("drawn")
    draw_file(folder / "scenes-0000.pt", side=48, seed=1, first_batch=0, batches=1)
    torch.save(square_pictures(), folder / "clipart.pt")
    sizes = {"batch": 2, "side": 32, "final_batch": 1, "final_side": 48, "final_share": 0.3}
    return Plan(steps=4, warmup=1, average=0.9, half=0, pool=str(folder), clipart=str(folder / "clipart.pt"), **sizes)


def test_names_and_shapes_are_those_of_deit() -> None:
    state = Encoder(EncoderSize()).state_dict()
    assert state["pos_embed"].shape == (1, 197, 192)
    assert state["patch_embed.proj.weight"].shape == (192, 3, 16, 16)
    assert state["blocks.9.attn.qkv.weight"].shape == (576, 192)
    assert state["blocks.0.mlp.fc1.bias"].shape == (768,)


def test_features_have_one_vector_per_patch_and_group() -> None:
    groups = Encoder(EncoderSize())(torch.zeros(2, 3, 48, 48), (11, 11))
    assert [tuple(group.shape) for group in groups] == [(2, 9, 192), (2, 9, 192)]


def test_attention_equals_pytorchs_own() -> None:
    attention, tokens = Attention(32, 2), torch.randn(3, 5, 32, generator=torch.Generator().manual_seed(0))
    query, key, value = attention.qkv(tokens).view(3, 5, 3, 2, 16).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(3, 5, 32)
    assert torch.allclose(attention(tokens), attention.proj(mixed), atol=1e-6)


def test_contrast_is_low_when_each_patch_is_its_own_nearest() -> None:
    pairs = some_pairs()
    count, patches = pairs.matched.shape
    pairs.matched[:], pairs.severity[:] = True, 0
    centres = (torch.arange(4) + 0.5) / 2 - 1
    pairs.places[:] = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), 2).flatten(0, 1)
    features = torch.eye(count * patches).view(count, patches, -1)
    matched = contrast_loss(features, features, pairs, dice=Dice("cpu", 1), temperature=0.07)
    swapped = contrast_loss(features, features.roll(1, 1), pairs, dice=Dice("cpu", 1), temperature=0.07)
    assert float(matched) < 0.01 < float(swapped)


def test_a_description_is_right_when_the_features_point_along_the_descriptors() -> None:
    descriptors = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(0))
    assert abs(float(description_loss(3 * descriptors, descriptors))) < 1e-6
    assert abs(float(description_loss(-descriptors, descriptors)) - 2) < 1e-6


def test_a_resumed_training_ends_with_the_same_weights_as_an_uninterrupted_one(plan: Plan, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(Training(plan, whole))
    cut.mkdir()
    training = Training(plan, cut)
    for _ in range(2):
        training.run_step()
    training.save()
    run(Training(plan, cut))
    expected, found = load_file(whole / "encoder.safetensors"), load_file(cut / "encoder.safetensors")
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_training_may_start_from_an_encoder(plan: Plan, tmp_path: Path) -> None:
    run(Training(replace(plan, steps=1), tmp_path / "first"))
    path = tmp_path / "first" / "encoder.safetensors"
    second = Training(replace(plan, start=str(path)), tmp_path / "second")
    before = load_encoder(path).state_dict()
    assert all(torch.equal(value, before[name]) for name, value in second.student.encoder.state_dict().items())
    second.run_step()
    second.drawing.close()
    for name, value in second.student.encoder.state_dict().items():
        assert torch.allclose(second.encoder_state()[name], 0.9 * before[name] + 0.1 * value, atol=1e-6)


def test_the_number_of_drawing_processes_changes_nothing_that_is_drawn(plan: Plan) -> None:
    drawn = []
    for count in (1, 2):
        drawing = DrawingProcesses(Path(plan.pool), Path(plan.clipart), 0, count)
        drawn.append([future.result().clean for future in [drawing.submit(step, 64, 2, 0.5) for step in range(3)]])
        drawing.close()
    assert all(torch.equal(one, two) for one, two in zip(*drawn))


def test_a_pool_that_is_not_there_says_how_to_draw_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pool.py"):
        read_pool(tmp_path)


def test_a_picture_fills_the_square_and_keeps_its_opacity(tmp_path: Path) -> None:
    pixels = np.zeros((40, 80, 4), np.uint8)
    pixels[10:30, 20:60] = (200, 30, 30, 255)
    pixels[10:30, 20:40, 0] = 90
    Image.fromarray(pixels).save(tmp_path / "box.png")
    picture = read_picture(tmp_path / "box.png")
    assert picture is not None and picture.shape == (4, SIDE, SIDE)
    assert picture[:, SIDE // 2, 2].tolist() == [90, 30, 30, 255]
    assert abs(float((picture[3] > 127).float().mean()) - 0.5) < 0.02


def test_a_patch_of_one_gray_is_no_picture(tmp_path: Path) -> None:
    Image.new("RGBA", (30, 30), (90, 90, 90, 255)).save(tmp_path / "plain.png")
    assert read_picture(tmp_path / "plain.png") is None


def test_a_blend_lies_between_its_encoders() -> None:
    start, trained = {"a": torch.tensor([0.0, 2.0])}, {"a": torch.tensor([1.0, 4.0])}
    assert blend(start, trained, 0.25)["a"].tolist() == [0.25, 2.5]
    with pytest.raises(ValueError, match="one only"):
        blend(start, {"b": torch.zeros(2)}, 0.5)


def test_a_device_draws_its_own_scenes_and_photographs_and_hands_out_every_piece_once(plan: Plan, tmp_path: Path) -> None:
    torch.save(torch.randint(0, 256, (3, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)), tmp_path / "photographs.pt")
    here = replace(plan, scenes=64, photographs=str(tmp_path / "photographs.pt"), identity=0.5, cluster=0.5, cluster_from=0.5, side=64, final_side=64, final_batch=8)
    drawing = start_drawing(here, square_pictures())
    pieces = [drawing.submit(step, 64, 2, 0.5).result() for step in range(STEPS_AT_ONCE + 1)]
    assert all(piece.clean.shape == (2, 3, 64, 64) for piece in pieces)
    assert len({float(piece.clean.sum()) for piece in pieces}) == len(pieces)
    training = Training(here, tmp_path / "run", drawing)
    before, after = training.run_step()[1], [training.run_step()[1] for _ in range(3)][-1]
    assert "cluster0" not in before and 0 < float(after["cluster0"]) < 20


def test_balanced_assignments_use_every_cluster_alike() -> None:
    likeness = torch.randn(400, 8, generator=torch.Generator().manual_seed(0)) * 0.05
    likeness[:, 0] += 0.1
    share = balanced(likeness)
    assert torch.allclose(share.sum(1), torch.ones(400), atol=1e-5)
    assert float(share.sum(0).std() / share.sum(0).mean()) < 0.1 < float((likeness / 0.05).softmax(1).sum(0).std() / 50)


def test_an_atlas_gives_its_pictures_back(tmp_path: Path) -> None:
    smooth = F.interpolate(torch.rand(5, 4, 3, 3, generator=torch.Generator().manual_seed(0)), size=16, mode="bilinear")
    images = (smooth * 255).byte()
    masks = images[:, :1] // 128 * 255
    assert torch.equal(unpack(pack(masks, 0)), masks)
    found = unpack(pack(images[:, :3].contiguous(), 95))
    assert found.shape == (5, 3, 16, 16) and float((found.float() - images[:, :3].float()).abs().mean()) < 4
    opaque = unpack(pack(images, 90))
    assert torch.equal(opaque[:, 3], images[:, 3])
