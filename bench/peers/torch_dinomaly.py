"""Dinomaly in plain PyTorch, eager, with its own attention kernels: scoring by images per run and training steps, timed on one device.

Usage: python torch_dinomaly.py [--device cuda] [--layout small|base|large] [--crop 392] [--batches 1,4,16,64] [--precisions fp32,tf32,bf16,fp16]
       [--seconds 1] [--train 16] [--steps 10] [--out FILE]

The same work as bench/deviceScoring.ts and deviceTraining.ts time: images in memory to maps and scores in memory; a step of bottleneck and
decoder on given features with hard mining and StableAdamW. Weights are random, as speed does not depend on them.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

PATCH, REGISTERS, GRID_OF_POSITIONS, MAP = 14, 4, 37, 256
LAYOUTS = {
    "small": {"dim": 384, "heads": 6, "targets": range(2, 10)},
    "base": {"dim": 768, "heads": 12, "targets": range(2, 10)},
    "large": {"dim": 1024, "heads": 16, "targets": range(4, 19, 2)},
}


class Block(nn.Module):
    """Pre-norm block: softmax attention with LayerScale in the encoder, linear attention without it in the decoder."""

    def __init__(self, dim: int, heads: int, linear: bool) -> None:
        super().__init__()
        self.heads, self.linear = heads, linear
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        if not linear:
            self.scale1, self.scale2 = nn.Parameter(torch.full((dim,), 0.1)), nn.Parameter(torch.full((dim,), 0.1))

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, dim = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        if self.linear:
            q, k = F.elu(q) + 1, F.elu(k) + 1
            mixed = (q @ (k.transpose(-2, -1) @ v)) / (q @ k.sum(-2).unsqueeze(-1) + 1e-6)
        else:
            mixed = F.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        attended = self.attend(self.norm1(x))
        x = x + (attended if self.linear else self.scale1 * attended)
        hidden = self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return x + (hidden if self.linear else self.scale2 * hidden)


class Encoder(nn.Module):
    """Group means of the target layers of a frozen ViT with registers."""

    def __init__(self, dim: int, heads: int, targets: range, crop: int) -> None:
        super().__init__()
        self.targets = list(targets)
        self.patches = nn.Conv2d(3, dim, PATCH, PATCH)
        self.prefix = nn.Parameter(torch.randn(1, 1 + REGISTERS, dim) * 0.02)
        self.position = nn.Parameter(torch.randn(1, (crop // PATCH) ** 2, dim) * 0.02)
        self.blocks = nn.ModuleList(Block(dim, heads, linear=False) for _ in range(self.targets[-1] + 1))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        rows = self.patches(images).flatten(2).transpose(1, 2) + self.position
        x = torch.cat([self.prefix.expand(len(images), -1, -1), rows], 1)
        taken = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.targets:
                taken.append(x)
        return [torch.stack(taken[:4]).mean(0), torch.stack(taken[4:]).mean(0)]


class Decoder(nn.Module):
    """Noisy bottleneck and eight blocks of linear attention; group means, the last block first."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.bottleneck = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Dropout(0.2), nn.Linear(4 * dim, dim), nn.Dropout(0.2)
        )
        self.blocks = nn.ModuleList(Block(dim, heads, linear=True) for _ in range(8))

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        x = self.bottleneck((features[0] + features[1]) / 2)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        outputs.reverse()
        return [torch.stack(outputs[:4]).mean(0), torch.stack(outputs[4:]).mean(0)]


def score(encoder: Encoder, decoder: Decoder, images: torch.Tensor, kernel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    crop = images.shape[-1]
    grid = crop // PATCH
    features = encoder(images)
    pairs = zip(features, decoder(features), strict=True)
    distances = [1 - F.cosine_similarity(a[:, 1 + REGISTERS :].float(), b[:, 1 + REGISTERS :].float(), dim=-1) for a, b in pairs]
    small = torch.stack(distances).mean(0).reshape(-1, 1, grid, grid)
    full = F.interpolate(small, size=crop, mode="bilinear", align_corners=True)
    smooth = F.conv2d(F.interpolate(full, size=MAP, mode="bilinear"), kernel, padding=2)
    return smooth, smooth.flatten(1).topk(MAP * MAP // 100).values.mean(1)


def loss_of(features: list[torch.Tensor], outputs: list[torch.Tensor], share: float) -> torch.Tensor:
    """Global cosine distance; the gradient of the easiest `share` of the points is scaled down to a tenth."""
    total = 0.0
    for target, output in zip(features, outputs, strict=True):
        a, b = target[:, 1 + REGISTERS :], output[:, 1 + REGISTERS :]
        with torch.no_grad():
            points = 1 - F.cosine_similarity(a, b, dim=-1)
            threshold = points.flatten().topk(max(1, int(points.numel() * (1 - share)))).values[-1]
            factor = torch.where(points >= threshold, 1.0, 0.1).unsqueeze(-1)
        b.register_hook(lambda gradient, factor=factor: gradient * factor)
        total = total + (1 - F.cosine_similarity(a.flatten(1), b.flatten(1), dim=-1)).mean()
    return total / 2


class StableAdamW:
    """AdamW with AMSGrad whose update is divided by its root mean square where that is above 1, over all tensors at once."""

    def __init__(self, parameters: list[torch.Tensor]) -> None:
        self.parameters, self.step_count = parameters, 0
        self.first, self.second, self.largest = ([torch.zeros_like(p) for p in parameters] for _ in range(3))

    @torch.no_grad()
    def step(self, rate: float) -> None:
        gradients = [p.grad for p in self.parameters]
        torch.nn.utils.clip_grad_norm_(self.parameters, 0.1, foreach=True)
        self.step_count += 1
        correction1, correction2 = 1 - 0.9**self.step_count, (1 - 0.999**self.step_count) ** 0.5
        torch._foreach_lerp_(self.first, gradients, 0.1)
        torch._foreach_mul_(self.second, 0.999)
        torch._foreach_addcmul_(self.second, gradients, gradients, 0.001)
        torch._foreach_maximum_(self.largest, self.second)
        denominators = torch._foreach_sqrt(self.largest)
        torch._foreach_div_(denominators, correction2)
        torch._foreach_add_(denominators, 1e-10)
        ratios = torch._foreach_norm(torch._foreach_div(gradients, denominators))
        torch._foreach_div_(ratios, [p.numel() ** 0.5 for p in self.parameters])
        torch._foreach_clamp_min_(ratios, 1.0)
        torch._foreach_mul_(self.parameters, 1 - rate * 1e-4)
        updates = torch._foreach_div(torch._foreach_div(self.first, denominators), ratios)
        torch._foreach_add_(self.parameters, updates, alpha=-rate / correction1)


def times_of(work, seconds: float, least: int, device: torch.device) -> list[float]:
    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    for _ in range(3):
        work()
    wait()
    times: list[float] = []
    while sum(times) < 1000 * seconds or len(times) < least:
        start = time.perf_counter()
        work()
        wait()
        times.append(1000 * (time.perf_counter() - start))
    return times


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in {
        "device": "cuda",
        "layout": "small",
        "crop": "392",
        "batches": "1,4,16,64",
        "precisions": "fp32,tf32,bf16,fp16",
        "seconds": "1",
        "train": "16",
        "steps": "10",
        "out": "",
    }.items():
        parser.add_argument(f"--{name}", default=default)
    options = parser.parse_args()
    device, layout, crop = torch.device(options.device), LAYOUTS[options.layout], int(options.crop)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"PyTorch {torch.__version__}, {name}", flush=True)
    figures: list[dict] = []

    def figure(what: str, unit: str, values: list[float]) -> None:
        median = statistics.median(values)
        figures.append({"what": what, "unit": unit, "median": median, "least": min(values), "most": max(values), "n": len(values)})
        print(f"{what}: {median:.4g} {unit} ({min(values):.4g} to {max(values):.4g}, n={len(values)})", flush=True)
        if options.out:
            with open(options.out, "w") as file:
                json.dump({"torch": torch.__version__, "device": name, "figures": figures}, file, indent=1)

    torch.manual_seed(1)
    encoder = Encoder(layout["dim"], layout["heads"], layout["targets"], crop).to(device).eval()
    decoder = Decoder(layout["dim"], layout["heads"]).to(device)
    kernel = torch.ones(1, 1, 5, 5, device=device) / 25
    for precision in options.precisions.split(","):
        torch.set_float32_matmul_precision("highest" if precision == "fp32" else "high")
        torch.backends.cudnn.allow_tf32 = precision != "fp32"
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
        cast = torch.autocast(device.type, dtype=half or torch.bfloat16, enabled=half is not None)
        if half is None and int(options.train) > 0:
            train(encoder, decoder, figure, precision, options, device)
        decoder.eval()
        for batch in map(int, filter(None, options.batches.split(","))):
            images = torch.randn(batch, 3, crop, crop)
            resident = images.to(device)

            def through_memory() -> None:
                maps, scores = score(encoder, decoder, images.to(device), kernel)
                maps.cpu(), scores.cpu()

            what = f"score, ViT-{options.layout}, {crop} px, batch {batch}, PyTorch, {precision}"
            with torch.inference_mode(), cast:
                seconds = float(options.seconds)
                times = times_of(through_memory, seconds, 5, device)
                figure(what, "images/s", [1000 * batch / ms for ms in times])
                times = times_of(lambda: score(encoder, decoder, resident, kernel), seconds / 2, 5, device)
                figure(f"{what}, images and maps on the device", "images/s", [1000 * batch / ms for ms in times])
    if device.type == "cuda":
        figure("memory of the device at most, PyTorch", "GB", [torch.cuda.max_memory_allocated() / 1e9])


def train(encoder: Encoder, decoder: Decoder, figure, precision: str, options: argparse.Namespace, device: torch.device) -> None:
    batch, crop = int(options.train), int(options.crop)
    tokens = (crop // PATCH) ** 2 + 1 + REGISTERS
    decoder.train()
    optimizer = StableAdamW(list(decoder.parameters()))
    width = encoder.prefix.shape[-1]
    features = [torch.randn(batch, tokens, width, dtype=torch.float16) for _ in range(2)]

    def step() -> None:
        given = [group.to(device).float() for group in features]
        loss = loss_of(given, decoder(given), 0.9)
        loss.backward()
        optimizer.step(2e-4)
        decoder.zero_grad(set_to_none=True)
        loss.item()

    times = times_of(step, 0, int(options.steps), device)
    figure(f"training step, ViT-{options.layout}, {crop} px, batch {batch}, PyTorch, {precision}", "ms", times)


if __name__ == "__main__":
    main()
