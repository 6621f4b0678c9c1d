"""ExecuTorch: programs for small devices, on a CPU, from Python and from C++.

https://docs.pytorch.org/executorch/stable/using-executorch-runtime-integration.html

The package holds the libraries and headers of its C++ runtime, and the program in this folder is
built against them: no Python and no torch in its process. The Python runtime needs torch.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from pytest_export_matrix.runtimes import cmake
from pytest_export_matrix.vocabulary.outcomes import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = "executorch_runner"


def build(out: str) -> None:
    """Build the program that runs files into the folder `out`."""
    spec = find_spec("executorch")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if os.path.isdir(os.path.join(folder, "lib", "cmake")):
            cmake.build(HERE, RUNNER, out, {"CMAKE_PREFIX_PATH": folder})
            return
    raise Failure("this executorch has no C++ libraries (its lib/cmake): 1.5 and later have them")
