"""All chance in one place: a seeded generator on the drawing device."""

import math

import torch
from torch import Tensor

# Multipliers of the LCG family, coprime to 2^61: neighbouring (seed, step) pairs give unrelated states.
SEED_FACTOR = 6364136223846793005
STEP_FACTOR = 1442695040888963407
SEED_SPACE = 1 << 61


class Dice:
    """Random tensors that depend on nothing but the seed and the number of the step."""

    def __init__(self, device: torch.device | str = "cpu", seed: int = 0, step: int = 0) -> None:
        self.device = torch.device(device)
        self._generator = torch.Generator(device=self.device)
        self.reseed(seed, step)

    def reseed(self, seed: int, step: int) -> None:
        """Starts the sequence of one step anew; a resumed run therefore draws what an uninterrupted one draws."""
        self._generator.manual_seed((seed * SEED_FACTOR + step * STEP_FACTOR) % SEED_SPACE)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return torch.rand(*shape, generator=self._generator, device=self.device) * (high - low) + low

    def log_uniform(self, *shape: int, low: float, high: float) -> Tensor:
        return torch.exp(self.uniform(*shape, low=math.log(low), high=math.log(high)))

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=self._generator, device=self.device) * scale

    def integers(self, high: int, *shape: int) -> Tensor:
        """Whole numbers in [0, high)."""
        return torch.randint(0, high, shape, generator=self._generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """Booleans that are true with the given probability."""
        return self.uniform(*shape) < probability
