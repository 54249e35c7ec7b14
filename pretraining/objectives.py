"""What the features of a group are trained for. Features are (n, g, dim); every loss is a mean over patches."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from drawing.dice import Dice
from drawing.pairs import Pairs
from drawing.targets import APPEARANCE, GEOMETRY, REGION, VALUES, Targets
from drawing.textures import FAMILIES
from network import Student

# Shares of the regression loss by kind of target, spread over the kind's columns.
VALUE_SHARES = ((APPEARANCE, 0.45), (REGION, 0.3), (GEOMETRY, 0.25))
REGRESSION_FACTOR = 4.0
# A patch counts as belonging to one region when this share of its pixels does.
PURE_SHARE = 0.9
# Patches that are compared with each other in one contrastive loss: bounds its memory.
CONTRAST_PATCHES = 2048


@dataclass(frozen=True)
class Weights:
    """Factors of the losses; 0 leaves a loss out. What the README measured speaks against difference and detection so far."""

    dense: float = 1.0
    contrast: float = 0.3
    difference: float = 0.0
    detection: float = 0.0
    temperature: float = 0.07
    margin: float = 0.5


def total_loss(student: Student, features: tuple[list[Tensor], list[Tensor]], pairs: Pairs, *, masked: Tensor, dice: Dice, weights: Weights) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum over the groups, and the parts by name. features: of the clean and of the defective view; masked (n, g): in the clean one."""
    total = torch.zeros((), device=masked.device)
    parts: dict[str, Tensor] = {}
    for group, (clean, defective) in enumerate(zip(*features)):
        clean, defective = clean.float(), defective.float()
        predicted_clean, predicted_defective = student.heads[group](clean), student.heads[group](defective)
        family_a, value_a = dense_losses(student, predicted_clean, pairs.clean_targets)
        family_b, value_b = dense_losses(student, predicted_defective, pairs.defective_targets)
        family, value = (family_a + family_b) / 2, (value_a + value_b) / 2
        nothing = torch.zeros_like(pairs.severity)
        detection = (detection_loss(predicted_defective, pairs.severity) + detection_loss(predicted_clean, nothing)) / 2
        agreement, separation = difference_losses(clean, defective, pairs.severity, masked=masked, margin=weights.margin)
        contrast = contrast_loss(clean, defective, pairs, masked=masked, dice=dice, temperature=weights.temperature)
        total = total + weights.dense * (family + REGRESSION_FACTOR * value) + weights.detection * detection
        total = total + weights.difference * (agreement + separation) + weights.contrast * contrast
        named = {"family": family, "value": value, "detect": detection, "agree": agreement, "separate": separation, "contrast": contrast}
        parts.update({f"{name}{group}": part.detach() for name, part in named.items()})
    return total, parts


def dense_losses(student: Student, predicted: Tensor, targets: Targets) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the texture families' shares, and a robust regression of the standardised values."""
    logits, values = predicted[..., : len(FAMILIES)], predicted[..., len(FAMILIES) : len(FAMILIES) + VALUES]
    family = -(targets.family * F.log_softmax(logits, -1)).sum(-1).mean()
    error = F.smooth_l1_loss(values, student.standardise(targets.values), reduction="none", beta=0.5)
    value = sum(share * error[..., columns].mean() for columns, share in VALUE_SHARES)
    return family, value


def detection_loss(predicted: Tensor, severity: Tensor) -> Tensor:
    """Whether a patch is defective, told from its features alone: what has no place in its surroundings gets a code of its own."""
    return F.binary_cross_entropy_with_logits(predicted[..., -1], severity)


def difference_losses(clean: Tensor, defective: Tensor, severity: Tensor, *, masked: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """
    Cosine distance between the two views of a patch: small where only the camera differs (agreement), at least
    margin * severity where a defect is (separation; at severity 1 a distance of `margin`).
    """
    distance = 1 - F.cosine_similarity(clean, defective, dim=-1)
    seen = (~masked).float()
    same = (severity < 0.02).float() * seen
    changed = (severity > 0.1).float() * seen
    agreement = (distance * same).sum() / same.sum().clamp_min(1)
    shortfall = F.relu(margin * severity.sqrt() - distance) / margin
    return agreement, (shortfall * changed).sum() / changed.sum().clamp_min(1)


def contrast_loss(clean: Tensor, defective: Tensor, pairs: Pairs, *, masked: Tensor, dice: Dice, temperature: float) -> Tensor:
    """
    InfoNCE on the raw cosine: an undamaged patch must be nearer to itself in the other view than to any other patch of
    the batch; patches of the same plain region are not told apart.
    """
    count, patches, dim = clean.shape
    eligible = ((pairs.severity < 0.02) & ~masked).flatten()
    order = torch.argsort(dice.uniform(count * patches) + (~eligible).float())
    chosen = order[: min(CONTRAST_PATCHES, count * patches)]
    weight = eligible[chosen].float()
    left = F.normalize(clean.reshape(-1, dim)[chosen], dim=-1)
    right = F.normalize(defective.reshape(-1, dim)[chosen], dim=-1)
    purity, label = pairs.clean_targets.label.flatten(0, 1)[chosen].max(1)
    region = label + torch.div(chosen, patches, rounding_mode="floor") * 1000
    pure = purity > PURE_SHARE
    alike = (region[:, None] == region[None]) & pure[:, None] & pure[None]
    alike.fill_diagonal_(False)
    logits = (left @ right.T / temperature).masked_fill(alike, -1e4)
    truth = torch.arange(len(chosen), device=clean.device)
    loss = F.cross_entropy(logits, truth, reduction="none") + F.cross_entropy(logits.T, truth, reduction="none")
    return (loss * weight).sum() / (2 * weight.sum().clamp_min(1))
