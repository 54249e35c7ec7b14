"""A scene: the image as it would look without any defect, and everything that is known about its pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .canvas import Canvas
from .dice import Dice
from .layouts import Layout, draw_layout
from .materials import Materials, label_edges, paint, pick_materials
from .textures import Bank, draw_bank

# Columns of what is known of a region's make: direction (3), wavelength, contrast, metal, colour (3).
MAKE = 9


@dataclass
class Scenes:
    """image (n, 3, side, side) in [0, 1]; edges (n, side, side) of 0/1; slope (n, 2, side, side)."""

    image: Tensor
    edges: Tensor
    slope: Tensor
    layout: Layout
    materials: Materials
    bank: Bank

    def make(self) -> Tensor:
        """(n, LABELS, MAKE): direction, wavelength, contrast and metal of each region's texture, and its colour."""
        materials, bank = self.materials, self.bank
        texture = materials.texture
        directed, angle = bank.directed[texture], bank.angle[texture]
        columns = [
            directed * torch.cos(2 * angle),
            directed * torch.sin(2 * angle),
            directed,
            bank.log_wavelength[texture],
            materials.contrast.abs().mean(2).clamp_min(1e-3).log(),
            materials.metal,
        ]
        return torch.cat([torch.stack(columns, 2), materials.colour], 2)


def draw_scenes(dice: Dice, canvas: Canvas, count: int, per_family: int) -> Scenes:
    """Draws a bank with `per_family` textures of each family, then `count` scenes from it."""
    bank = draw_bank(dice, canvas, per_family)
    layout = draw_layout(dice, canvas, count)
    materials = pick_materials(dice, bank, layout.style)
    image, slope = paint(dice, canvas, bank, layout, materials)
    return Scenes(image, label_edges(layout.label), slope, layout, materials, bank)
