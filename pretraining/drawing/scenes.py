"""A scene: the image as it would look without any defect, and everything that is known about its pixels."""

from dataclasses import dataclass

from torch import Tensor

from .canvas import Canvas
from .dice import Dice
from .layouts import Layout, draw_layout
from .materials import Materials, label_edges, paint, pick_materials
from .textures import Bank, draw_bank


@dataclass
class Scenes:
    """image (n, 3, side, side) in [0, 1]; edges (n, side, side) of 0/1; slope (n, 2, side, side)."""

    image: Tensor
    edges: Tensor
    slope: Tensor
    layout: Layout
    materials: Materials
    bank: Bank


def draw_scenes(dice: Dice, canvas: Canvas, count: int, per_family: int) -> Scenes:
    """Draws a bank with `per_family` textures of each family, then `count` scenes from it."""
    bank = draw_bank(dice, canvas, per_family)
    layout = draw_layout(dice, canvas, count)
    materials = pick_materials(dice, bank, layout.style)
    image, slope = paint(dice, canvas, bank, layout, materials)
    return Scenes(image, label_edges(layout.label), slope, layout, materials, bank)
