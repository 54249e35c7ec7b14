"""The encoder in timm's DeiT layout, and the heads that it is trained with and that are thrown away afterwards."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from drawing.scenes import MAKE
from drawing.targets import APPEARANCE, PATCH, PLACE, Targets
from drawing.textures import FAMILIES

# What Dinomaly reconstructs: the means of these blocks' outputs.
GROUPS = ((2, 3, 4, 5), (6, 7, 8, 9))
POSITION_GRID = 14
# A position's code must not drown a patch's content at the start.
POSITION_SCALE = 0.15
NORM_EPSILON = 1e-6
CLUSTERS = 1024


@dataclass(frozen=True)
class EncoderSize:
    dim: int = 192
    heads: int = 3
    depth: int = 10


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        count, length, dim = tokens.shape
        split = self.qkv(tokens).view(count, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        if tokens.is_cuda:
            mixed = F.scaled_dot_product_attention(query, key, value)
            return self.proj(mixed.transpose(1, 2).reshape(count, length, dim))
        # Written out: on a CPU the backward pass of PyTorch's fused attention takes five times as long in bfloat16.
        mixed = ((query * self.scale) @ key.transpose(-2, -1)).softmax(-1).to(value.dtype) @ value
        return self.proj(mixed.transpose(1, 2).reshape(count, length, dim))


class Mlp(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPSILON)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPSILON)
        self.mlp = Mlp(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class PatchEmbedding(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, PATCH, PATCH)


class Encoder(nn.Module):
    """Vision Transformer; its state has the names and shapes of timm's DeiT."""

    def __init__(self, size: EncoderSize = EncoderSize()) -> None:
        super().__init__()
        dim = size.dim
        self.patch_embed = PatchEmbedding(dim)
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        positions = sine_positions(dim, POSITION_GRID) * POSITION_SCALE
        self.pos_embed = nn.Parameter(torch.cat([torch.zeros(1, dim), positions])[None])
        self.blocks = nn.ModuleList([Block(dim, size.heads) for _ in range(size.depth)])
        self.norm = nn.LayerNorm(dim, eps=NORM_EPSILON)
        self._initialise(size)

    def forward(
        self, image: Tensor, *corners: tuple[int, int], masked: Tensor | None = None, mask_token: Tensor | None = None
    ) -> list[Tensor]:
        """
        image (n, 3, side, side), normalised; corners: where in the position grid the images lie, in patches, each corner
        holding for as many images, one after the other; masked (n, g): patches to replace by the mask token. Returns the
        features of each of GROUPS, (n, g, dim).
        """
        embedded = self.patch_embed.proj(image)
        rows, columns = embedded.shape[-2:]
        tokens = embedded.flatten(2).transpose(1, 2)
        if masked is not None and mask_token is not None:
            tokens = torch.where(masked[..., None], mask_token.to(tokens.dtype), tokens)
        grid = self.pos_embed[:, 1:].view(POSITION_GRID, POSITION_GRID, -1)
        places = [grid[top : top + rows, left : left + columns].flatten(0, 1) for top, left in corners or ((0, 0),)]
        position = torch.stack(places).repeat_interleave(len(image) // len(places), 0)
        class_token = (self.cls_token + self.pos_embed[:, :1]).expand(len(image), -1, -1)
        tokens = torch.cat([class_token, tokens + position], 1)
        outputs = []
        for block in self.blocks:
            tokens = block(tokens)
            outputs.append(tokens[:, 1:])
        return [torch.stack([outputs[index] for index in group]).mean(0) for group in GROUPS]

    @torch.no_grad()
    def _initialise(self, size: EncoderSize) -> None:
        for name, module in self.named_modules():
            if not isinstance(module, nn.Linear):
                continue
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
            if name.endswith(("attn.proj", "mlp.fc2")):
                module.weight.mul_(1.5 / math.sqrt(2 * size.depth))
        nn.init.normal_(self.patch_embed.proj.weight, std=1 / math.sqrt(3 * PATCH * PATCH))
        nn.init.zeros_(self.patch_embed.proj.bias)


def sine_positions(dim: int, grid: int) -> Tensor:
    """(grid * grid, dim) of sines and cosines, half of the columns for the row and half for the column."""
    frequency = 100 ** (-torch.arange(dim // 4) / (dim // 4))
    phase = torch.arange(grid)[:, None] * frequency
    code = torch.cat([phase.sin(), phase.cos()], 1)
    by_row = code[:, None].expand(grid, grid, -1)
    return torch.cat([by_row, code[None].expand(grid, grid, -1)], 2).reshape(grid * grid, dim)


class Student(nn.Module):
    """The encoder with a linear head per group that tells texture family, target values and place, and one that names the picture."""

    def __init__(self, pictures: int, size: EncoderSize = EncoderSize()) -> None:
        super().__init__()
        self.encoder = Encoder(size)
        self.mask_token = nn.Parameter(torch.randn(size.dim) * 0.02)
        self.heads = nn.ModuleList([_head(size.dim, len(FAMILIES) + APPEARANCE + MAKE + PLACE) for _ in GROUPS])
        self.clusters = nn.ParameterList([torch.randn(CLUSTERS, size.dim) * size.dim**-0.5 for _ in GROUPS])
        self.names = nn.ModuleList([_head(size.dim, pictures) for _ in GROUPS])
        self.register_buffer("value_mean", torch.zeros(APPEARANCE + MAKE))
        self.register_buffer("value_deviation", torch.ones(APPEARANCE + MAKE))

    def standardise(self, targets: Targets) -> tuple[Tensor, Tensor]:
        """Appearance and make in deviations from their means."""
        values = torch.cat([targets.appearance, targets.make], 2)
        standard = ((values - self.value_mean) / self.value_deviation).clamp(-5, 5)
        return standard[..., :APPEARANCE], standard[..., APPEARANCE:]


def _head(dim: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(dim, elementwise_affine=False), nn.Linear(dim, outputs))
