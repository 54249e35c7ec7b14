"""What the features of a group are trained for. Features are (n, g, dim); every loss is a mean over patches."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from drawing.crops import sample_tokens
from drawing.dice import Dice
from drawing.pairs import Pairs
from drawing.scenes import MAKE
from drawing.targets import APPEARANCE, PLACE, Targets
from drawing.textures import FAMILIES
from network import Student

REGRESSION_FACTOR = 4.0
# A patch counts as belonging to one region when this share of its pixels does.
PURE_SHARE = 0.9
# Patches that one contrastive loss compares: bounds the memory.
CONTRAST_PATCHES = 1024
# Patches whose picture one step asks for.
NAMED_PATCHES = 2048
# Places that one cluster loss compares; sharpness of the answers; of the balanced truth: sharpness and rounds.
CLUSTERED_PLACES = 8192
CLUSTER_TEMPERATURE, BALANCE_TEMPERATURE, BALANCE_ROUNDS = 0.1, 0.05, 3
# A place in a picture is learned to this many half sides from its centre.
FARTHEST_PLACE = 1.5
UNDAMAGED = 0.05


@dataclass(frozen=True)
class Weights:
    """Factors of the losses; 0 leaves a loss out."""

    dense: float = 1.0
    description: float = 4.0
    contrast: float = 0.5
    identity: float = 0.0
    cluster: float = 0.0
    temperature: float = 0.1


@dataclass
class Seen:
    """Of each group: features (n, g, dim) of the clean and of the defective photograph, and the reduced descriptors of both."""

    clean: list[Tensor]
    defective: list[Tensor]
    clean_descriptors: list[Tensor]
    defective_descriptors: list[Tensor]


def total_loss(student: Student, seen: Seen, pairs: Pairs, *, dice: Dice, weights: Weights) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum over the groups, and the parts by name."""
    total = torch.zeros((), device=pairs.clean.device)
    parts: dict[str, Tensor] = {}
    for group, (clean, defective) in enumerate(zip(seen.clean, seen.defective)):
        both = [(clean, pairs.clean_targets), (defective, pairs.defective_targets)]
        losses: dict[str, tuple[float, Tensor]] = {}
        if weights.dense > 0:
            family, value, place = [torch.stack(sums).mean() for sums in zip(*[dense_losses(student, group, *one) for one in both])]
            losses["family"] = weights.dense, family
            losses["value"] = weights.dense * REGRESSION_FACTOR, value
            losses["place"] = weights.dense * REGRESSION_FACTOR / 2, place
        described = [(clean, seen.clean_descriptors[group]), (defective, seen.defective_descriptors[group])]
        losses["description"] = weights.description, torch.stack([description_loss(*one) for one in described]).mean()
        if weights.contrast > 0:
            losses["contrast"] = weights.contrast, contrast_loss(clean, defective, pairs, dice=dice, temperature=weights.temperature)
        if weights.identity > 0:
            losses["identity"] = weights.identity, torch.stack([identity_loss(student, group, *one, dice=dice) for one in both]).mean()
        if weights.cluster > 0:
            losses["cluster"] = weights.cluster, cluster_loss(student, group, clean, defective, pairs, dice=dice)
        total = total + sum(weight * loss for weight, loss in losses.values())
        parts.update({f"{name}{group}": loss.detach() for name, (_, loss) in losses.items()})
    return total, parts


def dense_losses(student: Student, group: int, features: Tensor, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """Which texture family; robust regressions of the standardised appearance and make, and of the place in a picture."""
    predicted = student.heads[group](features)
    logits, appearance, make, place = predicted.split([len(FAMILIES), APPEARANCE, MAKE, PLACE], -1)
    ground = targets.ground / targets.ground.mean().clamp_min(0.05)
    family = (F.cross_entropy(logits.transpose(1, 2), targets.family, reduction="none") * ground).mean()
    look, material = student.standardise(targets)
    robust = lambda found, truth: F.smooth_l1_loss(found, truth, reduction="none", beta=0.5).mean(2)
    value = 0.6 * robust(appearance, look).mean() + 0.4 * (robust(make, material) * ground).mean()
    shown = (targets.picture >= 0).float()
    where = targets.place.clamp(-FARTHEST_PLACE, FARTHEST_PLACE)
    return family, value, (robust(place, where) * shown).sum() / shown.sum().clamp_min(1)


def identity_loss(student: Student, group: int, features: Tensor, targets: Targets, *, dice: Dice) -> Tensor:
    """Which of the pictures a patch shows: the cross-entropy over all of them, 0 where none is shown."""
    shown = (targets.picture.flatten() >= 0).nonzero()[:, 0]
    chosen = shown[dice.uniform(len(shown)).argsort()[:NAMED_PATCHES]]
    logits = student.names[group](features.flatten(0, 1)[chosen])
    return F.cross_entropy(logits, targets.picture.flatten()[chosen], reduction="sum") / max(1, len(chosen))


def description_loss(features: Tensor, descriptors: Tensor) -> Tensor:
    """One less the cosine of the features and the descriptors: the raw features, because Dinomaly compares those."""
    return (1 - F.cosine_similarity(features, descriptors, dim=-1)).mean()


def undamaged_places(clean: Tensor, defective: Tensor, pairs: Pairs, *, dice: Dice, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    Up to `most` patches of the clean photographs that the defective ones show undamaged: their indices among all (m,), and
    the features of both at these places, (m, dim), of length 1.
    """
    count, patches, dim = clean.shape
    there = sample_tokens(torch.cat([defective, pairs.severity[..., None]], 2), pairs.places)
    eligible = (pairs.matched & (there[..., -1] < UNDAMAGED)).flatten()
    order = torch.argsort(dice.uniform(count * patches) + (~eligible).float())
    chosen = order[: min(most, int(eligible.sum()))]
    left = F.normalize(clean.reshape(-1, dim)[chosen], dim=-1)
    return chosen, left, F.normalize(there[..., :-1].reshape(-1, dim)[chosen], dim=-1)


def contrast_loss(clean: Tensor, defective: Tensor, pairs: Pairs, *, dice: Dice, temperature: float) -> Tensor:
    """
    InfoNCE on the raw cosine: a patch must be nearer to the same place of the other photograph than to any other patch of
    the batch, unless that place is damaged; patches of the same plain region are not told apart.
    """
    patches = clean.shape[1]
    chosen, left, right = undamaged_places(clean, defective, pairs, dice=dice, most=CONTRAST_PATCHES)
    purity, label = pairs.clean_targets.region.flatten(0, 1)[chosen].max(1)
    region = label + torch.div(chosen, patches, rounding_mode="floor") * 1000
    pure = (purity > PURE_SHARE) & (pairs.clean_targets.picture.flatten()[chosen] < 0)
    alike = (region[:, None] == region[None]) & pure[:, None] & pure[None]
    alike.fill_diagonal_(False)
    logits = (left @ right.T / temperature).masked_fill(alike, -1e4)
    truth = torch.arange(len(chosen), device=clean.device)
    return (F.cross_entropy(logits, truth) + F.cross_entropy(logits.T, truth)) / 2


def cluster_loss(student: Student, group: int, clean: Tensor, defective: Tensor, pairs: Pairs, *, dice: Dice) -> Tensor:
    """
    Swapped assignments (SwAV, Caron et al. 2020) of undamaged places: either photograph tells to which of the student's
    clusters the other one assigns the same place, all clusters being used alike.
    """
    chosen, left, right = undamaged_places(clean, defective, pairs, dice=dice, most=CLUSTERED_PLACES)
    if len(chosen) == 0:
        return clean.sum() * 0
    centres = F.normalize(student.clusters[group], dim=-1)
    first, second = left @ centres.T, right @ centres.T
    swapped = [(first, balanced(second.detach())), (second, balanced(first.detach()))]
    return sum(-(truth * (found / CLUSTER_TEMPERATURE).log_softmax(1)).sum(1).mean() for found, truth in swapped) / 2


@torch.no_grad()
def balanced(likeness: Tensor) -> Tensor:
    """likeness (n, clusters) -> soft assignments, rows that add up to 1, columns that weigh the same (Sinkhorn and Knopp)."""
    share = ((likeness - likeness.max()) / BALANCE_TEMPERATURE).exp()
    for _ in range(BALANCE_ROUNDS):
        share = share / share.sum(0, keepdim=True).clamp_min(1e-12)
        share = share / share.sum(1, keepdim=True).clamp_min(1e-12)
    return share
