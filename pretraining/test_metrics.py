"""Metrics against brute force, and the short Dinomaly against what it must do."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dataset import SIDE, read_categories
from dinomaly import Decoder, anomaly_maps, encode, hard_cosine_loss, train_decoder
from metrics import aupro, auroc
from network import Encoder, EncoderSize


def test_auroc_counts_the_pairs_in_order() -> None:
    generator = torch.Generator().manual_seed(0)
    scores, truth = torch.rand(60, generator=generator), torch.rand(60, generator=generator) > 0.6
    pairs = scores[truth][:, None] > scores[~truth][None]
    assert abs(auroc(scores, truth) - float(pairs.double().mean())) < 1e-9
    assert np.isnan(auroc(scores, torch.ones(60, dtype=torch.bool)))


def test_aupro_equals_the_area_from_every_threshold() -> None:
    generator = torch.Generator().manual_seed(1)
    masks = torch.zeros(3, 40, 40, dtype=torch.bool)
    masks[0, 5:10, 5:15], masks[0, 25:35, 25:30], masks[1, 0:6, 30:40] = True, True, True
    maps = torch.rand(3, 40, 40, generator=generator) + masks * torch.rand(3, 1, 1, generator=generator)
    regions = [maps[0, 5:10, 5:15], maps[0, 25:35, 25:30], maps[1, 0:6, 30:40]]
    limits = maps.flatten().sort(descending=True).values
    rates = np.array([float((maps[~masks] >= limit).float().mean()) for limit in limits])
    overlaps = np.array([np.mean([float((region >= limit).float().mean()) for region in regions]) for limit in limits])
    kept = rates <= 0.3
    exact = np.trapezoid(overlaps[kept], rates[kept]) / 0.3
    assert abs(aupro(maps, masks) - exact) < 0.01


def test_easy_points_pass_a_tenth_of_their_gradient() -> None:
    truth = torch.eye(4).view(1, 4, 4)
    start = truth + torch.tensor([0.01, 0.01, 0.9, 0.9]).view(1, 4, 1)
    gradients = []
    for easy_share in (0.0, 0.75):
        found = start.clone().requires_grad_()
        hard_cosine_loss([truth], [found], easy_share).backward()
        gradients.append(found.grad)
    ratio = (gradients[1] / gradients[0])[0, :, 0]
    assert torch.allclose(ratio, torch.tensor([0.1, 0.1, 1.0, 1.0]), atol=1e-3)


def test_training_makes_normal_images_predictable() -> None:
    images = torch.randint(0, 256, (1, 3, 48, 48), generator=torch.Generator().manual_seed(2), dtype=torch.uint8).expand(16, -1, -1, -1)
    torch.manual_seed(0)
    groups = encode(Encoder(EncoderSize(depth=10)).eval(), images)
    before = anomaly_maps(Decoder(192).eval(), groups).mean()
    after = anomaly_maps(train_decoder(groups, iterations=30, seed=1), groups).mean()
    assert float(after) < 0.5 * float(before)


def test_masks_belong_to_the_images_of_their_name(tmp_path: Path) -> None:
    for name in ("train/good/a.png", "test/good/b.png", "test/bad/c.png"):
        path = tmp_path / "part" / name
        path.parent.mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(path)
    mask = tmp_path / "part" / "ground_truth" / "bad" / "c_mask.png"
    mask.parent.mkdir(parents=True)
    Image.new("L", (64, 64), 255).save(mask)
    (category,) = read_categories(tmp_path)
    assert category.test.shape == (2, 3, SIDE, SIDE)
    assert category.defective.tolist() == [True, False]
    assert category.masks.flatten(1).all(1).tolist() == [True, False]


def test_a_folder_without_categories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train/good"):
        read_categories(tmp_path)
