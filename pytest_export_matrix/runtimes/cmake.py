"""Building a program with CMake. https://cmake.org/cmake/help/latest/manual/cmake.1.html"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import List, Mapping

from pytest_export_matrix.vocabulary.outcomes import Failure

#: What has to be on the path for `build` to work.
COMMANDS = ("cmake", "make", "c++")
#: The line in which a compiler, a linker or CMake reports an error.
ERROR = re.compile(r"^.*(\berror:|\bundefined reference|CMake Error).*$", re.MULTILINE)


def build(sources: str, target: str, out: str, settings: Mapping[str, str]) -> None:
    """Build `target` of the CMakeLists.txt in the folder `sources`; what is built goes into `out`.

    Raises Failure with the first error as its reason and all that was printed as its detail.
    """
    with tempfile.TemporaryDirectory(dir=out, prefix="build-") as folder:
        defined = {
            "CMAKE_BUILD_TYPE": "Release",
            "CMAKE_RUNTIME_OUTPUT_DIRECTORY": out,
            "CMAKE_LIBRARY_OUTPUT_DIRECTORY": out,
            **settings,
        }
        options = [f"-D{name}={value}" for name, value in defined.items()]
        _run(["cmake", "-S", sources, "-B", folder, "-G", "Unix Makefiles", *options])
        _run(["cmake", "--build", folder, "--target", target])


def _run(command: List[str]) -> None:
    # `ERROR` matches English output.
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        ended = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
    except FileNotFoundError:
        raise Failure(f"{command[0]} is not on the path") from None
    if ended.returncode:
        error = ERROR.search(ended.stdout)
        found = error[0].strip() if error else f"exit code {ended.returncode}"
        line = " ".join(command[:2])
        raise Failure(f"the program was not built: {found}", detail=f"{line}\n{ended.stdout}")
