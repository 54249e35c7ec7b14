"""The square that everything is drawn on: pixel coordinates, frequencies, and random fields over it."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .dice import Dice


def over_pixels(values: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1), one value per picture, to be broadcast over its pixels."""
    return values.view(-1, 1, 1)


def slopes(field: Tensor) -> tuple[Tensor, Tensor]:
    """Forward differences of (..., side, side) along x and y, 0 at the far border."""
    along_x = F.pad(field[..., :, 1:] - field[..., :, :-1], (0, 1))
    along_y = F.pad(field[..., 1:, :] - field[..., :-1, :], (0, 0, 0, 1))
    return along_x, along_y


def box_blur(field: Tensor, width: int) -> Tensor:
    """
    Mean over width x width pixels (odd) of (n, c, side, side), of those inside the image. Written as a product with a
    matrix from both sides, which takes a CPU a tenth of the time that pooling does.
    """
    index = torch.arange(field.shape[-1], device=field.device)
    near = ((index[:, None] - index[None]).abs() <= width // 2).to(field.dtype)
    rows = near / near.sum(1, keepdim=True)
    return rows @ field @ rows.T


class Canvas:
    """Coordinates in pixels with the origin at the centre."""

    def __init__(self, side: int, device: torch.device | str = "cpu") -> None:
        self.side = side
        axis = torch.arange(side, device=device, dtype=torch.float32) - (side - 1) / 2
        self.y, self.x = torch.meshgrid(axis, axis, indexing="ij")
        frequency_y = torch.fft.fftfreq(side, device=device)
        frequency_x = torch.fft.rfftfreq(side, device=device)
        grid_y, grid_x = torch.meshgrid(frequency_y, frequency_x, indexing="ij")
        self._radius = (grid_x**2 + grid_y**2).sqrt().clamp_min(0.5 / side)
        self._angle = torch.atan2(grid_y, grid_x)

    def smooth_field(self, dice: Dice, count: int, cells: int = 5) -> Tensor:
        """(count, side, side) of about unit variance that changes over 1/cells of the side: warps and illumination."""
        coarse = dice.normal(count, 1, cells, cells)
        return F.interpolate(coarse, size=(self.side, self.side), mode="bicubic", align_corners=True)[:, 0]

    def spectral_noise(
        self, dice: Dice, wavelength: Tensor, bandwidth: Tensor, *, angle: Tensor, spread: Tensor, slope: Tensor
    ) -> Tensor:
        """
        Noise of unit variance with a chosen spectrum; every parameter is (n, 1, 1).
        wavelength in pixels; bandwidth in log units; spread of the direction in radians (8 is isotropic); power falls
        with frequency^-slope. Returns (n, side, side).
        """
        count = wavelength.shape[0]
        weight = torch.exp(-0.5 * (torch.log(self._radius * wavelength) / bandwidth) ** 2) * self._radius**-slope
        weight = weight * torch.exp((torch.cos(2 * (self._angle - angle)) - 1) / (4 * spread**2))
        white = torch.fft.rfft2(dice.normal(count, self.side, self.side))
        noise = torch.fft.irfft2(white * weight, s=(self.side, self.side))
        mean, deviation = noise.mean((1, 2), keepdim=True), noise.std((1, 2), keepdim=True)
        return (noise - mean) / (deviation + 1e-6)
