"""Draws the scenes of a training once, to be cropped and photographed anew in every step.

python pool.py runs/pool --count 4000 --side 192 --seed 0 --first 0
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from drawing.canvas import Canvas
from drawing.dice import Dice
from drawing.layouts import LABELS
from drawing.scenes import MAKE, Scenes, draw_scenes

BATCH = 16
POOL_SIDE = 192
# Drawn scenes per file: a cut drawing loses at most one file.
BATCHES_PER_FILE = 10


def pack(scenes: Scenes) -> dict[str, Tensor]:
    """What a training needs of drawn scenes, small: pixels and labels per pixel as bytes, families and makes per label."""
    return {
        "image": (scenes.image * 255).round().byte(),
        "label": scenes.layout.label.byte(),
        "family": scenes.bank.family[scenes.materials.texture].byte(),
        "make": scenes.make().half(),
        "drawn": torch.ones(len(scenes.image), dtype=torch.bool, device=scenes.image.device),
    }


def pack_photographs(images: Tensor) -> dict[str, Tensor]:
    """images (n, 3, side, side) bytes: scenes of one region of which no material is known."""
    count, side = len(images), images.shape[-1]
    return {
        "image": images,
        "label": torch.zeros(count, side, side, dtype=torch.uint8, device=images.device),
        "family": torch.zeros(count, LABELS, dtype=torch.uint8, device=images.device),
        "make": torch.zeros(count, LABELS, MAKE, dtype=torch.float16, device=images.device),
        "drawn": torch.zeros(count, dtype=torch.bool, device=images.device),
    }


@torch.no_grad()
def draw_pool(device: torch.device, *, side: int, seed: int, count: int, photographs: Tensor | None, batch: int = 64) -> dict[str, Tensor]:
    """A pool drawn on a GPU, in seconds; photographs (m, 3, s, s) bytes are added to it."""
    dice, canvas = Dice(device, seed), Canvas(side, device)
    parts = []
    for index in range(-(-count // batch)):
        dice.reseed(seed, index)
        parts.append(pack(draw_scenes(dice, canvas, batch, per_family=2)))
    if photographs is not None:
        for images in photographs.split(batch):
            resized = F.interpolate(images.to(device).float(), size=(side, side), mode="bilinear", antialias=True)
            parts.append(pack_photographs(resized.round().clamp(0, 255).byte()))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


@torch.no_grad()
def draw_file(path: Path, *, side: int, seed: int, first_batch: int, batches: int = BATCHES_PER_FILE) -> None:
    """Draws the batches of one file; which ones says its number, so that any part can be drawn anew."""
    dice, canvas = Dice("cpu", seed), Canvas(side)
    parts = []
    for batch in range(first_batch, first_batch + batches):
        dice.reseed(seed, batch)
        parts.append(pack(draw_scenes(dice, canvas, BATCH, per_family=1)))
    partial = path.with_suffix(".partial")
    torch.save({name: torch.cat([part[name] for part in parts]) for name in parts[0]}, partial)
    partial.rename(path)


def read_pool(folder: Path) -> dict[str, Tensor]:
    """All files of a pool, one after the other."""
    paths = sorted(folder.glob("scenes-*.pt"))
    if not paths:
        raise FileNotFoundError(f"Expected scenes-*.pt in {folder}, found none: draw them with pool.py")
    files = [torch.load(path, mmap=True) for path in paths]
    return {name: torch.cat([file[name] for file in files]) for name in files[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--side", type=int, default=POOL_SIDE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, when several processes share the work")
    parser.add_argument("--every", type=int, default=1, help="how many processes share the work")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    files = -(-arguments.count // (BATCH * BATCHES_PER_FILE))
    for index in range(arguments.first, files, arguments.every):
        path = arguments.folder / f"scenes-{index:04d}.pt"
        if not path.exists():
            draw_file(path, side=arguments.side, seed=arguments.seed, first_batch=index * BATCHES_PER_FILE)
            print(f"{path} of {files}", flush=True)


if __name__ == "__main__":
    main()
