"""PyTorch from Python: TorchScript files by torch.jit.load, pt2 archives by torch.export.load."""

from __future__ import annotations

import contextlib
import logging
import traceback
from typing import Any, Iterator, List, Optional

from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.vocabulary.pytrees import map_leaves


class Session:
    """A loaded TorchScript module or exported program."""

    def __init__(self, path: str, device: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        compute_in_float32()
        self.device = device
        self.module: Any = None
        self.load(path)

    def load(self, path: str) -> None:
        import torch

        if path.endswith(".pt2"):
            with logged_cause("torch.export"):
                self.module = torch.export.load(path).module()
        else:
            self.module = torch.jit.load(path, map_location=self.device)

    def run(self, arguments: Any) -> Any:
        import torch

        tensors = map_leaves(lambda array: torch.from_numpy(array).to(self.device), arguments)
        with torch.no_grad():
            answer = self.module(*tensors)
        return map_leaves(lambda tensor: tensor.detach().cpu().numpy(), answer)

    @staticmethod
    def problem(device: str) -> Optional[str]:
        import torch

        if device == "cuda" and not torch.cuda.is_available():
            return f"torch {torch.__version__} finds no CUDA device"
        return None


def compute_in_float32() -> None:
    """Turn TF32 off: by default a GPU rounds the inputs of convolutions to ten bits. The eager
    model and the runtime, which is declared so, are compared in float32."""
    import torch

    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


@contextlib.contextmanager
def logged_cause(logger: str) -> Iterator[None]:
    """Add to an exception what `logger` said before it, the exceptions among it.

    torch.export.load logs why a file cannot be read, and then raises an error that refers to "the
    warnings above".
    """
    heard = _Heard()
    logging.getLogger(logger).addHandler(heard)
    try:
        yield
    except Exception as error:
        said = [text for text in heard.said if text not in str(error)]
        if not said:
            raise
        reason = f"{type(error).__name__}: {str(error).strip()} {' '.join(said)}"
        raise Failure(reason, detail=traceback.format_exc()) from error
    finally:
        logging.getLogger(logger).removeHandler(heard)


class _Heard(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self.said.append(text)
