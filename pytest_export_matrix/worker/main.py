"""The worker process: `python main.py CONTROL`. See `protocol` for what it reads and writes.

It is run by path, so that no folder of the parent's packages has to be on `sys.path`: it can import
only this one of them. Every task runs in a forked child of its own. So what a task imports,
patches, leaks or breaks ends with it, and torch is imported only once.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import select
import signal
import sys
import time
import traceback
from typing import Any, Set

#: Forking after importing Apple's frameworks is unsafe, and Windows has no fork.
FORKS = sys.platform == "linux"
POLL_SECONDS = 0.02


def main(control: str) -> None:
    # An interrupt ends a worker and its tasks, as any other signal from outside does. In the middle
    # of an import a library may swallow the exception that Python makes of it, and be half there.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    requests = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(_FILE)]
    _import_package()
    # Before any fork: what every task needs is imported once.
    from pytest_export_matrix.vocabulary.processes import adopt_orphans
    from pytest_export_matrix.worker import protocol, task  # noqa: F401
    from pytest_export_matrix.worker.dataclass_json import read, to_json
    from pytest_export_matrix.worker.messages import Ended, Ready, WorkerConfig
    from pytest_export_matrix.worker.used import Recorder

    config = read(WorkerConfig, protocol.read_json(control, protocol.CONFIG))
    missing = [name for name in config.modules if importlib.util.find_spec(name) is None]
    recorder = Recorder().start()
    for name in config.preload:
        try:
            importlib.import_module(name)
        except ImportError:
            traceback.print_exc()  # the task that needs it meets the same error, at its own stage
    adopt_orphans()
    protocol.write_json(control, protocol.READY, to_json(Ready(missing)))
    for folder in _lines(requests):
        if not FORKS:
            _serve(folder, recorder)
        status = _fork_and_wait(folder, requests, recorder)
        protocol.write_json(folder, protocol.EXIT, to_json(Ended(status)))


_FILE = os.path.abspath(__file__)


def _import_package() -> None:
    """Make this package importable from where it lies, but nothing that lies beside it."""
    folder = os.path.dirname(os.path.dirname(_FILE))
    name = os.path.basename(folder)
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _lines(descriptor: int) -> Any:
    """The lines that arrive at `descriptor`, until its end."""
    with os.fdopen(descriptor, closefd=False) as file:
        for line in iter(file.readline, ""):
            yield line.rstrip("\n")


def _fork_and_wait(folder: str, requests: int, recorder: Any) -> int:
    """Serve the task in `folder` in a forked child. Returns its wait status.

    If the parent goes away meanwhile, the child and this process end.
    """
    kept, blind = _children(), recorder.blind
    pid = os.fork()
    recorder.blind = blind  # this fork does not count: the recorder goes on in the child
    if pid == 0:
        os.close(requests)
        _serve(folder, recorder)
    _own_group(pid)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _end_descendants(pid, kept)
            return status
        if select.select([requests], [], [], POLL_SECONDS)[0]:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os._exit(1)


def _end_descendants(pid: int, kept: Set[int]) -> None:
    """End what the task `pid` has left behind: its process group, and processes that left the group
    and are children of this process since their parents are gone. `kept` were there before."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    while True:
        left = _children() - kept
        if not left:
            return
        for each in left:  # killing one may bring up its children
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(each, signal.SIGKILL)
                os.waitpid(each, 0)


def _children() -> Set[int]:
    """The processes whose parent this one is (Linux)."""
    own = str(os.getpid())
    try:
        with open(f"/proc/{own}/task/{own}/children", encoding="ascii") as file:
            return {int(each) for each in file.read().split()}
    except OSError:
        return set()


def _own_group(pid: int) -> None:
    """Give a child its own process group, so that it is ended together with what it started.

    Called on both sides of the fork: whichever comes first, the group is there.
    """
    # The child may have been faster, or be gone already.
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)


def _serve(folder: str, recorder: Any) -> None:
    """Carry out the task in `folder` and end this process without any clean-up of libraries."""
    import faulthandler

    from pytest_export_matrix.vocabulary.processes import end_with_parent
    from pytest_export_matrix.worker import protocol, task
    from pytest_export_matrix.worker.dataclass_json import to_json
    from pytest_export_matrix.worker.messages import Started

    if FORKS:
        _own_group(os.getpid())
        end_with_parent()
    log = os.open(os.path.join(folder, protocol.LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable(file=2)
    protocol.write_json(folder, protocol.STARTED, to_json(Started(os.getpid(), time.time())))
    task.run(folder, recorder)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
