"""Reads the Open Clip Art Library (public domain, Debian package openclipart-png) into one file of small pictures with transparency.

python clipart.py /usr/share/openclipart/png runs/clipart.pt
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 160
# Trademarks and flags are left out; so is what covers little of its square, or is one tone of gray.
LEFT_OUT = frozenset({"logos", "flags", "flag"})
SMALLEST_SHARE = 0.08
SMALLEST_DEVIATION = 0.02
Image.MAX_IMAGE_PIXELS = 8_000_000


def read_picture(path: Path) -> Tensor | None:
    """(4, SIDE, SIDE) bytes, red, green, blue, opacity; the object touches the border of the square. None: unusable."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    box = image.getchannel("A").point(lambda opacity: 255 if opacity > 32 else 0).getbbox()
    if box is None:
        return None
    image = image.crop(box)
    scale = SIDE / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    resized = image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    square = Image.new("RGBA", (SIDE, SIDE), (128, 128, 128, 0))
    square.paste(resized, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    pixels = np.array(square)
    solid = pixels[..., 3] > 127
    if solid.mean() < SMALLEST_SHARE or pixels[..., :3][solid].std() / 255 < SMALLEST_DEVIATION:
        return None
    return torch.from_numpy(pixels).permute(2, 0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.source.rglob("*.png") if not LEFT_OUT & {part.lower() for part in path.parts})
    pictures: dict[bytes, Tensor] = {}
    for path in paths:
        picture = read_picture(path)
        if picture is not None:
            pictures.setdefault(picture.numpy().tobytes(), picture)
    arguments.target.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.stack(list(pictures.values())), arguments.target)
    print(f"{len(pictures)} pictures of {len(paths)} files")


if __name__ == "__main__":
    main()
