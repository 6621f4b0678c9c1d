"""Weights that discriminate, for models that cannot be trained or downloaded.

A randomly initialised detector answers nothing, or the same for every picture, and two exports of
it agree whatever they do. One pass over generated pictures gives each layer's outputs roughly the
mean and the standard deviation that training would give them: data-dependent initialisation
(Kraehenbuehl et al., 2016). All of it ends up in the state_dict.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Sequence, Set, Tuple

if TYPE_CHECKING:
    import numpy as np
    import torch

#: Statistics need so many values of a channel. The deepest maps of a small picture have one or two.
FEWEST = 64


def normalise(
    model: torch.nn.Module,
    inputs: Sequence[Any],
    spreads: Optional[Mapping[str, float]] = None,
    shift: float = 0.0,
) -> None:
    """Set the statistics of every layer that has a bias, and of every BatchNorm, in place.

    `model(*inputs)` is run once; each layer is set before the next sees its outputs. `spreads`
    holds the standard deviation of a layer's outputs by the layer's name; others get 1. `shift` is
    the mean of what a BatchNorm gives. At 0 each pair of BatchNorm and ReLU makes small differences
    a fifth larger, so that rounding decides what fifty layers answer; nearer to where ReLU is
    linear it does not (Yang et al., A Mean Field Theory of Batch Normalization, 2019).
    """
    import torch
    from torchvision.ops.misc import FrozenBatchNorm2d  # where it was in 2021 as well

    normalisations = (torch.nn.BatchNorm2d, FrozenBatchNorm2d)
    done: Set[Any] = set()
    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, normalisations):
            hooks.append(module.register_forward_hook(partial(_set_batch_norm, done, shift)))
        elif getattr(module, "bias", None) is not None and hasattr(module, "weight"):
            spread = (spreads or {}).get(name, 1.0)
            hooks.append(module.register_forward_hook(partial(_set_layer, done, spread)))
    with torch.no_grad():
        model.eval()(*inputs)
    for hook in hooks:
        hook.remove()


def _set_batch_norm(done: Set[Any], shift: float, module: Any, inputs: Tuple[Any], _: Any) -> Any:
    import torch

    if module in done or inputs[0][:, 0].numel() < FEWEST:
        return None
    done.add(module)
    variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
    module.running_mean.copy_(mean)
    module.running_var.copy_(variance)
    if shift:
        module.bias.fill_(shift)
    return module.forward(inputs[0])


def _set_layer(done: Set[Any], spread: float, module: Any, inputs: Tuple[Any], output: Any) -> Any:
    """Give each channel of a convolution's or linear layer's output the mean 0 and `spread`."""
    import torch

    channel = 1 if output.ndim == 4 or module.weight.ndim == 3 else output.ndim - 1
    # A head is applied to each level of a pyramid: the first one counts.
    if module in done or output.select(channel, 0).numel() < FEWEST:
        return None
    done.add(module)
    deviation, mean = torch.std_mean(output.movedim(channel, 0).flatten(1), dim=1, correction=0)
    scale = spread / deviation.clamp_min(1e-6)
    transposed = isinstance(module, torch.nn.ConvTranspose2d)
    shape = [-1 if dim == int(transposed) else 1 for dim in range(module.weight.ndim)]
    module.weight.mul_(scale.reshape(shape))
    module.bias.sub_(mean).mul_(scale)
    return module.forward(inputs[0])


def patterned(sizes: Sequence[Tuple[int, int]]) -> List[torch.Tensor]:
    """Noise with large shapes as well as small ones, as in photographs: float32 CHW."""
    import numpy as np

    random = np.random.default_rng(0)
    return [_pattern(random, height, width) for height, width in sizes]


def _pattern(random: np.random.Generator, height: int, width: int) -> torch.Tensor:
    import torch

    image = torch.zeros(1, 3, height, width)
    for cells in (2, 4, 8, 16, 32, 64, 128):
        noise = torch.from_numpy(random.normal(size=(1, 3, cells, cells))).float()
        image += torch.nn.functional.interpolate(noise, size=(height, width), mode="bilinear")
    return torch.sigmoid(1.5 * image / image.std())[0]
