"""
Several short trainings or one long one on a GPU machine, each measured at once with a short Dinomaly.

python on_gpu.py carry CLIPART PHOTOGRAPHS carried.pt real=DATASET sample=DATASET   # here: all that the GPU machine needs, in one file
python on_gpu.py run carried.pt OUT "name seconds=30 dense=1 contrast=0" "other ..."   # there

Where several trainings begin with the same encoder (`start=FILE`), the mean of their weights is measured too.
"""

import sys
import tempfile
import time
import traceback
from dataclasses import fields
from functools import partial
from itertools import combinations
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from atlas import pack, unpack
from dataset import Category, read_categories
from dinomaly import encode, train_and_measure
from drawing.process import DrawingHere
from network import Encoder
from pretrain import Plan, Training, run, start_drawing

ITERATIONS, SEED = 200, 1
PICTURE_QUALITY, PHOTOGRAPH_QUALITY, TEST_QUALITY = 80, 85, 90
# Every GPU training begins from these; a variant changes some.
ON_GPU = {"device": "cuda", "scenes": 6000, "side": 128, "batch": 256, "final_side": 224, "final_batch": 80, "warmup": 100, "average": 0.999}


def carry(clipart: Path, photographs: Path, target: Path, datasets: dict[str, Path]) -> None:
    sets = {name: [_pack_category(category) for category in read_categories(folder)] for name, folder in datasets.items()}
    packed = {
        "clipart": pack(torch.load(clipart, mmap=True), PICTURE_QUALITY),
        "photographs": pack(torch.load(photographs), PHOTOGRAPH_QUALITY),
        "sets": sets,
    }
    torch.save(packed, target, pickle_protocol=4)


def _pack_category(category: Category) -> dict[str, object]:
    return {
        "name": category.name,
        "normal": pack(category.normal, TEST_QUALITY),
        "test": pack(category.test, TEST_QUALITY),
        "masks": pack(category.masks[:, None].byte() * 255, 0),
        "defective": category.defective,
    }


def _unpack_category(packed: dict[str, object]) -> Category:
    masks = unpack(packed["masks"])[:, 0] > 127
    return Category(packed["name"], unpack(packed["normal"]), unpack(packed["test"]), masks, packed["defective"])


def report(name: str, encode_images: object, sets: dict[str, list[Category]]) -> None:
    """Prints I-AUROC / P-AUROC / AUPRO of every category."""
    words = []
    for categories in sets.values():
        for category, figures in train_and_measure(encode_images, categories, ITERATIONS, SEED).items():
            words.append(category + " " + "/".join(f"{figure:.3f}" for figure in figures))
    print(f"== {name}: {', '.join(words)}", flush=True)


def keep(out: Path, name: str, training: Training) -> None:
    """Writes the encoder as it is, and beside it the last one before the clusters began: what is written comes back even from a cut call."""
    before = training.progress() < training.plan.cluster_from
    write_half(out / f"{name}{'-before' if before else ''}.safetensors", training.encoder_state())


def write_half(path: Path, state: dict[str, Tensor]) -> None:
    partial_path = path.with_name("partial")
    save_file({key: value.half().cpu().contiguous() for key, value in state.items()}, partial_path)
    partial_path.replace(path)


def train_variant(words: str, base: dict[str, object], drawing: DrawingHere, out: Path, sets: dict[str, list[Category]]) -> dict[str, Tensor]:
    """The encoder's weights."""
    name, *changes = words.split()
    kinds = {field.name: type(field.default) for field in fields(Plan)}
    chosen = {key: kinds[key](value) for key, value in (change.split("=") for change in changes)}
    with tempfile.TemporaryDirectory() as folder:
        training = Training(Plan(**{**base, **chosen}), Path(folder), drawing)
        print(f"-- {words}", flush=True)
        run(training, partial(keep, out, name))
    keep(out, name, training)
    state = {key: value.clone() for key, value in training.encoder_state().items()}
    report_encoder(name, state, sets)
    return state


def report_encoder(name: str, state: dict[str, Tensor], sets: dict[str, list[Category]]) -> None:
    if not sets:
        return
    encoder = Encoder().to(state["cls_token"].device)
    encoder.load_state_dict(state)
    report(name, partial(encode, encoder.eval()), sets)


def report_means(states: dict[str, dict[str, Tensor]], out: Path, sets: dict[str, list[Category]]) -> None:
    """The means of the weights of every two trainings and of all."""
    choices = [*combinations(states, 2), tuple(states)] if len(states) > 2 else [tuple(states)]
    for names in choices:
        mean = {key: torch.stack([states[name][key] for name in names]).mean(0) for key in states[names[0]]}
        report_encoder("+".join(names), mean, sets)
    write_half(out / "mean.safetensors", mean)


def main() -> None:
    if sys.argv[1] == "carry":
        clipart, photographs, target = map(Path, sys.argv[2:5])
        carry(clipart, photographs, target, {name: Path(folder) for name, folder in (word.split("=") for word in sys.argv[5:])})
        return
    carried, out = torch.load(sys.argv[2], weights_only=False), Path(sys.argv[3])
    folder = Path(tempfile.mkdtemp())
    clipart, photographs = folder / "clipart.pt", folder / "photographs.pt"
    torch.save(unpack(carried["clipart"]), clipart)
    torch.save(unpack(carried["photographs"]), photographs)
    sets = {name: [_unpack_category(category) for category in categories] for name, categories in carried["sets"].items()}
    base = {**ON_GPU, "clipart": str(clipart), "photographs": str(photographs)}
    started = time.perf_counter()
    drawing = start_drawing(Plan(**base), torch.load(clipart))
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")
    print(f"pool drawn in {time.perf_counter() - started:.1f} s", flush=True)
    states: dict[str, dict[str, Tensor]] = {}
    for words in sys.argv[4:]:
        try:
            states[words.split()[0]] = train_variant(words, base, drawing, out, sets)
        except (RuntimeError, ArithmeticError, ValueError):
            # Time on a rented GPU is dear: the next variant may run where this one did not.
            traceback.print_exc()
    if len(states) > 1 and all(" start=" in words for words in sys.argv[4:]):
        report_means(states, out, sets)


if __name__ == "__main__":
    main()
