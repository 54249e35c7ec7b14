"""Draws a contact sheet to look at: each scene clean, with defects, and where the defects are.

python sheet.py sheet.png --count 32 --side 112 --seed 0
"""

import argparse
import time

import torch
from PIL import Image

from drawing.canvas import Canvas
from drawing.dice import Dice
from drawing.pairs import draw_pairs

COLUMNS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--side", type=int, default=112)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    dice, canvas = Dice("cpu", arguments.seed), Canvas(arguments.side)
    start = time.perf_counter()
    pairs = draw_pairs(dice, canvas, arguments.count, per_family=2)
    print(f"{arguments.count} pairs in {time.perf_counter() - start:.2f} s")
    truth = pairs.visibility[:, None].expand(-1, 3, -1, -1)
    tiles = torch.stack([pairs.clean, pairs.defective, truth], 1).flatten(0, 1)
    rows = len(tiles) // COLUMNS
    side = arguments.side
    sheet = tiles[: rows * COLUMNS].view(rows, COLUMNS, 3, side, side).permute(0, 3, 1, 4, 2)
    pixels = (sheet.reshape(rows * side, COLUMNS * side, 3) * 255).byte().numpy()
    Image.fromarray(pixels).save(arguments.path)


if __name__ == "__main__":
    main()
