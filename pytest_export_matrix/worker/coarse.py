"""The eager model as an engine computes it that has less precision: bfloat16, float16, TF32.

Such an engine keeps weights, inputs and results in numbers with fewer digits. Here each of them is
rounded to as many digits, and kept in float32: so the range stays that of float32, and a result
that an engine keeps in more digits is not made worse than the rest of its way.
"""

from __future__ import annotations

import contextlib
import math
from typing import Any, Dict, Iterator, Optional

from pytest_export_matrix.vocabulary.pytrees import map_leaves

#: Tensors of fewer values hold sizes and factors, which engines compute exactly.
FEW = 16


def rounded(tensor: Any, rounding: float) -> Any:
    """`tensor`, its values rounded to the nearest number. The one after 1 is 1 + `rounding`."""
    import torch

    digits = 1 - math.log2(rounding)  # of the mantissa, which frexp gives between 1/2 and 1
    mantissa, exponent = torch.frexp(tensor)
    return torch.ldexp(torch.round(mantissa * 2**digits) / 2**digits, exponent).to(tensor.dtype)


def round_weights(model: Any, rounding: float) -> Any:
    """The model, with all its parameters and buffers of floats rounded."""
    import torch

    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.dtype == torch.float32 and tensor.numel() >= FEW:
                tensor.copy_(rounded(tensor, rounding))
    return model


def _is_view(func: Any) -> bool:
    """Whether an operation computes nothing, and shows what is there."""
    aliases = [each.alias_info for each in func._schema.returns]
    return any(alias is not None and not alias.is_write for alias in aliases)


@contextlib.contextmanager
def ask_coarsely(arguments: Any, rounding: float, draw: int) -> Iterator[Any]:
    """Yields `arguments` with each value rounded up or down, as drawn. Within, the results of
    PyTorch's operations are rounded."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    generator = torch.Generator().manual_seed(draw)

    def moved(tensor: Any) -> Any:
        if tensor.dtype != torch.float32:
            return tensor.detach().clone()
        steps = torch.rand(tensor.shape, generator=generator).to(tensor.device) - 0.5
        return rounded(tensor * (1 + steps * rounding), rounding)

    class Coarse(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Optional[Dict[str, Any]] = None
        ) -> Any:
            answer = func(*args, **(kwargs or {}))
            if not _is_view(func):
                for each in answer if isinstance(answer, (tuple, list)) else (answer,):
                    floats = torch.is_tensor(each) and each.dtype == torch.float32
                    if floats and each.numel() >= FEW:
                        each.copy_(rounded(each, rounding))
            return answer

    given = map_leaves(moved, arguments)
    with Coarse():
        yield given
