"""The encoder has the published layout, the losses say what they claim, and a cut training carries on exactly."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from features import load_encoder
from network import Encoder, EncoderSize
from objectives import contrast_loss, difference_losses
from pretrain import Plan, Training, run
from drawing.canvas import Canvas
from drawing.dice import Dice
from drawing.pairs import draw_pairs

PLAN = Plan(steps=4, batch=2, side=32, final_batch=1, final_side=48, final_share=0.3, per_family=1, warmup=1, average=0.9)


def test_names_and_shapes_are_those_of_deit() -> None:
    state = Encoder(EncoderSize()).state_dict()
    assert state["pos_embed"].shape == (1, 197, 192)
    assert state["patch_embed.proj.weight"].shape == (192, 3, 16, 16)
    assert state["blocks.9.attn.qkv.weight"].shape == (576, 192)
    assert state["blocks.0.mlp.fc1.bias"].shape == (768,)


def test_features_have_one_vector_per_patch_and_group() -> None:
    groups = Encoder(EncoderSize())(torch.zeros(2, 3, 48, 48), corner=(11, 11))
    assert [tuple(group.shape) for group in groups] == [(2, 9, 192), (2, 9, 192)]


def test_agreement_wants_equal_patches_alike_and_separation_wants_defects_apart() -> None:
    features, opposite = torch.ones(1, 2, 4), torch.tensor([[[1.0, 1, 1, 1], [-1.0, -1, -1, -1]]])
    severity, masked = torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2, dtype=torch.bool)
    agreement, separation = difference_losses(features, features, severity, masked=masked, margin=0.5)
    assert abs(float(agreement)) < 1e-6 and abs(float(separation) - 1) < 1e-6
    agreement, separation = difference_losses(features, opposite, severity, masked=masked, margin=0.5)
    assert abs(float(agreement)) < 1e-6 and float(separation) == 0


def test_contrast_is_low_when_each_patch_is_its_own_nearest() -> None:
    dice = Dice("cpu", 1)
    pairs = draw_pairs(dice, Canvas(32), 2, per_family=1)
    features = torch.eye(8).view(2, 4, 8)
    masked = torch.zeros(2, 4, dtype=torch.bool)
    matched = contrast_loss(features, features, pairs, masked=masked, dice=dice, temperature=0.07)
    swapped = contrast_loss(features, features.roll(1, 1), pairs, masked=masked, dice=dice, temperature=0.07)
    assert float(matched) < 0.01 < float(swapped)


def test_a_resumed_training_ends_with_the_same_weights_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(Training(PLAN, whole))
    cut.mkdir()
    training = Training(PLAN, cut)
    for _ in range(2):
        training.run_step()
    training.save()
    run(Training(PLAN, cut))
    expected, found = load_file(whole / "encoder.safetensors"), load_file(cut / "encoder.safetensors")
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_training_may_start_from_an_encoder(tmp_path: Path) -> None:
    run(Training(replace(PLAN, steps=1, average=0.0), tmp_path / "first"))
    path = tmp_path / "first" / "encoder.safetensors"
    second = Training(replace(PLAN, start=str(path)), tmp_path / "second")
    expected = load_encoder(path).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in second.student.encoder.state_dict().items())
