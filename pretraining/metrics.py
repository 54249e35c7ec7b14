"""How well scores part good from bad."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import label
from torch import Tensor

FALSE_POSITIVE_LIMIT = 0.3
THRESHOLDS = 150


def auroc(scores: Tensor, truth: Tensor) -> float:
    """Area under the ROC curve, NaN where one side is missing; ties count as they fall."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    if positive == 0 or negative == 0:
        return float("nan")
    ranks = torch.empty(len(scores), dtype=torch.float64)
    ranks[scores.argsort()] = torch.arange(1, len(scores) + 1, dtype=torch.float64)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def aupro(maps: Tensor, masks: Tensor) -> float:
    """
    Mean overlap of the defects (8-connected) over false-positive rates up to the limit, from evenly spaced rates: within
    0.01 of the exact figure. maps, masks (n, h, w).
    """
    regions = []
    for scores, mask in zip(maps.numpy(), masks.numpy()):
        numbered, count = label(mask, np.ones((3, 3)))
        regions += [np.sort(scores[numbered == number]) for number in range(1, count + 1)]
    if not regions:
        return float("nan")
    good = np.sort(maps[~masks].numpy())
    rates = np.linspace(0, FALSE_POSITIVE_LIMIT, THRESHOLDS + 1)
    thresholds = good[np.clip((len(good) * (1 - rates)).astype(int), 0, len(good) - 1)]
    overlaps = np.array([np.mean([1 - np.searchsorted(region, limit, "right") / len(region) for region in regions]) for limit in thresholds])
    return float(np.trapezoid(overlaps, rates) / FALSE_POSITIVE_LIMIT)


def smooth(maps: Tensor) -> Tensor:
    """(n, 1, h, w) under the reference's Gaussian: 5 x 5, deviation 4."""
    weights = torch.exp(-(torch.arange(-2, 3, device=maps.device).float() ** 2) / 32)
    weights = weights / weights.sum()
    return F.conv2d(F.conv2d(maps, weights.view(1, 1, 1, 5), padding=(0, 2)), weights.view(1, 1, 5, 1), padding=(2, 0))
