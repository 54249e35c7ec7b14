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
# Patches that one contrastive loss compares, and patches whose picture is to be named: both bound the memory.
CONTRAST_PATCHES, NAMED_PATCHES = 1024, 192
# A place in a picture is learned to this many half sides from its centre.
FARTHEST_PLACE = 1.5
UNDAMAGED = 0.05


@dataclass(frozen=True)
class Weights:
    """Factors of the losses; 0 leaves a loss out."""

    dense: float = 1.0
    naming: float = 0.15
    contrast: float = 0.5
    temperature: float = 0.1


def total_loss(student: Student, features: tuple[list[Tensor], list[Tensor]], pairs: Pairs, *, dice: Dice, weights: Weights) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum over the groups, and the parts by name. features: of the clean and of the defective photograph."""
    total = torch.zeros((), device=pairs.clean.device)
    parts: dict[str, Tensor] = {}
    for group, (clean, defective) in enumerate(zip(*features)):
        clean, defective = clean.float(), defective.float()
        both = [(clean, pairs.clean_targets), (defective, pairs.defective_targets)]
        sums = [torch.stack(losses).mean(0) for losses in zip(*[dense_losses(student, group, *one) for one in both])]
        family, value, place = sums
        naming = torch.stack([naming_loss(student, group, *one, dice=dice) for one in both]).mean()
        contrast = contrast_loss(clean, defective, pairs, dice=dice, temperature=weights.temperature)
        total = total + weights.dense * (family + REGRESSION_FACTOR * (value + 0.5 * place))
        total = total + weights.naming * naming + weights.contrast * contrast
        named = {"family": family, "value": value, "place": place, "naming": naming, "contrast": contrast}
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


def naming_loss(student: Student, group: int, features: Tensor, targets: Targets, *, dice: Dice) -> Tensor:
    """Which of the pictures a patch shows a piece of: told from a few patches of the batch."""
    picture = targets.picture.flatten()
    order = torch.argsort(dice.uniform(len(picture)) + (picture < 0).float())[:NAMED_PATCHES]
    loss = F.cross_entropy(student.names[group](features.flatten(0, 1)[order]), picture[order].clamp_min(0), reduction="none", label_smoothing=0.1)
    shown = (picture[order] >= 0).float()
    return (loss * shown).sum() / shown.sum().clamp_min(1)


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
