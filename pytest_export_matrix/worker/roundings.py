"""Roundings that another engine might make inside of a model.

Inputs that are off by one rounding do not show what follows: how an engine computes a function or
adds up is its own affair.

- A function whose values lie in a range is computed by approximations whose error is a rounding of
  the range, not of the value: a sigmoid of 1e-6 may be off by 1e-7.
- A sum of n terms is rounded n times. Its error is about sqrt(n) * u * sum|x|, where u is half the
  distance of 1 to the next float (N. J. Higham and T. Mary, "A New Approach to Probabilistic
  Rounding Error Analysis", SIAM Journal on Scientific Computing 41, 2019). PyTorch adds up in
  pairs, which is more exact; engines may add up one by one.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

#: Operations with values in a range, by the names that PyTorch dispatches them under.
RANGES: Dict[str, Tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "_softmax": (0.0, 1.0),
    "erf": (-1.0, 1.0),
    "sin": (-1.0, 1.0),
    "cos": (-1.0, 1.0),
}
#: Products of their input and such a function.
GATES = ("silu", "gelu")
SUMS = ("sum", "mean")


def roundings(seed: int) -> Any:
    """A context in which these operations of PyTorch round otherwise."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    generators: Dict[Any, Any] = {}

    def noise(like: Any) -> Any:
        """Uniform between -1 and 1, of the shape of `like`, from generators of our own."""
        if like.device not in generators:
            generators[like.device] = torch.Generator(like.device).manual_seed(seed)
        return torch.empty_like(like).uniform_(-1, 1, generator=generators[like.device])

    class Roundings(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Optional[Dict[str, Any]] = None
        ) -> Any:
            name = func._schema.name.partition("::")[2].rstrip("_")
            scale = _scale(name, args)
            answer = func(*args, **(kwargs or {}))
            if scale is None or not torch.is_tensor(answer) or not answer.is_floating_point():
                return answer
            rounding = torch.finfo(answer.dtype).eps
            answer.add_(noise(answer) * scale(answer) * rounding)
            if name in RANGES:
                answer.clamp_(*RANGES[name])
            return answer

    return Roundings()


def _scale(name: str, arguments: Any) -> Any:
    """A function (answer) -> how many roundings it may be off, taken before the operation changes
    its input in place; None for an operation that is left alone."""
    import torch

    if name in RANGES:
        low, high = RANGES[name]
        return lambda answer: high - low
    if not arguments or not torch.is_tensor(arguments[0]):
        return None
    value = arguments[0]
    if name in GATES:
        magnitude = value.abs()
        return lambda answer: magnitude
    if name in SUMS and value.is_floating_point() and value.numel():

        def of_sum(answer: Any) -> Any:
            over = arguments[1:3]  # the dimensions, and whether they are kept
            total = torch.sum(value.abs(), *over) if over else value.abs().sum()
            count = value.numel() / max(1, answer.numel())
            return total.reshape(answer.shape) * count ** (0.5 if name == "sum" else -0.5) / 2

        return of_sum
    return None
