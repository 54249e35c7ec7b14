"""Files of a training: the checkpoint that it carries on from, and the encoder alone."""

import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the file and replaces it, so that a cut never leaves half a checkpoint."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def read_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None


def write_encoder(path: Path, state: dict[str, Tensor]) -> None:
    """Float32 safetensors with timm's names, as the package reads them."""
    partial = path.with_suffix(".partial")
    save_file({name: tensor.detach().float().cpu().contiguous() for name, tensor in state.items()}, partial)
    os.replace(partial, path)
