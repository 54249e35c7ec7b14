"""Many small pictures of one size as one compressed image, to be carried to another machine."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

# By the number of channels. WebP holds at most 16383 pixels a side, which the pictures with opacity keep to.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def pack(images: Tensor, quality: int) -> dict[str, object]:
    """images (n, c, side, side) bytes -> what `unpack` takes. c 4 becomes WebP, its opacity exact; c 3 JPEG; c 1 PNG, exact."""
    count, channels, side, _ = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    blank = torch.zeros(rows * columns - count, channels, side, side, dtype=torch.uint8)
    tiles = torch.cat([images, blank]).view(rows, columns, channels, side, side).permute(0, 3, 1, 4, 2)
    pixels = tiles.reshape(rows * side, columns * side, channels).numpy()
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels, MODES[channels])
    file = io.BytesIO()
    if channels == 4:
        image.save(file, "WEBP", quality=quality, method=2)
    elif channels == 3:
        image.save(file, "JPEG", quality=quality, subsampling=0)
    else:
        image.save(file, "PNG")
    return {"file": file.getvalue(), "count": count, "side": side, "columns": columns}


def unpack(packed: dict[str, object]) -> Tensor:
    """-> (n, c, side, side) bytes."""
    Image.MAX_IMAGE_PIXELS = None
    pixels = np.array(Image.open(io.BytesIO(packed["file"])))
    side, columns = packed["side"], packed["columns"]
    tiles = torch.from_numpy(pixels).reshape(pixels.shape[0] // side, side, columns, side, -1).permute(0, 2, 4, 1, 3)
    return tiles.flatten(0, 1)[: packed["count"]].contiguous()
