"""What people print on parts: lines of an invented script, bar codes, matrix codes, rulers."""

import torch
from torch import Tensor

from .brush import Brush, fraction

GLYPHS = 24
GLYPH_ROWS, GLYPH_COLUMNS = 7, 5
# A glyph's strokes: how likely it has ink in a row or a column that carries a stroke, and elsewhere.
STROKE_INK, STRAY_INK = 0.9, 0.1


def draw_script(brush: Brush) -> Tensor:
    """(GLYPHS, rows + 2, columns + 1) of ink in {0, 1}: horizontal and vertical strokes with a blank margin."""
    dice = brush.dice
    in_row, in_column = dice.chance(0.4, GLYPHS, GLYPH_ROWS, 1), dice.chance(0.4, GLYPHS, 1, GLYPH_COLUMNS)
    share = torch.where(in_row | in_column, STROKE_INK, STRAY_INK)
    ink = (dice.uniform(GLYPHS, GLYPH_ROWS, GLYPH_COLUMNS) < share).float()
    return torch.nn.functional.pad(ink, (0, 1, 1, 1))


def cell_chance(column: Tensor, row: Tensor, salt: Tensor) -> Tensor:
    """A number in [0, 1) that depends on the cell only."""
    return fraction(torch.sin(column * 12.9898 + row * 78.233 + salt) * 437.5853)


def text(brush: Brush) -> Tensor:
    script = draw_script(brush)
    rows, columns = script.shape[1:]
    u, v = brush.u * 1.2, brush.v * 0.9
    column, row = torch.floor(u), torch.floor(v)
    chance = cell_chance(column, row, brush.between(0, 50))
    glyph = (chance * GLYPHS).long().clamp(0, GLYPHS - 1)
    blank = fraction(chance * 61.7) < 0.12
    in_row = ((v - row) * rows).long().clamp(0, rows - 1)
    in_column = ((u - column) * columns).long().clamp(0, columns - 1)
    return torch.where(blank, 0.0, script[glyph, in_row, in_column]) * 2 - 1


def bar_code(brush: Brush) -> Tensor:
    cell = torch.floor(brush.u * 3)
    return torch.where(cell_chance(cell, torch.zeros_like(cell), brush.between(0, 50)) < 0.5, -1.0, 1.0)


def matrix_code(brush: Brush) -> Tensor:
    column, row = torch.floor(brush.u * 2), torch.floor(brush.v * 2)
    return torch.where(cell_chance(column, row, brush.between(0, 50)) < 0.5, -1.0, 1.0)


def ruler(brush: Brush) -> Tensor:
    """Ticks of two lengths along lines."""
    long_tick = fraction(torch.floor(brush.u * 3) / 5) < 0.1
    length = torch.where(long_tick, 0.6, 0.35)
    is_tick = (fraction(brush.u * 3) < 0.3) & (fraction(brush.v * 0.5) < length)
    return torch.where(is_tick, 1.0, -1.0)


FAMILIES = (text, bar_code, matrix_code, ruler)
DIRECTED = frozenset(FAMILIES)
