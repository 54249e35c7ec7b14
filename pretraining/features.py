"""Reads an encoder and gives the features that Dinomaly compares: the normalised means of its two groups of blocks."""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from drawing.pairs import normalise
from network import Encoder, EncoderSize

BATCH = 16


def load_encoder(path: Path) -> Encoder:
    """Reads safetensors with timm's names, in float16 or float32; a final norm that is left out stays at its start."""
    encoder = Encoder(EncoderSize())
    state = {name: tensor.float() for name, tensor in load_file(path).items()}
    missing, unexpected = encoder.load_state_dict(state, strict=False)
    if any(not name.startswith("norm.") for name in missing) or any(not name.startswith(("blocks.", "head", "norm.")) for name in unexpected):
        raise ValueError(f"Expected timm's names for this architecture in {path}, found other ones: {missing} {unexpected}")
    return encoder.eval()


@torch.no_grad()
def group_features(encoder: Encoder, images: Tensor) -> list[Tensor]:
    """images (n, 3, side, side) in [0, 1] -> per group (n, g, dim), each vector of length 1."""
    groups = [encoder(normalise(batch)) for batch in images.split(BATCH)]
    return [F.normalize(torch.cat(parts), dim=-1) for parts in zip(*groups)]
