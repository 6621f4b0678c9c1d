"""A runtime that is a program of its own, in whatever language; a worker talks to it.

The program is started with the names of what it loads, and answers with one line on its standard
output. Then it answers each line of its standard input with one line:

    worker -> program   INPUT<tab>OUTPUT    two paths: answer the file INPUT with the file OUTPUT
    program -> worker   done SECONDS        it loaded, or it answered: how long its engine took
                        failed WHY          line ends of the reason as \\n
                        crashed WHY         its engine died, and it ends

It ends at the end of its standard input. What it prints on standard error is kept with the cell.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
import tempfile
from typing import Any, List, Sequence

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome
from pytest_export_matrix.vocabulary.processes import describe_code, end_with_parent

#: How many characters are shown of a line that is no answer.
SHOWN = 200


class Program:
    """A running program that has loaded its file.

    `seconds` is what its engine needed for the latest call. Raises Failure where the program
    reports a failure, prints anything else, or ends. Where it ends, the outcome is crashed.
    """

    def __init__(self, command: Sequence[str], suffix: str = "") -> None:
        # The folder that a worker works in is removed with it.
        self._folder = tempfile.TemporaryDirectory(dir=os.getcwd(), prefix="program-")
        self._input, self._output = (
            os.path.join(self._folder.name, name + suffix) for name in ("input", "output")
        )
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            # What its engine unpacks goes with the program, also when that is killed.
            env={**os.environ, "TMPDIR": self._folder.name},
            preexec_fn=end_with_parent if sys.platform == "linux" else None,
        )
        self.pid = self._process.pid
        try:
            self.seconds = self._answer()
        except Failure:
            self.close()
            raise

    @property
    def input(self) -> str:
        """Where the input of the next call has to be written."""
        return self._input

    def run(self) -> str:
        """Have the program answer the file `input`. Returns the path of the answer."""
        if os.path.exists(self._output):
            os.remove(self._output)
        try:
            self._process.stdin.write(f"{self._input}\t{self._output}\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # it has ended: reading its answer finds out how
        self.seconds = self._answer()
        if not os.path.exists(self._output):
            raise Failure("the program says that it is done, and has written no answer")
        return self._output

    def _answer(self) -> float:
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            ended = f"the program {describe_code(self._process.wait())}"
            raise Failure(ended, Outcome.CRASHED)
        word, _, rest = line.rstrip("\n").partition(" ")
        if word in ("failed", "crashed"):
            raise Failure(rest.replace("\\n", "\n").strip(), Outcome(word))
        try:
            if word != "done":
                raise ValueError
            return float(rest)
        except ValueError:
            raise Failure(f"the program printed {line[:SHOWN]!r}, which is no answer") from None

    def close(self) -> None:
        """End the program and remove its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


class ProgramSession:
    """What the sessions of all programs have in common: `program` is running."""

    program: Program

    @property
    def seconds(self) -> float:
        """What the engine needed for the latest call."""
        return self.program.seconds

    def close(self) -> None:
        self.program.close()


class TensorsSession(ProgramSession):
    """The session of a program that reads and writes safetensors files of "0", "1", ..."""

    def run(self, arguments: Any) -> Any:
        import numpy as np
        from safetensors.numpy import load_file, save_file

        arrays = {str(i): np.ascontiguousarray(array) for i, array in enumerate(arguments)}
        save_file(arrays, self.program.input)
        answer = load_file(self.program.run())
        return [answer[str(i)] for i in range(len(answer))]


def mapped(pid: int) -> List[str]:
    """The files that a process has mapped, its libraries among them (Linux; elsewhere none)."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            fields = [line.split(maxsplit=5) for line in file]
    except FileNotFoundError:
        return []
    return sorted({parts[5].strip() for parts in fields if len(parts) == 6})


def operator_libraries(module: str) -> List[str]:
    """The shared libraries in which an installed package keeps its operators.

    By PyTorch's convention they are named _C and stand in the package's folder. Raises Failure
    where the package has none.
    """
    from importlib.util import find_spec

    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () for path in glob.glob(f"{folder}/_C*.so")]
    if not found:
        raise Failure(f"{module} has no library of operators (_C*.so) that could be loaded")
    return sorted(found)
