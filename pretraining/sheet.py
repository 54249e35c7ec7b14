"""Draws a contact sheet to look at: each scene as photographed twice, and the severity of the second one's defects.

python sheet.py sheet.png --pool runs/pool --clipart runs/clipart.pt --count 24 --side 112 --seed 0
"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image

from drawing.canvas import Canvas
from drawing.crops import SMALLEST_SHARE
from drawing.dice import Dice
from drawing.pairs import draw_pairs
from drawing.targets import PATCH
from pool import read_pool

COLUMNS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path")
    parser.add_argument("--pool", type=Path, default=Path("runs/pool"))
    parser.add_argument("--clipart", type=Path, default=Path("runs/clipart.pt"))
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--side", type=int, default=112)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    side, count = arguments.side, arguments.count
    dice, pool = Dice("cpu", arguments.seed), read_pool(arguments.pool)
    chosen = dice.integers(len(pool["image"]), count)
    scenes = {name: values[chosen] for name, values in pool.items()}
    start = time.perf_counter()
    pairs = draw_pairs(dice, Canvas(side), scenes, torch.load(arguments.clipart, mmap=True), smallest=SMALLEST_SHARE)
    print(f"{count} pairs in {time.perf_counter() - start:.2f} s")
    grid = side // PATCH
    truth = F.interpolate(pairs.severity.view(count, 1, grid, grid), size=(side, side)).expand(-1, 3, -1, -1)
    tiles = torch.stack([pairs.clean, pairs.defective, truth], 1).flatten(0, 1)
    rows = len(tiles) // COLUMNS
    sheet = tiles[: rows * COLUMNS].view(rows, COLUMNS, 3, side, side).permute(0, 3, 1, 4, 2)
    pixels = (sheet.reshape(rows * side, COLUMNS * side, 3) * 255).byte().numpy()
    Image.fromarray(pixels).save(arguments.path)


if __name__ == "__main__":
    main()
