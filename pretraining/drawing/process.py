"""Draws pairs in processes of their own, while the training computes."""

import os
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import torch
import torch.multiprocessing as multiprocessing
from torch import Tensor

from pool import read_pool

from .canvas import Canvas
from .dice import Dice
from .pairs import Pairs, draw_pairs

STEPS_AT_ONCE = 3
# What a drawing process reads once at its start: the scenes, the pictures and the seed.
_material: tuple[dict[str, Tensor], Tensor, int] | None = None


class DrawingHere:
    """
    Draws on the device that holds the scenes: on a GPU that is faster than any number of processes beside it, and the
    more so the more is drawn at once, so that several steps share one drawing.
    """

    def __init__(self, pools: dict[int, dict[str, Tensor]], pictures: Tensor, seed: int) -> None:
        """pools: the scenes for each side of photographs."""
        self._pools, self._pictures, self._seed = pools, pictures, seed
        self._dice = Dice(pictures.device, seed)
        self._canvases: dict[int, Canvas] = {}
        self._left: list[Pairs] = []

    @torch.no_grad()
    def submit(self, step: int, side: int, count: int, smallest: float) -> "Future[Pairs]":
        if not self._left or tuple(self._left[0].clean.shape[::3]) != (count, side):
            self._left = self._draw(step, side, count * STEPS_AT_ONCE, smallest).split(count)
        drawn: Future[Pairs] = Future()
        drawn.set_result(self._left.pop())
        return drawn

    def close(self) -> None:
        """Nothing to end: the scenes may serve the next training."""

    def _draw(self, step: int, side: int, count: int, smallest: float) -> Pairs:
        self._dice.reseed(self._seed, step)
        canvas = self._canvases.setdefault(side, Canvas(side, self._pictures.device))
        pool = self._pools[side]
        chosen = self._dice.integers(len(pool["image"]), count)
        scenes = {name: values[chosen] for name, values in pool.items()}
        return draw_pairs(self._dice, canvas, scenes, self._pictures, smallest=smallest)


class DrawingProcesses:
    """What is drawn for a step depends on the seed and the step only, not on how many processes share the work."""

    def __init__(self, pool: Path, clipart: Path, seed: int, count: int = 1) -> None:
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(pool, clipart, seed))

    def submit(self, step: int, side: int, count: int, smallest: float) -> "Future[Pairs]":
        return self._executor.submit(_draw, step, side, count, smallest)

    def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)


def _start(pool: Path, clipart: Path, seed: int) -> None:
    global _material
    # A session of its own: Linux shares the processor between sessions first.
    os.setsid()
    torch.set_num_threads(1)
    _material = (read_pool(pool), torch.load(clipart, mmap=True), seed)


@torch.no_grad()
def _draw(step: int, side: int, count: int, smallest: float) -> Pairs:
    if _material is None:
        raise RuntimeError("Expected the drawing process to be started, found no material")
    pool, pictures, seed = _material
    dice = Dice("cpu", seed, step)
    chosen = dice.integers(len(pool["image"]), count)
    return draw_pairs(dice, Canvas(side), {name: values[chosen] for name, values in pool.items()}, pictures, smallest=smallest)
