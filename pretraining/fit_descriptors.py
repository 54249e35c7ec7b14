"""
Fits the `descriptors` encoder of the package: no training, only the principal components of the descriptors of drawn scenes.

    python fit_descriptors.py runs/pool runs/clipart.pt descriptors.safetensors --example ../test/fixtures/descriptors.json
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from drawing.canvas import Canvas
from drawing.descriptors import describe, fit_reduction
from drawing.dice import Dice
from drawing.pairs import draw_pairs
from pool import read_pool

WIDTH = 192
SIDE = 224
STEPS, SCENES = 16, 8
SEED = 77
EXAMPLE_SIDE = 48


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("pool", type=Path)
    arguments.add_argument("clipart", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--example", type=Path, help="also writes what a small image is described as, for the package's tests")
    chosen = arguments.parse_args()
    scenes = draw_scenes(chosen.pool, chosen.clipart)
    described = [torch.cat(group) for group in zip(*(describe(part.float() / 255) for part in scenes.split(16)))]
    tensors: dict[str, Tensor] = {}
    for k, rows in enumerate(described):
        reduction = fit_reduction(rows, WIDTH)
        weight = reduction.components / reduction.deviation[:, None]
        tensors[f"descriptors.{k}.weight"] = weight.contiguous()
        tensors[f"descriptors.{k}.bias"] = -(reduction.mean @ weight)
    metadata = {"name": "n8n-nodes-dinomaly descriptors", "license": "Apache-2.0"}
    save_file(tensors, chosen.out, metadata)
    if chosen.example is not None:
        chosen.example.write_text(json.dumps(example(tensors)))


def draw_scenes(folder: Path, clipart: Path) -> Tensor:
    """(128, 3, side, side) bytes: undamaged photographs of drawn scenes."""
    pool, pictures = read_pool(folder), torch.load(clipart, mmap=True)
    scenes = []
    for step in range(STEPS):
        dice = Dice("cpu", SEED, step)
        chosen = dice.integers(len(pool["image"]), SCENES)
        pairs = draw_pairs(dice, Canvas(SIDE), {name: values[chosen] for name, values in pool.items()}, pictures, smallest=0.6)
        scenes.append((pairs.clean * 255).byte())
    return torch.cat(scenes)


def example(tensors: dict[str, Tensor]) -> dict[str, object]:
    """A small image by a formula, and a few values of its features."""
    y, x = torch.meshgrid(torch.arange(EXAMPLE_SIDE), torch.arange(EXAMPLE_SIDE), indexing="ij")
    image = torch.stack([(x * 5 + y * 3) % 256, (x * y) % 256, ((x - 20) ** 2 + (y - 30) ** 2) % 256]).float() / 255
    features = [
        rows[0] @ tensors[f"descriptors.{k}.weight"] + tensors[f"descriptors.{k}.bias"] for k, rows in enumerate(describe(image[None]))
    ]
    return {"side": EXAMPLE_SIDE, "features": [[round(float(value), 5) for value in group.flatten()] for group in features]}


if __name__ == "__main__":
    main()
