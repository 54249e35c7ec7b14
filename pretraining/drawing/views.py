"""What a camera makes of an image: exposure, white balance, uneven light, blur, noise, compression. None of it is a defect."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .canvas import Canvas, box_blur
from .dice import Dice

BLOCK = 8


def photograph(dice: Dice, canvas: Canvas, image: Tensor) -> Tensor:
    """A view of (n, 3, side, side) in [0, 1], same shape and range, nothing moved."""
    count = len(image)
    image = image.clamp_min(1e-4) ** torch.exp(dice.normal(count, 1, 1, 1, scale=0.15))
    mean = image.mean((1, 2, 3), keepdim=True)
    contrast, gain = torch.exp(dice.normal(2, count, 1, 1, 1, scale=0.15))
    image = (image - mean) * contrast + mean * gain
    uneven = canvas.smooth_field(dice, count, 3)[:, None] * dice.uniform(count, 1, 1, 1, high=0.12)
    image = (image * torch.exp(dice.normal(count, 3, 1, 1, scale=0.05) + uneven)).clamp(0, 1)
    image = torch.where(dice.chance(0.1, count, 1, 1, 1), image.mean(1, keepdim=True), image)
    image = _blur(image, dice.uniform(count, 1, 1, 1, low=-0.4, high=1.3))
    image = image + dice.normal(*image.shape) * dice.log_uniform(count, 1, 1, 1, low=0.002, high=0.05)
    step = dice.log_uniform(count, low=0.005, high=0.05) * dice.chance(0.4, count)
    return _compress(image, step).clamp(0, 1)


def _blur(image: Tensor, amount: Tensor) -> Tensor:
    """amount (n, 1, 1, 1): -0.5 sharpens, 0 leaves alone, 1 is a 3 x 3 box, 2 that box and a 5 x 5 one."""
    slight = box_blur(image, 3)
    strong = box_blur(slight, 5)
    share = (amount - 1).clamp(0, 1)
    return (image + (slight - image) * amount.clamp(-0.5, 1)) * (1 - share) + strong * share


def _compress(image: Tensor, step: Tensor) -> Tensor:
    """Rounds the cosine transform of 8 x 8 blocks, coarser for finer detail, as JPEG does; step (n,), 0 leaves alone."""
    count, channels, side, _ = image.shape
    index = torch.arange(BLOCK, device=image.device, dtype=torch.float32)
    basis = torch.cos((2 * index[None] + 1) * index[:, None] * math.pi / (2 * BLOCK)) * 0.5
    basis[0] *= 0.5**0.5
    blocks = image.reshape(count, channels, side // BLOCK, BLOCK, side // BLOCK, BLOCK).permute(0, 1, 2, 4, 3, 5)
    size = (step.view(-1, 1, 1, 1, 1, 1) * (1 + index[:, None] + index[None])).clamp_min(1e-4)
    blocks = torch.round(basis @ blocks @ basis.T / size) * size
    return (basis.T @ blocks @ basis).permute(0, 1, 2, 4, 3, 5).reshape(count, channels, side, side)
