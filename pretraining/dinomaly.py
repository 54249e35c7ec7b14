"""
A short Dinomaly in PyTorch, to rank encoders: one model for all categories, at 256/224, batch 16, in bfloat16. The claim is the
product's; this is only quicker where a CPU multiplies bfloat16 itself.

python dinomaly.py ENCODER.safetensors --data DATASET --iterations 200
"""

import argparse
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dataset import Category, read_categories
from drawing.pairs import normalise
from features import load_encoder
from metrics import aupro, auroc, smooth
from network import NORM_EPSILON, Encoder, Mlp

BATCH, DROPOUT, DECODER_BLOCKS = 16, 0.2, 8
LEARNING_RATE, FINAL_LEARNING_RATE, WARMUP, WEIGHT_DECAY, CLIP = 2e-3, 2e-4, 100, 1e-4, 0.1
# Hard mining (Dinomaly): the share of easy points rises to this over this many iterations; their gradient is scaled by this.
EASY_SHARE, EASY_RAMP, EASY_FACTOR = 0.9, 1000, 0.1
MAP_SIDE, TOP_SHARE = 256, 0.01

Encode = Callable[[Tensor], list[Tensor]]


class LinearAttention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        count, length, dim = tokens.shape
        split = self.qkv(tokens).view(count, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = F.elu(split[0].float()) + 1, F.elu(split[1].float()) + 1, split[2].float()
        scale = 1 / (query @ key.sum(2)[..., None] + 1e-9)
        mixed = query @ (key.transpose(-2, -1) @ value) * scale
        return self.proj(mixed.transpose(1, 2).reshape(count, length, dim))


class DecoderBlock(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, NORM_EPSILON), nn.LayerNorm(dim, NORM_EPSILON)
        self.attn, self.mlp = LinearAttention(dim, heads), Mlp(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class Decoder(nn.Module):
    """Noisy bottleneck and decoder: the mean of both groups (n, g, dim) -> both groups again."""

    def __init__(self, dim: int, heads: int = 3) -> None:
        super().__init__()
        self.bottleneck = nn.Sequential(
            nn.Dropout(DROPOUT), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(4 * dim, dim), nn.Dropout(DROPOUT)
        )
        self.blocks = nn.ModuleList([DecoderBlock(dim, heads) for _ in range(DECODER_BLOCKS)])
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.01, a=-0.03, b=0.03)
                nn.init.zeros_(module.bias)

    def forward(self, groups: list[Tensor]) -> list[Tensor]:
        tokens = self.bottleneck((groups[0] + groups[1]) / 2)
        outputs = []
        for block in self.blocks:
            tokens = block(tokens)
            outputs.append(tokens)
        half = DECODER_BLOCKS // 2
        return [torch.stack(outputs[half:]).float().mean(0), torch.stack(outputs[:half]).float().mean(0)]


class StableAdamW:
    """AdamW with AMSGrad whose step is divided by the root mean square of the update where that exceeds 1."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        self.first, self.second, self.largest = ([torch.zeros_like(value) for value in parameters] for _ in range(3))
        self.step_count = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        self.step_count += 1
        for value, first, second, largest in zip(self.parameters, self.first, self.second, self.largest):
            gradient = value.grad
            first.lerp_(gradient, 0.1)
            second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            torch.maximum(largest, second, out=largest)
            scale = largest / (1 - 0.999**self.step_count)
            size = max(1.0, float((gradient**2 / scale.clamp_min(1e-20)).mean().sqrt()))
            value.mul_(1 - rate * WEIGHT_DECAY).addcdiv_(first / (1 - 0.9**self.step_count), scale.sqrt() + 1e-10, value=-rate / size)


def train_decoder(groups: list[Tensor], iterations: int, seed: int) -> Decoder:
    """groups: two of (n, g, dim), the features of all normal images."""
    torch.manual_seed(seed)
    decoder = Decoder(groups[0].shape[-1]).to(groups[0].device)
    optimiser = StableAdamW(list(decoder.parameters()))
    order: list[int] = []
    for iteration in range(iterations):
        if len(order) < BATCH:
            order = torch.randperm(len(groups[0])).tolist()
        chosen, order = order[:BATCH], order[BATCH:]
        truth = [group[chosen] for group in groups]
        with torch.autocast(truth[0].device.type, torch.bfloat16):
            found = decoder(truth)
        loss = hard_cosine_loss(truth, found, min(EASY_SHARE, EASY_SHARE * iteration / EASY_RAMP))
        decoder.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), CLIP)
        optimiser.step(_learning_rate(iteration, iterations))
    return decoder.eval()


def hard_cosine_loss(truth: list[Tensor], found: list[Tensor], easy_share: float) -> Tensor:
    """Mean over groups and images of the cosine distance of all features at once; easy points pass less gradient back."""
    total = torch.zeros((), device=truth[0].device)
    for expected, actual in zip(truth, found):
        distance = 1 - F.cosine_similarity(expected, actual, dim=-1).detach()
        if easy_share > 0:
            limit = distance.flatten().kthvalue(max(1, int(distance.numel() * easy_share))).values
            factor = torch.where(distance < limit, EASY_FACTOR, 1.0)[..., None]
            actual.register_hook(lambda gradient, factor=factor: gradient * factor)
        total = total + (1 - F.cosine_similarity(expected.flatten(1), actual.flatten(1), dim=-1)).mean() / 2
    return total


@torch.no_grad()
def encode(encoder: Encoder, images: Tensor) -> list[Tensor]:
    """images (n, 3, side, side) bytes -> per group (n, g, dim)."""
    parts, device = [], encoder.cls_token.device
    for batch in images.split(BATCH):
        with torch.autocast(device.type, torch.bfloat16):
            parts.append([group.float() for group in encoder(normalise(batch.to(device).float() / 255))])
    return [torch.cat(group) for group in zip(*parts)]


@torch.no_grad()
def anomaly_maps(decoder: Decoder, groups: list[Tensor]) -> Tensor:
    """(n, MAP_SIDE, MAP_SIDE): cosine distances, mean of the groups, smoothed."""
    maps = []
    for start in range(0, len(groups[0]), BATCH):
        truth = [group[start : start + BATCH] for group in groups]
        with torch.autocast(truth[0].device.type, torch.bfloat16):
            found = decoder(truth)
        distance = sum(1 - F.cosine_similarity(expected, actual, dim=-1) for expected, actual in zip(truth, found)) / 2
        grid = math.isqrt(distance.shape[1])
        enlarged = F.interpolate(distance.view(-1, 1, grid, grid), size=MAP_SIDE, mode="bilinear", align_corners=True)
        maps.append(smooth(enlarged)[:, 0].cpu())
    return torch.cat(maps)


def measure(category: Category, maps: Tensor) -> tuple[float, float, float]:
    """I-AUROC, P-AUROC and AUPRO; NaN where the test images have no masks, or no good one is among them."""
    image_scores = maps.flatten(1).topk(round(MAP_SIDE * MAP_SIDE * TOP_SHARE), 1).values.mean(1)
    masks = F.interpolate(category.masks[:, None].float(), size=MAP_SIDE, mode="nearest")[:, 0] > 0.5
    return auroc(image_scores, category.defective), auroc(maps.flatten(), masks.flatten()), aupro(maps, masks)


def train_and_measure(encode_images: Encode, categories: list[Category], iterations: int, seed: int) -> dict[str, tuple[float, float, float]]:
    """One model for all categories; per category what `measure` returns. encode_images is `encode` with its encoder."""
    normal = [encode_images(category.normal) for category in categories]
    decoder = train_decoder([torch.cat(group) for group in zip(*normal)], iterations, seed)
    return {category.name: measure(category, anomaly_maps(decoder, encode_images(category.test))) for category in categories}


def _learning_rate(iteration: int, iterations: int) -> float:
    warmup = min(WARMUP, iterations // 3)
    if iteration < warmup:
        return LEARNING_RATE * (iteration + 1) / warmup
    fall = 0.5 * (1 + math.cos(math.pi * (iteration - warmup) / (iterations - warmup)))
    return FINAL_LEARNING_RATE + (LEARNING_RATE - FINAL_LEARNING_RATE) * fall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    started = time.perf_counter()
    encoder, categories = load_encoder(arguments.encoder), read_categories(arguments.data)
    found = train_and_measure(partial(encode, encoder), categories, arguments.iterations, arguments.seed)
    for name, (image, pixel, pro) in found.items():
        print(f"{name}: I-AUROC {image:.3f}, P-AUROC {pixel:.3f}, AUPRO {pro:.3f}")
    print(f"{arguments.iterations} iterations, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
