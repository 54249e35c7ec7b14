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

# What a drawing process reads once at its start: the scenes, the pictures and the seed.
_material: tuple[dict[str, Tensor], Tensor, int] | None = None


class DrawingHere:
    """Draws when asked, on the device that holds the scenes: on a GPU that is faster than any number of processes beside it."""

    def __init__(self, pool: dict[str, Tensor], pictures: Tensor, seed: int) -> None:
        self._pool, self._pictures, self._seed = pool, pictures, seed
        self._dice = Dice(pictures.device, seed)
        self._canvases: dict[int, Canvas] = {}

    @torch.no_grad()
    def submit(self, step: int, side: int, count: int, smallest: float) -> "Future[Pairs]":
        self._dice.reseed(self._seed, step)
        canvas = self._canvases.setdefault(side, Canvas(side, self._pictures.device))
        chosen = self._dice.integers(len(self._pool["image"]), count)
        scenes = {name: values[chosen] for name, values in self._pool.items()}
        drawn: Future[Pairs] = Future()
        drawn.set_result(draw_pairs(self._dice, canvas, scenes, self._pictures, smallest=smallest))
        return drawn

    def close(self) -> None:
        """Nothing to end: the scenes may serve the next training."""


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
