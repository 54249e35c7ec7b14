"""What every texture family draws with: chance, coordinates and the size and direction of its grain."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .canvas import Canvas
from .dice import Dice

# Grain below 4 px is lost to the blur of the views; above a third of the side it is no texture any more.
SHORTEST_WAVELENGTH_PX = 4.0
LONGEST_WAVELENGTH_SHARE = 1 / 3.5


def fraction(values: Tensor) -> Tensor:
    return values - torch.floor(values)


def wave(phase: Tensor) -> Tensor:
    """A sine with period 1."""
    return torch.sin(2 * math.pi * phase)


@dataclass
class Brush:
    """Parameters of `count` textures; tensors are (count, 1, 1), u and v (count, side, side) in wavelengths."""

    dice: Dice
    canvas: Canvas
    count: int
    angle: Tensor
    wavelength: Tensor
    u: Tensor
    v: Tensor

    def between(self, low: float, high: float) -> Tensor:
        return self.dice.uniform(self.count, 1, 1, low=low, high=high)

    def between_log(self, low: float, high: float) -> Tensor:
        return self.dice.log_uniform(self.count, 1, 1, low=low, high=high)

    def noise(self, bandwidth: Tensor, wavelength: Tensor, *, spread: Tensor | float = 8.0, slope: Tensor | float = 0.2) -> Tensor:
        """(count, side, side), unit variance, clipped to three deviations."""
        as_tensor = lambda value: value if isinstance(value, Tensor) else torch.full_like(self.angle, value)
        noise = self.canvas.spectral_noise(
            self.dice, wavelength, bandwidth, angle=self.angle, spread=as_tensor(spread), slope=as_tensor(slope)
        )
        return noise.clamp(-3, 3)


def pick_brush(dice: Dice, canvas: Canvas, count: int) -> Brush:
    """Random direction, wavelength, position and a slight warp for `count` textures of one family."""
    side = canvas.side
    angle = dice.uniform(count, 1, 1, high=math.pi)
    wavelength = dice.log_uniform(count, 1, 1, low=SHORTEST_WAVELENGTH_PX, high=side * LONGEST_WAVELENGTH_SHARE)
    warp = dice.log_uniform(count, 1, 1, low=0.02, high=0.35) * dice.chance(0.6, count, 1, 1)
    x = canvas.x + dice.uniform(count, 1, 1, low=-side / 2, high=side / 2)
    y = canvas.y + dice.uniform(count, 1, 1, low=-side / 2, high=side / 2)
    u = (x * angle.cos() + y * angle.sin()) / wavelength + canvas.smooth_field(dice, count) * warp
    v = (y * angle.cos() - x * angle.sin()) / wavelength + canvas.smooth_field(dice, count) * warp
    stretch = dice.log_uniform(count, 1, 1, low=0.6, high=1.7)
    return Brush(dice, canvas, count, angle, wavelength, u, v * stretch)
