"""Models of one operator each, in which some engine answers wrongly and says nothing.

Images [N, 3, H, W] in, one tensor out.
"""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class Function(nn.Module):
    """A function of the images as a model. The weight keeps exporters from folding it away."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.tensor([1.5, -0.5, 1.0]))

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images * self.weight[:, None, None])


def average_pool_with_ceil_mode() -> nn.Module:
    return Function(nn.AvgPool2d(3, stride=2, ceil_mode=True)).eval()


def circular_padding() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular").eval()


def layer_norm_of_all_dimensions() -> nn.Module:
    return Function(lambda images: functional.layer_norm(images, images.shape[1:])).eval()


def remainder() -> nn.Module:
    return Function(lambda images: torch.remainder(images, 0.3)).eval()


def normalized_channels() -> nn.Module:
    return Function(lambda images: functional.normalize(images, dim=1)).eval()


def max_pool_of_volumes() -> nn.Module:
    pool = nn.MaxPool3d(2)
    return Function(lambda images: pool(torch.stack([images, -images], dim=2))).eval()


def gelu() -> nn.Module:
    return Function(functional.gelu).eval()


def size_by_a_factor() -> nn.Module:
    """torch.export takes the number for that of the example, and has its own programs check it."""
    return Function(lambda images: images.mean((2, 3)) * int(images.shape[2] * 0.7)).eval()


def size_to_the_next_multiple() -> nn.Module:
    return Function(lambda images: images.mean((2, 3)) * (-images.shape[2] % 16)).eval()


def layer_norm_beside_a_large_mean() -> nn.Module:
    def function(images: Tensor) -> Tensor:
        slope = torch.arange(images.shape[-1], dtype=images.dtype)  # no line is flat
        return functional.layer_norm(100 + 0.01 * slope + 0.1 * images, images.shape[-1:])

    return Function(function).eval()


def places_in_a_matrix() -> nn.Module:
    return Function(lambda images: torch.nonzero(images[0, 0] > 0.5)).eval()


def size_by_a_quotient() -> nn.Module:
    """The shorter side becomes 7: sizes in tensors, of which torch.export makes symbols."""

    def function(images: Tensor) -> Tensor:
        sides = torch.stack([torch.scalar_tensor(side) for side in images.shape[2:]]).double()
        size = (sides * (torch.full_like(sides[0], 7) / sides.amin(0))).long()
        height, width = size.tolist()
        torch._check(height > 0)
        torch._check(width > 0)
        return functional.interpolate(images, (height, width))

    return Function(function).eval()
