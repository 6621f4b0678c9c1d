"""Makes a randomly initialised detector discriminate as a trained one does, without training it.

With plain random weights a detector answers nothing, or the same for everything. Here each layer's
outputs get the statistics that training would give them, and the classifier is fitted, in closed
form, to take a picture of one colour for background. All of it ends up in the state_dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops.misc import FrozenBatchNorm2d

from pytest_export_matrix.samples.calibration import patterned

SIZES = ((192, 256), (240, 192), (128, 256))
"""Heights and widths of the calibration pictures."""

FEWEST = 8
"""Values of a channel that make statistics. Behind a global pooling there is one a picture: layers
there keep the weights they have."""

RIDGE = 1e-2
"""Keeps the fitted direction short, so that it does not amplify rounding noise."""


@dataclass(frozen=True)
class Choice:
    """What was found by trying: with it every sample picture but the flat one gives some five to
    forty detections, and no two scores of one picture are nearly equal.

    bias: the mean of the foreground logits on patterned pictures; on flat ones they are lower by
    `contrast`.
    """

    seed: int
    bias: float
    contrast: float

    @contextmanager
    def random_weights(self) -> Iterator[None]:
        """Modules made inside get the weights of the seed; outside nothing changes."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            yield


def calibrate(
    model: nn.Module,
    choice: Choice,
    spreads: Mapping[str, float],
    *classifiers: str,
    foreground: slice,
    classes: int | None = None,
) -> nn.Module:
    """Set the weights of a detector, in place, and return it in eval mode.

    spreads: the standard deviation that a layer's outputs shall have, by the layer's name; 1 for
    the layers that are not named. classifiers: the names of the layers that give the logits, in
    groups of `classes` channels, one for each anchor (all channels are one group without it); in a
    group the channels `foreground` are those of the classes.
    """
    model.eval()
    with torch.no_grad():
        _normalise(model, spreads)
        for name in classifiers:
            layer: Any = model.get_submodule(name)
            direction, offset = _pattern_detector(model, layer)
            groups = (-1, classes or len(layer.weight))
            weight = layer.weight.unflatten(0, groups)[:, foreground]
            if weight.ndim == 5:  # of a 3 x 3 kernel the centre is enough
                weight = weight[..., weight.shape[-2] // 2, weight.shape[-1] // 2]
            weight.add_(choice.contrast * direction)
            bias = layer.bias.unflatten(0, groups)[:, foreground]
            bias.add_(choice.contrast * offset + choice.bias)
    return model


def _normalise(model: nn.Module, spreads: Mapping[str, float]) -> None:
    """One pass over patterned pictures; each layer is set before the next sees its outputs."""
    done: set[nn.Module] = set()
    hooks = [
        module.register_forward_hook(partial(_set_layer, done, spreads.get(name, 1.0)))
        for name, module in model.named_modules()
        # The layers without a bias have a BatchNorm behind them.
        if isinstance(module, FrozenBatchNorm2d) or getattr(module, "bias", None) is not None
    ]
    model(patterned(SIZES))
    for hook in hooks:
        hook.remove()


def _set_layer(
    done: set[nn.Module], spread: float, module: Any, inputs: tuple[Tensor], output: Tensor
) -> Tensor | None:
    """Give each channel of the output the mean 0 and the given standard deviation."""
    if module in done or output.transpose(0, 1)[0].numel() < FEWEST:
        return None  # a head is applied to each level of the pyramid: the first one counts
    done.add(module)
    if isinstance(module, FrozenBatchNorm2d):
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance)
    else:
        deviation, mean = torch.std_mean(output.transpose(0, 1).flatten(1), dim=1)
        scale = spread / deviation
        channel = 1 if isinstance(module, nn.ConvTranspose2d) else 0
        shape = [-1 if dim == channel else 1 for dim in range(module.weight.ndim)]
        module.weight.mul_(scale.reshape(shape))
        module.bias.sub_(mean).mul_(scale)
    rescaled: Tensor = module.forward(inputs[0])
    return rescaled


def _pattern_detector(model: nn.Module, layer: nn.Module) -> tuple[Tensor, float]:
    """The direction and offset that take features at the layer's input to 0 where the picture is
    patterned and to -1 where it is flat: a ridge regression."""
    groups = [
        (rows, target)
        for target, images in ((0.0, patterned(SIZES)), (-1.0, _flat(model)))
        for rows in _features(model, layer, images)
    ]
    width = groups[0][0].shape[1]
    gram, moment = torch.zeros(width, width).double(), torch.zeros(width).double()
    for rows, target in groups:  # each level counts the same, however many cells it has
        gram += rows.T @ rows / len(rows)
        moment += target * rows.mean(0)
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(width).double()
    solution = torch.linalg.solve(gram + ridge, moment)
    return solution[:-1].float(), float(solution[-1])


def _features(model: nn.Module, layer: nn.Module, images: list[Tensor]) -> list[Tensor]:
    """What arrives at the layer, call by call: float64 (positions, channels and a one)."""
    calls: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor]) -> None:
        rows = inputs[0].movedim(1, -1).flatten(0, -2)
        calls.append(nn.functional.pad(rows, (0, 1), value=1.0).double())

    hook = layer.register_forward_pre_hook(keep)
    for batch in (images, *([image] for image in images)):  # with padding and without
        model(batch)
    hook.remove()
    return calls


def _flat(model: Any) -> list[Tensor]:
    colour = torch.tensor(model.transform.image_mean)
    return [colour[:, None, None].repeat(1, *size) for size in SIZES]
