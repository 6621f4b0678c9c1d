"""Roundings that another engine might make inside of a model, and what else is open to it.

Inputs that are off by one rounding do not show what follows: how an engine computes a function or
adds up is its own affair.

- A function whose values lie in a range is computed by approximations whose error is a rounding of
  the range, not of the value: a sigmoid of 1e-6 may be off by 1e-7.
- A sum of n terms is rounded n times. Its error is about sqrt(n) * u * sum|x|, where u is half the
  distance of 1 to the next float (N. J. Higham and T. Mary, "A New Approach to Probabilistic
  Rounding Error Analysis", SIAM Journal on Scientific Computing 41, 2019). PyTorch adds up in
  pairs, which is more exact; engines may add up one by one.
- A normalization subtracts such a mean and divides by the spread: where that is small, the error of
  a large mean is a large one.
- A quantized operation multiplies a sum of integers by a float and takes the nearest step. What
  lies in the middle of two steps but for the rounding of that product may become either.
- Which of equal values are the largest is not defined for `torch.topk`, and engines take others.
  (PyTorch's sort keeps their order, even where it says that it need not.)
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

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
#: Operations that answer what they normalized, the means and the inverse spreads.
NORMALIZATIONS = ("native_layer_norm", "native_group_norm", "native_batch_norm")
#: How the names of those begin that divide a float by a step and round it.
TO_STEPS = ("quantize_per_", "fake_quantize_per_")


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
            space, _, name = func._schema.name.partition("::")
            name = name.rstrip("_")
            if name.startswith(TO_STEPS) and args[0].is_floating_point():
                rounding = torch.finfo(args[0].dtype).eps
                args = (args[0] * (1 + noise(args[0]) * rounding), *args[1:])
            if name == "topk" and args[0].dim() and not kwargs:  # with `out` it has them
                return _other_of_equal_values(func, args, noise)
            scale = _scale(name, args)
            answer = func(*args, **(kwargs or {}))
            if space == "quantized" and torch.is_tensor(answer) and answer.is_quantized:
                return _off_by_steps(answer, noise)
            if name in NORMALIZATIONS:
                _move_means(name, args, answer, noise)
            if scale is None or not torch.is_tensor(answer) or not answer.is_floating_point():
                return answer
            rounding = torch.finfo(answer.dtype).eps
            answer.add_(noise(answer) * scale(answer) * rounding)
            if name in RANGES:
                answer.clamp_(*RANGES[name])
            return answer

    return Roundings()


def _other_of_equal_values(topk: Any, arguments: Any, noise: Callable[[Any], Any]) -> Any:
    """The answer of `topk`, given its positional `arguments`, if the values stood in another order:
    which of equal ones it takes depends on that alone."""
    import torch

    value, count, dimension = (*arguments, -1)[:3]
    order = noise(torch.empty(value.shape[dimension], device=value.device)).argsort()
    values, places = topk(value.index_select(dimension, order), count, dimension, *arguments[3:])
    return values, order[places]


def _off_by_steps(answer: Any, noise: Callable[[Any], Any]) -> Any:
    """A quantized tensor; of its values those are off by a step that, by chance, lay as close to
    the middle of two steps as a product of their size is rounded."""
    import torch

    if answer.qscheme() != torch.per_tensor_affine:
        return answer
    steps, zero = answer.int_repr(), answer.q_zero_point()
    lowest, highest = torch.iinfo(steps.dtype).min, torch.iinfo(steps.dtype).max
    whole = steps.to(torch.float32)
    chance = noise(whole)
    off = chance.sign() * (chance.abs() < 2 * torch.finfo(torch.float32).eps * (whole - zero).abs())
    moved = (whole + off).clamp(lowest, highest).to(steps.dtype)
    return torch._make_per_tensor_quantized_tensor(moved, answer.q_scale(), zero)


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


def _move_means(name: str, arguments: Any, answer: Any, noise: Callable[[Any], Any]) -> None:
    """Add to what was normalized what it is off by where the means are off by their roundings."""
    import torch

    value, (normalized, means, inverse) = arguments[0], answer
    if name == "native_layer_norm":
        weight, over = arguments[2], tuple(range(value.dim() - len(arguments[1]), value.dim()))
        magnitude = value.abs().mean(over, keepdim=True)
    elif name == "native_group_norm":
        weight, groups = arguments[1], arguments[6]
        magnitude = value.reshape(*means.shape, -1).abs().mean(-1)
    elif arguments[5]:  # a batch normalization that computes the means of what it is given
        weight, over = arguments[1], tuple(each for each in range(value.dim()) if each != 1)
        magnitude = value.abs().mean(over)
    else:
        return
    count = value.numel() / max(1, magnitude.numel())
    rounding = torch.finfo(magnitude.dtype).eps
    shift = noise(magnitude) * magnitude * count**0.5 / 2 * rounding * inverse.view_as(magnitude)
    if name == "native_group_norm":
        shift = shift.repeat_interleave(value.shape[1] // groups, 1)
    if name != "native_layer_norm":  # one for each channel
        shape = (-1, value.shape[1], *[1] * (value.dim() - 2))
        shift = shift.reshape(shape)
        weight = weight if weight is None else weight.reshape(shape)
    normalized.sub_(shift if weight is None else shift * weight)
