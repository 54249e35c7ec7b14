"""Reads test datasets of the form CATEGORY/{train/good, test/*, ground_truth/*}. They are for measuring only."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

RESIZED, SIDE = 256, 224


@dataclass
class Category:
    """normal and test (n, 3, SIDE, SIDE) bytes; masks (n, SIDE, SIDE) and defective (n,) booleans of the test images."""

    name: str
    normal: Tensor
    test: Tensor
    masks: Tensor
    defective: Tensor


def read_categories(data: Path) -> list[Category]:
    folders = sorted(path for path in data.iterdir() if (path / "train/good").is_dir())
    if not folders:
        raise FileNotFoundError(f"Expected CATEGORY/train/good in {data}, found none")
    return [_read_category(folder) for folder in folders]


def read_image(path: Path) -> Tensor:
    """(3, SIDE, SIDE) bytes: resized, then the centre."""
    return _read(path, "RGB", Image.Resampling.BILINEAR).permute(2, 0, 1)


def _read_category(folder: Path) -> Category:
    normal = torch.stack([read_image(path) for path in sorted((folder / "train/good").iterdir())])
    paths = sorted(path for path in (folder / "test").rglob("*") if path.is_file())
    masks = torch.stack([_read_mask(folder / "ground_truth" / path.parent.name, path.stem) for path in paths])
    defective = torch.tensor([path.parent.name != "good" for path in paths])
    return Category(folder.name, normal, torch.stack([read_image(path) for path in paths]), masks, defective)


def _read_mask(folder: Path, stem: str) -> Tensor:
    path = next(iter(folder.glob(stem + "[._]*")), None)
    return torch.zeros(SIDE, SIDE, dtype=torch.bool) if path is None else _read(path, "L", Image.Resampling.NEAREST) > 127


def _read(path: Path, mode: str, resampling: Image.Resampling) -> Tensor:
    image = Image.open(path).convert(mode).resize((RESIZED, RESIZED), resampling)
    border = (RESIZED - SIDE) // 2
    return torch.from_numpy(np.array(image))[border : border + SIDE, border : border + SIDE]
