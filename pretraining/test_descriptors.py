"""The descriptors say where edges of which direction and which colours lie around a patch."""

import numpy as np
import torch

from drawing.descriptors import CELL, DIRECTIONS, EDGE_WIDTHS, NOISE_SHARE, WINDOWS, describe, fit_reduction, turn_reduction
from drawing.dice import Dice

SIDE, GRID = 64, 4
# Gray edges by direction, colour edges, brighter and darker than around, for each width; then the three colours.
CHANNELS = len(EDGE_WIDTHS) * (DIRECTIONS + 3) + 3


def columns(descriptors: torch.Tensor, group: int) -> list[torch.Tensor]:
    """Splits (n, g, d) into (n, g, channels, offsets, offsets) for each set of windows."""
    many = [len(offsets) for _, offsets in WINDOWS[group]]
    parts = descriptors.split([CHANNELS * count * count for count in many], 2)
    return [part.view(*part.shape[:2], CHANNELS, count, count) for part, count in zip(parts, many)]


def test_there_is_one_descriptor_per_patch_and_group() -> None:
    local, wide = describe(torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)))
    assert local.shape == (2, GRID * GRID, CHANNELS * (4 + 9))
    assert wide.shape == (2, GRID * GRID, CHANNELS * (1 + 25))


def test_an_edge_is_strong_in_its_direction_and_near_its_place() -> None:
    image = torch.zeros(1, 3, SIDE, SIDE)
    image[..., 24:] = 1.0
    near = columns(describe(image)[0], 0)[0][0].view(GRID, GRID, CHANNELS, 2, 2)
    # Patch column 1 holds the edge from dark to bright at its middle; direction 0 points right, half of them further left.
    strength = near[1, 1, :DIRECTIONS].mean((1, 2))
    assert int(strength.argmax()) == 0
    assert float(strength[DIRECTIONS // 2]) < 1e-2 * float(strength[0])
    assert float(near[1, 3, 0].max()) < 0.05 * float(near[1, 1, 0].max())


def test_windows_are_gaussian_means_around_the_offset() -> None:
    image = Dice("cpu", 3).uniform(1, 3, SIDE, SIDE)
    far = columns(describe(image)[1], 1)[1][0].view(GRID, GRID, CHANNELS, 5, 5)
    gray = image[0].mean(0).numpy().astype(np.float64)
    cells = gray.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3))
    y, x = np.meshgrid(*[(np.arange(SIDE // CELL) + 0.5) * CELL] * 2, indexing="ij")
    # Patch (2, 1), centre (24, 40) in pixels, at the offset (24, -24).
    weights = np.exp(-((x - 48) ** 2 + (y - 16) ** 2) / (2 * 12.0**2))
    assert abs(float(far[2, 1, CHANNELS - 3, 1, 3]) - (cells * weights).sum() / weights.sum()) < 1e-5


def test_reduced_columns_are_uncorrelated_and_less_uneven_than_the_variances() -> None:
    rows = torch.randn(40, 50, 6, generator=torch.Generator().manual_seed(1)) @ torch.randn(6, 6, generator=torch.Generator().manual_seed(2))
    reduced = fit_reduction(rows, 4)(rows).flatten(0, 1).numpy()
    standard = rows.flatten(0, 1).numpy()
    values = np.linalg.eigvalsh(np.corrcoef(standard.T))[::-1][:4]
    expected = values / np.sqrt(values + NOISE_SHARE * values[0])
    assert np.allclose(np.cov(reduced.T), np.diag(expected), atol=2e-2)
    assert np.allclose(reduced.mean(0), 0, atol=1e-3)


def test_turned_components_meet_the_features_that_they_are_turned_to() -> None:
    generator = torch.Generator().manual_seed(4)
    descriptors = torch.randn(2, 50, 7, generator=generator)
    reduction = fit_reduction(descriptors, 5)
    turn = torch.linalg.qr(torch.randn(5, 5, generator=generator)).Q
    features = reduction(descriptors) @ turn * 3
    turned = turn_reduction(reduction, descriptors, features)
    assert torch.allclose(turned(descriptors) * 3, features, atol=1e-4)
