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
# A place in a picture is learned to this many half sides from its centre.
FARTHEST_PLACE = 1.5
UNDAMAGED = 0.05


@dataclass(frozen=True)
class Weights:
    """Factors of the losses; 0 leaves a loss out."""

    dense: float = 1.0
    description: float = 4.0
    contrast: float = 0.5
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
        clean, defective = clean.float(), defective.float()
        both = [(clean, pairs.clean_targets), (defective, pairs.defective_targets)]
        sums = [torch.stack(losses).mean(0) for losses in zip(*[dense_losses(student, group, *one) for one in both])]
        family, value, place = sums
        description = (description_loss(clean, seen.clean_descriptors[group]) + description_loss(defective, seen.defective_descriptors[group])) / 2
        contrast = contrast_loss(clean, defective, pairs, dice=dice, temperature=weights.temperature)
        total = total + weights.dense * (family + REGRESSION_FACTOR * (value + 0.5 * place))
        total = total + weights.description * description + weights.contrast * contrast
        named = {"family": family, "value": value, "place": place, "description": description, "contrast": contrast}
        parts.update({f"{name}{group}": part.detach() for name, part in named.items()})
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


def description_loss(features: Tensor, descriptors: Tensor) -> Tensor:
    """One less the cosine of the features and the descriptors: the raw features, because Dinomaly compares those."""
    return (1 - F.cosine_similarity(features, descriptors, dim=-1)).mean()


def contrast_loss(clean: Tensor, defective: Tensor, pairs: Pairs, *, dice: Dice, temperature: float) -> Tensor:
    """
    InfoNCE on the raw cosine: a patch must be nearer to the same place of the other photograph than to any other patch of
    the batch, unless that place is damaged; patches of the same plain region are not told apart.
    """
    count, patches, dim = clean.shape
    there = sample_tokens(torch.cat([defective, pairs.severity[..., None]], 2), pairs.places)
    eligible = (pairs.matched & (there[..., -1] < UNDAMAGED)).flatten()
    order = torch.argsort(dice.uniform(count * patches) + (~eligible).float())
    chosen = order[: min(CONTRAST_PATCHES, int(eligible.sum()))]
    left = F.normalize(clean.reshape(-1, dim)[chosen], dim=-1)
    right = F.normalize(there[..., :-1].reshape(-1, dim)[chosen], dim=-1)
    purity, label = pairs.clean_targets.region.flatten(0, 1)[chosen].max(1)
    region = label + torch.div(chosen, patches, rounding_mode="floor") * 1000
    pure = (purity > PURE_SHARE) & (pairs.clean_targets.picture.flatten()[chosen] < 0)
    alike = (region[:, None] == region[None]) & pure[:, None] & pure[None]
    alike.fill_diagonal_(False)
    logits = (left @ right.T / temperature).masked_fill(alike, -1e4)
    truth = torch.arange(len(chosen), device=clean.device)
    return (F.cross_entropy(logits, truth) + F.cross_entropy(logits.T, truth)) / 2
