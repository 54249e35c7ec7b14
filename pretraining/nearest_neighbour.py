"""A check of an encoder in a minute: the distance of each patch to the nearest patch of normal images.

python nearest_neighbour.py ENCODER.safetensors                      drawn test images, other seeds than the training's
python nearest_neighbour.py ENCODER.safetensors --data DATASET       folders CATEGORY/{train/good, test/*, ground_truth/*}
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dataset import SIDE, Category, read_categories
from drawing.canvas import Canvas
from drawing.defects import draw_defects
from drawing.dice import Dice
from drawing.scenes import Scenes, draw_scenes
from drawing.targets import PATCH, patch_severity
from drawing.views import photograph
from features import group_features, load_encoder
from metrics import auroc
from network import Encoder

HELD_OUT_SEED = 1_000_003
# A drawn product: this many photographs of one scene, moved a little each time.
NORMALS, TESTS, PRODUCTS = 8, 8, 8
MOVE_PX = 6
# A patch is anomalous above this share of masked pixels or this severity.
ANOMALOUS = 0.1
TOP_SHARE = 0.01
MOST_PATCHES, MOST_NORMALS = 12_000, 60


def distances(encoder: Encoder, normal: Tensor, test: Tensor) -> Tensor:
    """(n, g) cosine distance of each test patch to its nearest normal one, mean of the groups."""
    total = torch.zeros(1)
    for memory, query in zip(group_features(encoder, normal), group_features(encoder, test)):
        known = memory.flatten(0, 1)
        known = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:MOST_PATCHES]]
        nearest = torch.stack([1 - (image @ known.T).amax(1) for image in query])
        total = total + nearest / 2
    return total


def report(name: str, scores: Tensor, anomalous: Tensor, defective: Tensor) -> tuple[float, float]:
    """Prints and returns the AUROC of images (mean of their top patches) and of patches; anomalous (n, g), defective (n,)."""
    top = max(1, round(scores.shape[1] * TOP_SHARE))
    image = auroc(scores.topk(top, 1).values.mean(1), defective)
    patch = auroc(scores.flatten(), anomalous.flatten())
    print(f"{name}: image {image:.3f}, patch {patch:.3f}", flush=True)
    return image, patch


def check_category(encoder: Encoder, category: Category) -> tuple[float, float]:
    anomalous = F.avg_pool2d(category.masks[:, None].float(), PATCH).flatten(1) > ANOMALOUS
    scores = distances(encoder, category.normal[:MOST_NORMALS].float() / 255, category.test.float() / 255)
    return report(category.name, scores, anomalous, category.defective)


def check_drawn(encoder: Encoder) -> tuple[float, float]:
    """Every drawn scene is a product of its own: normal photographs of it against others with and without defects."""
    dice, canvas = Dice("cpu", HELD_OUT_SEED), Canvas(SIDE)
    scenes: Scenes = draw_scenes(dice, canvas, PRODUCTS, per_family=2)
    collected: list[tuple[Tensor, Tensor, Tensor]] = []
    for scene in scenes.image:
        copies = scene.expand(NORMALS + 2 * TESTS, -1, -1, -1)
        moves = dice.integers(2 * MOVE_PX + 1, len(copies), 2) - MOVE_PX
        moved = torch.stack([copy.roll(move.tolist(), (1, 2)) for copy, move in zip(copies, moves)])
        defects = draw_defects(dice, canvas, moved[-TESTS:])
        photographs = photograph(dice, canvas, torch.cat([moved[:-TESTS], defects.image]))
        scores = distances(encoder, photographs[:NORMALS], photographs[NORMALS:])
        severity = torch.cat([torch.zeros(TESTS, scores.shape[1]), patch_severity(defects.visibility)])
        collected.append((scores, severity > ANOMALOUS, severity.amax(1) > 0.3))
    images, patches = zip(*[report(f"drawn {index}", *parts) for index, parts in enumerate(collected)])
    image, patch = float(np.mean(images)), float(np.mean(patches))
    print(f"drawn, mean: image {image:.3f}, patch {patch:.3f}")
    return image, patch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoder = load_encoder(arguments.encoder)
    if arguments.data is None:
        check_drawn(encoder)
        return
    for category in read_categories(arguments.data):
        check_category(encoder, category)


if __name__ == "__main__":
    main()
