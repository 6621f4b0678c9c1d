"""coremltools' conversion of a traced PyTorch model to an ML program.

What a user types, and what the function here does:

    traced = torch.jit.trace(model, args)
    converted = coremltools.convert(traced, inputs=TYPES, compute_precision=FLOAT32)
    converted.save("model.mlpackage")

By default an ML program computes in float16. A dynamic dimension is a range that has to end.

https://apple.github.io/coremltools/docs-guides/source/convert-pytorch.html
https://apple.github.io/coremltools/docs-guides/source/flexible-inputs.html
"""

from __future__ import annotations

import contextlib
import logging
import re
import traceback
from typing import Any, Iterator, List

from pytest_export_matrix.exporters.context import FLAT, Context
from pytest_export_matrix.vocabulary.outcomes import Failure

#: Where the range of a dynamic dimension ends: images of a batch, and pixels of a side.
MOST_IMAGES, MOST_PIXELS = 64, 2048
#: How coremltools logs where a conversion stopped.
OPERATOR = re.compile(r"converting '(\w+)' op")
#: What numpy 2.4 refuses and coremltools 9.0 does, and what mends it.
OF_NUMPY, OLDER_NUMPY = "only 0-dimensional arrays", "numpy 2.4 is too new: pip install 'numpy<2.4'"


def save(captured: Any, path: str, context: Context) -> str:
    """Convert what was traced, and save it as the folder `path`."""
    import coremltools
    import torch

    tensors, _ = context.flat_arguments()
    dimensions = context.dynamic_dimensions()
    types = []
    for name, tensor, dynamic in zip(context.input_names(), tensors, dimensions):
        shape = [
            _range(dynamic[axis], side) if axis in dynamic else side
            for axis, side in enumerate(tensor.shape)
        ]
        dtype = torch.empty((), dtype=tensor.dtype).numpy().dtype.type
        types.append(coremltools.TensorType(name=name, shape=tuple(shape), dtype=dtype))
    with _operator_named():
        converted = coremltools.convert(
            captured,
            inputs=types,
            convert_to="mlprogram",
            compute_precision=coremltools.precision.FLOAT32,
            skip_model_load=True,  # it is loaded in another process
        )
    converted.save(path)
    return FLAT


@contextlib.contextmanager
def _operator_named() -> Iterator[None]:
    """Have the error of a conversion begin with its operator, which coremltools only logs."""
    logged = _Kept()
    logger = logging.getLogger("coremltools")
    logger.addHandler(logged)
    try:
        yield
    except Exception as error:
        found = [name for text in logged.texts for name in OPERATOR.findall(text)]
        if not found:
            raise
        reason = f"coremltools could not convert {found[-1]}: {type(error).__name__}: {error}"
        if OF_NUMPY in str(error):
            reason += f" ({OLDER_NUMPY})"
        raise Failure(reason, detail=traceback.format_exc()) from error
    finally:
        logger.removeHandler(logged)


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _range(word: str, side: int) -> Any:
    import coremltools

    most = MOST_IMAGES if word == "batch" else MOST_PIXELS
    return coremltools.RangeDim(lower_bound=1, upper_bound=most, default=side, symbol=word)
