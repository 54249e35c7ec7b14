"""
Cuts squares of many sizes out of the few photographs that Debian packages ship as CC0 or public domain, for the pool.

python photos.py UNPACKED runs/photos.pt          # UNPACKED: the packages below, unpacked into one folder (dpkg -x)
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from drawing.dice import Dice

# Path ending, Debian package and who gave it away, as the package's copyright file or scikit-image's own documentation of its data says.
SKIMAGE, LOMIRI, JXL = "python3-skimage 0.19.3-8", "lomiri-wallpapers-16.04 20.04.0-2", "libjxl-testdata 0.0~git20230110.d6168ff-1"
PHOTOGRAPHS = (
    ("backgrounds/seeding_by_Clements_Engelhardt.jpg", LOMIRI, "CC0, Clemens Engelhardt"),
    ("500px/cvo9xd_keong_macan_srgb8.png", JXL, "CC0, wesaturate.com"),
    ("500px/tmshre_riaphotographs_srgb8.png", JXL, "CC0, wesaturate.com"),
    ("500px/u76c0g_bliznaca_srgb8.png", JXL, "CC0, wesaturate.com"),
    ("skimage/data/camera.png", SKIMAGE, "CC0, Lav Varshney"),
    ("skimage/data/astronaut.png", SKIMAGE, "public domain, NASA"),
    ("skimage/data/brick.png", SKIMAGE, "CC0, CC0Textures"),
    ("skimage/data/grass.png", SKIMAGE, "CC0, CC0Textures"),
    ("skimage/data/gravel.png", SKIMAGE, "CC0, CC0Textures"),
    ("skimage/data/chelsea.png", SKIMAGE, "CC0, Stefan van der Walt"),
    ("skimage/data/clock_motion.png", SKIMAGE, "public domain, Stefan van der Walt"),
    ("skimage/data/coffee.png", SKIMAGE, "CC0, Rachel Michetti"),
    ("skimage/data/hubble_deep_field.jpg", SKIMAGE, "public domain, NASA"),
    ("skimage/data/rocket.jpg", SKIMAGE, "public domain, SpaceX"),
)
SIDE = 336
# Squares per million pixels, between these bounds, and the smallest share of the shorter side that a square has.
DENSITY, FEWEST, MOST = 150, 40, 600
SMALLEST_SHARE, SMALLEST_PX = 0.12, 96


def cut_squares(dice: Dice, image: Image.Image) -> Tensor:
    """(n, 3, SIDE, SIDE) bytes at random places in random sizes and quarter turns."""
    width, height = image.size
    count = int(min(MOST, max(FEWEST, DENSITY * width * height / 1e6)))
    shorter = min(width, height)
    smallest = min(1.0, max(SMALLEST_PX / shorter, SMALLEST_SHARE))
    squares = []
    for size in (dice.log_uniform(count, low=smallest, high=1.0) * shorter).long().tolist():
        left, top = int(dice.integers(width - size + 1, 1)), int(dice.integers(height - size + 1, 1))
        square = image.crop((left, top, left + size, top + size)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)
        squares.append(torch.rot90(pixels, int(dice.integers(4, 1)), (1, 2)))
    return torch.stack(squares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    dice, parts = Dice("cpu", 5), []
    for ending, package, _ in PHOTOGRAPHS:
        found = next((path for path in arguments.source.rglob(Path(ending).name) if str(path).endswith(ending)), None)
        if found is None:
            raise FileNotFoundError(f"Expected {ending} of {package} under {arguments.source}, found none")
        parts.append(cut_squares(dice, Image.open(found).convert("RGB")))
        print(ending, len(parts[-1]))
    torch.save(torch.cat(parts), arguments.target)


if __name__ == "__main__":
    main()
