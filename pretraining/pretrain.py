"""Trains the encoder on drawn images. Started again with the same folder, it carries on where it was.

python pretrain.py run --pool runs/pool --clipart runs/clipart.pt --seconds 2400
torchrun --nproc-per-node 2 pretrain.py run ...          # two processes of one thread each: better where cores are shared
"""

import argparse
import math
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
import torch.distributed as distributed
from torch import Tensor, nn

from checkpoint import read_checkpoint, write_checkpoint, write_encoder
from drawing.crops import SMALLEST_SHARE
from drawing.descriptors import Reduction, describe, fit_reduction, turn_reduction
from drawing.dice import Dice
from drawing.pairs import Pairs, normalise
from drawing.process import DrawingHere, DrawingProcesses
from drawing.targets import PATCH
from features import load_encoder
from network import POSITION_GRID, Student
from objectives import Seen, Weights, total_loss
from pool import draw_pool

# Steps of another sequence than the training's, for the statistics of the targets.
STATISTICS_STEP = -1
STATISTICS_IMAGES = 128
LOG_EVERY_STEPS = {"cpu": 20, "cuda": 200}
# Steps whose pairs are drawn in advance, besides one for each further drawing process.
AHEAD = 3
# Side of the scenes drawn on the device, in sides of the photographs taken of them.
SCENE_PER_PHOTOGRAPH = 1.5
# Smallest share of a scene's side in a photograph at the final side: its pixels are not to be enlarged much.
FINAL_SMALLEST_SHARE = 0.75


@dataclass(frozen=True)
class Plan:
    """
    Length is `steps` when above 0, else `seconds` of computing. The last `final_share` of it runs at `final_side`.
    `start` names an encoder to begin with instead of random weights; `half` 1 computes the blocks in bfloat16. `batch`
    counts the scenes of one process and step; `drawers`, the processes that draw for it. With `scenes` above 0 that many
    are drawn at the start on `device`, the pairs too, and `photographs` (see photos.py) are added; `pool` is not read.
    """

    seconds: float = 2400.0
    steps: int = 0
    seed: int = 0
    pool: str = "runs/pool"
    clipart: str = "runs/clipart.pt"
    photographs: str = ""
    scenes: int = 0
    start: str = ""
    device: str = "cpu"
    threads: int = 1
    drawers: int = 1
    half: int = 1
    batch: int = 16
    side: int = 112
    final_batch: int = 4
    final_side: int = 224
    final_share: float = 0.15
    learning_rate: float = 1e-3
    final_learning_rate: float = 3e-5
    warmup: int = 60
    weight_decay: float = 0.05
    mask_share: float = 0.2
    average: float = 0.996
    checkpoint_seconds: float = 120.0
    dense: float = Weights.dense
    description: float = Weights.description
    contrast: float = Weights.contrast
    identity: float = Weights.identity
    cluster: float = Weights.cluster
    cluster_from: float = 0.0
    temperature: float = Weights.temperature

    def weights(self, progress: float) -> Weights:
        """The clusters count from this share of the training on."""
        weights = Weights(**{field.name: getattr(self, field.name) for field in fields(Weights)})
        return weights if progress >= self.cluster_from else replace(weights, cluster=0.0)


def start_drawing(plan: Plan, pictures: Tensor) -> DrawingHere | DrawingProcesses:
    """On the device from a pool drawn there first, or in processes beside."""
    if plan.scenes == 0:
        return DrawingProcesses(Path(plan.pool), Path(plan.clipart), plan.seed, plan.drawers)
    device = torch.device(plan.device)
    photographs = torch.load(plan.photographs) if plan.photographs else None
    sides = {side: int(side * SCENE_PER_PHOTOGRAPH) for side in (plan.side, plan.final_side)}
    pools = {side: draw_pool(device, side=scene, seed=plan.seed, count=plan.scenes, photographs=photographs) for side, scene in sides.items()}
    return DrawingHere(pools, pictures.to(device), plan.seed)


class Training:
    """State that a checkpoint holds: student, averaged student, optimiser, step, seconds and scenes so far."""

    def __init__(self, plan: Plan, folder: Path, drawing: DrawingHere | None = None) -> None:
        self.plan, self.folder = plan, folder
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        self.processes = distributed.get_world_size() if distributed.is_initialized() else 1
        self.device = torch.device(plan.device)
        torch.manual_seed(plan.seed)
        self.dice = Dice(self.device, plan.seed)
        pictures = torch.load(plan.clipart, mmap=True)
        self.drawing = drawing or start_drawing(plan, pictures)
        self.requested: deque[Future[Pairs]] = deque()
        self.student = Student(len(pictures)).to(self.device)
        self.averaged = {name: value.clone() for name, value in self.student.encoder.state_dict().items()}
        decayed = [value for name, value in self.student.named_parameters() if _decays(name, value)]
        others = [value for name, value in self.student.named_parameters() if not _decays(name, value)]
        groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98), fused=self.device.type == "cuda")
        self.step, self.seconds, self.images = 0, 0.0, 0
        self.reductions: list[Reduction] = []
        if not self._resume():
            if plan.start:
                self.student.encoder.load_state_dict(load_encoder(Path(plan.start)).state_dict())
                self.averaged = {name: value.clone() for name, value in self.student.encoder.state_dict().items()}
            self._measure_targets()

    def progress(self) -> float:
        """Share of the training that is done, from 0 to 1."""
        if self.plan.steps > 0:
            return self.step / self.plan.steps
        return min(1.0, self.seconds / self.plan.seconds)

    def run_step(self) -> tuple[float, dict[str, Tensor]]:
        """One step of the optimiser; returns the seconds spent waiting for drawings and the parts of the loss."""
        plan, progress = self.plan, self.progress()
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate(progress)
        started = time.perf_counter()
        ahead_of_time = 1 if plan.scenes > 0 else AHEAD + plan.drawers - 1
        for ahead in range(len(self.requested), ahead_of_time):
            self._request(self.step + ahead, progress if plan.steps == 0 else (self.step + ahead) / plan.steps)
        pairs = self.requested.popleft().result().to(self.device)
        waiting = time.perf_counter() - started
        self.dice.reseed(plan.seed, -2 - self.step * self.processes - self.rank)
        batch, side = len(pairs.clean), pairs.clean.shape[-1]
        free = POSITION_GRID - side // PATCH + 1
        corners = [(int(top), int(left)) for top, left in self.dice.integers(free, 2, 2).tolist()]
        masked = self.dice.chance(plan.mask_share, batch, (side // PATCH) ** 2)
        masked = torch.cat([masked, torch.zeros_like(masked)])
        encoder = self.student.encoder
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bool(plan.half)):
            both = encoder(normalise(torch.cat([pairs.clean, pairs.defective])), *corners, masked=masked, mask_token=self.student.mask_token)
        clean, defective = zip(*[group.float().chunk(2) for group in both])
        clean_truth, defective_truth = zip(*[group.chunk(2) for group in self._describe(pairs)])
        seen = Seen(list(clean), list(defective), list(clean_truth), list(defective_truth))
        loss, parts = total_loss(self.student, seen, pairs, dice=self.dice, weights=plan.weights(progress))
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()
        self._share_gradients()
        nn.utils.clip_grad_norm_(self.student.parameters(), 2.0)
        self.optimiser.step()
        self._average()
        self.step += 1
        self.images += batch * self.processes
        self.seconds += self._agree(time.perf_counter() - started)
        return waiting, {"loss": loss.detach(), **parts}

    def save(self) -> None:
        if self.rank > 0:
            return
        state = {
            "student": self.student.state_dict(),
            "averaged": self.averaged,
            "reductions": [vars(reduction) for reduction in self.reductions],
            "optimiser": self.optimiser.state_dict(),
            "counters": [self.step, self.seconds, self.images],
        }
        write_checkpoint(self.folder / "checkpoint.pt", state)
        write_encoder(self.folder / "encoder.safetensors", self.encoder_state())

    def encoder_state(self) -> dict[str, Tensor]:
        return self.averaged if self.plan.average > 0 else self.student.encoder.state_dict()

    def _request(self, step: int, progress: float) -> None:
        """Has the pairs of a step drawn while earlier steps compute."""
        plan = self.plan
        final = progress >= 1 - plan.final_share
        side, batch = (plan.final_side, plan.final_batch) if final else (plan.side, plan.batch)
        smallest = FINAL_SMALLEST_SHARE if final and plan.scenes == 0 else SMALLEST_SHARE
        self.requested.append(self.drawing.submit(step * self.processes + self.rank, side, batch, smallest))

    def _share_gradients(self) -> None:
        """The mean of all processes' gradients, in every process."""
        if self.processes == 1:
            return
        gradients = [value.grad for value in self.student.parameters() if value.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(together)
        for gradient, mean in zip(gradients, (together / self.processes).split([gradient.numel() for gradient in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def _agree(self, seconds: float) -> float:
        """The first process's measure of time, so that all follow one schedule."""
        if self.processes == 1:
            return seconds
        value = torch.tensor([seconds], dtype=torch.float64)
        distributed.broadcast(value, 0)
        return float(value)

    def _resume(self) -> bool:
        state = read_checkpoint(self.folder / "checkpoint.pt", self.device)
        if state is None:
            return False
        self.student.load_state_dict(state["student"])
        self.averaged = state["averaged"]
        self.reductions = [Reduction(**reduction) for reduction in state["reductions"]]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.images = state["counters"]
        return True

    @torch.no_grad()
    def _measure_targets(self) -> None:
        """Mean and deviation of every target, so that all weigh the same, and the principal components of the descriptors."""
        images = STATISTICS_IMAGES * (4 if self.plan.scenes > 0 else 1)
        drawn = self.drawing.submit(STATISTICS_STEP, self.plan.side, images, SMALLEST_SHARE)
        drawn_pairs = drawn.result().to(self.device)
        targets = drawn_pairs.clean_targets
        values = torch.cat([targets.appearance, targets.make], 2).flatten(0, 1)
        self.student.value_mean.copy_(values.mean(0))
        self.student.value_deviation.copy_(values.std(0).clamp_min(0.02))
        dim = self.student.mask_token.numel()
        described = describe(targets.image)
        self.reductions = [fit_reduction(descriptors, dim) for descriptors in described]
        if self.plan.start:
            # Components are as good turned as not: turned to what the encoder says already, nothing is unlearned.
            said = [group.float() for group in self.student.encoder(normalise(drawn_pairs.clean))]
            self.reductions = [turn_reduction(*each) for each in zip(self.reductions, described, said)]

    @torch.no_grad()
    def _describe(self, pairs: Pairs) -> list[Tensor]:
        """Of each group: the reduced descriptors of the undisturbed images, clean ones first."""
        images = torch.cat([pairs.clean_targets.image, pairs.defective_targets.image])
        return [reduction(descriptors) for reduction, descriptors in zip(self.reductions, describe(images))]

    def _learning_rate(self, progress: float) -> float:
        """Linear rise over the warm-up, then half a cosine down to the final rate."""
        plan = self.plan
        rise = min(1.0, (self.step + 1) / plan.warmup)
        fall = 0.5 * (1 + math.cos(math.pi * progress))
        return rise * (plan.final_learning_rate + (plan.learning_rate - plan.final_learning_rate) * fall)

    @torch.no_grad()
    def _average(self) -> None:
        """Moving average of the weights. Random ones, where there is nothing to remember, it forgets fast."""
        if self.plan.average <= 0:
            return
        keep = self.plan.average if self.plan.start else min(self.plan.average, (self.step + 1) / (self.step + 10))
        state = self.student.encoder.state_dict()
        torch._foreach_lerp_([self.averaged[name] for name in state], list(state.values()), 1 - keep)


def _decays(name: str, value: Tensor) -> bool:
    return value.ndim > 1 and "pos_embed" not in name and "cls_token" not in name


def run(training: Training, watch: Callable[[Training], None] = lambda _: None) -> None:
    """Trains to the end of the plan; logs and saves on the way, and has every log watched."""
    training.folder.mkdir(parents=True, exist_ok=True)
    saved, logged, waiting = training.seconds, training.seconds, 0.0
    sums: dict[str, Tensor] = {}
    every = LOG_EVERY_STEPS[training.device.type]
    while training.progress() < 1:
        spent, parts = training.run_step()
        waiting += spent
        sums = {name: sums.get(name, torch.zeros_like(part)) + part for name, part in parts.items()}
        if training.step % every == 0:
            means = {name: float(part) / every for name, part in sums.items()}
            if not math.isfinite(means["loss"]):
                raise FloatingPointError(f"Expected a finite loss, found {means['loss']} at step {training.step}")
            elapsed = training.seconds - logged
            words = " ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            if training.rank == 0:
                print(f"step {training.step} {training.seconds:.0f}s {training.images} scenes, waiting {waiting / elapsed:.0%}: {words}", flush=True)
            sums, logged, waiting = {}, training.seconds, 0.0
            watch(training)
        if training.seconds - saved > training.plan.checkpoint_seconds:
            training.save()
            saved = training.seconds
    training.save()
    training.drawing.close()
    print(f"done: {training.step} steps, {training.images} scenes, {training.seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for field in fields(Plan):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    arguments = vars(parser.parse_args())
    folder = arguments.pop("folder")
    folder.mkdir(parents=True, exist_ok=True)
    plan = Plan(**arguments)
    torch.set_num_threads(plan.threads)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        distributed.init_process_group("gloo" if plan.device == "cpu" else "nccl")
    torch.set_float32_matmul_precision("high")
    run(Training(plan, folder))


if __name__ == "__main__":
    main()
