"""Blends the weights of an encoder with those of the one that its training started from: often better than either.

python blend.py START.safetensors TRAINED.safetensors OUT.safetensors --share 0.5
"""

import argparse
from pathlib import Path

from torch import Tensor

from checkpoint import write_encoder
from features import load_encoder


def blend(start: dict[str, Tensor], trained: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """share of the trained weights, the rest of the start's."""
    if start.keys() != trained.keys():
        raise ValueError(f"Expected encoders with the same parameters, found {sorted(start.keys() ^ trained.keys())} in one only")
    return {name: value.lerp(trained[name], share) for name, value in start.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path)
    parser.add_argument("trained", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.5)
    arguments = parser.parse_args()
    states = [load_encoder(path).state_dict() for path in (arguments.start, arguments.trained)]
    write_encoder(arguments.out, blend(*states, arguments.share))


if __name__ == "__main__":
    main()
