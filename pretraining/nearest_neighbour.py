"""A check of an encoder in a minute: the distance of each patch to the nearest patch of normal images.

python nearest_neighbour.py ENCODER.safetensors                      drawn test images, other seeds than the training's
python nearest_neighbour.py ENCODER.safetensors --data DATASET       folders CATEGORY/{train/good, test/*, ground_truth/*}
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from drawing.canvas import Canvas
from drawing.defects import draw_defects
from drawing.dice import Dice
from drawing.scenes import Scenes, draw_scenes
from drawing.targets import PATCH, patch_severity
from drawing.views import photograph
from features import group_features, load_encoder
from network import Encoder

RESIZED, SIDE = 256, 224
HELD_OUT_SEED = 1_000_003
# A drawn product: this many photographs of one scene, moved a little each time.
NORMALS, TESTS, PRODUCTS = 8, 8, 8
MOVE_PX = 6
# A patch is anomalous above this share of masked pixels or this severity.
ANOMALOUS = 0.1
TOP_SHARE = 0.01
MOST_PATCHES = 12_000


def auroc(scores: Tensor, truth: Tensor) -> float:
    """Area under the ROC curve; ties count as they fall."""
    ranks = torch.empty_like(scores, dtype=torch.float64)
    ranks[scores.argsort()] = torch.arange(1, len(scores) + 1, dtype=torch.float64)
    positive = int(truth.sum())
    negative = len(truth) - positive
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / max(1, positive * negative))


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
    patch = auroc(scores.flatten(), anomalous.flatten()) if anomalous.any() else float("nan")
    print(f"{name}: image {image:.3f}, patch {patch:.3f}", flush=True)
    return image, patch


def read_image(path: Path) -> Tensor:
    """(3, SIDE, SIDE) in [0, 1]: resized, then the centre."""
    image = Image.open(path).convert("RGB").resize((RESIZED, RESIZED), Image.Resampling.BILINEAR)
    border = (RESIZED - SIDE) // 2
    return torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[:, border : border + SIDE, border : border + SIDE] / 255


def check_folder(encoder: Encoder, category: Path) -> tuple[float, float]:
    normal = torch.stack([read_image(path) for path in sorted((category / "train/good").iterdir())[:60]])
    paths = sorted(path for path in (category / "test").rglob("*") if path.is_file())
    masks = []
    for path in paths:
        mask = next(iter((category / "ground_truth" / path.parent.name).glob(path.stem + "[._]*")), None)
        masks.append(torch.zeros(SIDE, SIDE) if mask is None else read_image(mask)[0])
    anomalous = F.avg_pool2d((torch.stack(masks)[:, None] > 0.5).float(), PATCH).flatten(1) > ANOMALOUS
    defective = torch.tensor([path.parent.name != "good" for path in paths])
    return report(category.name, distances(encoder, normal, torch.stack([read_image(path) for path in paths])), anomalous, defective)


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
    for category in sorted(path for path in arguments.data.iterdir() if (path / "train/good").is_dir()):
        check_folder(encoder, category)


if __name__ == "__main__":
    main()
