"""Environments that uv installs: once, into a folder of the cache, shared by all runs.

    CACHE/environments/KEY/venv-XXXX/           the environment, built in place
    CACHE/environments/KEY/environment.json     the record: which venv is complete, and its content
    CACHE/environments/KEY.lock                 held while one is built or removed

KEY stands for the Python version, the requirements, the platform, and the commits of folders among
the requirements. Every build has a folder of its own. The record is written last, in one step, and
only the folder that it names is used. So a build that was killed midway is never used, even if its
child processes go on writing; the next build removes its folder.

The record outlives its venv: answers that were made in it stay known, and a new build installs the
versions that the record names.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Callable, Iterator, List, Optional

from pytest_export_matrix.environments import inspection, uv
from pytest_export_matrix.environments.packages import Packages
from pytest_export_matrix.environments.records import (
    RECORD,
    Record,
    interpreter,
    place_of,
    python,
    read,
)
from pytest_export_matrix.machine import locks
from pytest_export_matrix.machine.json_files import write_whole
from pytest_export_matrix.vocabulary.entries import Environment
from pytest_export_matrix.vocabulary.errors import ProvisionError

ANOTHER_FOLDER = "choose another folder: pytest --export-matrix --export-matrix-cache=DIR"
#: How uv names errors that the folder causes, not the requirements.
FOLDER_ERRORS = [
    f"(os error {number})" for number in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT)
]


def provide(
    cache: Path,
    environment: Environment,
    stopped: Callable[[], bool] = lambda: False,
    watch: Callable[[str], None] = lambda stage: None,
    seconds: float = float("inf"),
    upgrade: bool = False,
) -> Record:
    """Build `environment` unless it is installed. Returns its record.

    `watch` is told what is done; each step may take `seconds`. `upgrade` builds it anew, in the
    versions that its requirements resolve to today. Raises ProvisionError where it cannot be
    built, with the reason and what mends it, and locks.RunStopped where `stopped` says so.
    """
    asked = f"environment {environment.name}"
    place = place_of(cache, environment)
    try:
        with _lock(place, stopped, watch):
            record = read(place)
            if record and python(cache, environment) and not upgrade:
                os.utime(place / RECORD)  # when it was last used
                return record
            _sweep(place, record)
            before = None if upgrade else record
            record = _build(place, environment, before, stopped, watch, seconds)
            _sweep(place, record)
            return record
    except OSError as error:
        problem = f"{error.strerror or error}: {error.filename or cache}"
        raise ProvisionError(asked, problem, remedy=ANOTHER_FOLDER) from error


def remove(place: Path, forget: bool = False) -> int:
    """Remove the installed files in `place`, a folder of the cache; with `forget` also the record.
    Returns how many bytes were installed. Raises OSError where that is not permitted."""
    with _lock(place, lambda: False, lambda stage: None):
        record = read(place)
        size = record.size if record and (place / record.venv).exists() else 0
        if forget:
            with contextlib.suppress(FileNotFoundError):
                (place / RECORD).unlink()
        for venv in list(place.glob("venv-*")):
            # If this is killed midway, nothing that is left may look complete.
            doomed = venv.rename(place / f"venv-removed-{venv.name}")
            shutil.rmtree(doomed)
        if forget and place.exists():
            place.rmdir()
        return size


@contextlib.contextmanager
def _lock(place: Path, stopped: Callable[[], bool], watch: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of an environment's folder, among threads and among processes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    watch("waiting")
    with locks.hold(place.with_name(f"{place.name}.lock"), stopped):
        yield


def _sweep(place: Path, record: Optional[Record]) -> None:
    """Remove what killed builds have left: all but the venv that `record` names."""
    for venv in place.glob("venv-*"):
        if record is None or venv.name != record.venv:
            shutil.rmtree(venv, ignore_errors=True)


def _build(
    place: Path,
    environment: Environment,
    before: Optional[Record],
    stopped: Callable[[], bool],
    watch: Callable[[str], None],
    seconds: float,
) -> Record:
    if not uv.command():
        asked = f"environment {environment.name}"
        raise ProvisionError(
            asked, "it is installed by uv, not found here", remedy="pip install uv"
        )
    place.mkdir(exist_ok=True)
    venv = Path(tempfile.mkdtemp(dir=place, prefix="venv-"))
    try:
        began = time.monotonic()
        _install(venv, environment, before, stopped, watch, seconds)
        record = _inspect(venv, environment, time.monotonic() - began)
        if before and record.packages.content != before.packages.content:
            asked = f"environment {environment.name}"
            again = f"export-matrix environments build --upgrade {environment.name}"
            raise ProvisionError(asked, "it cannot be had as it was", remedy=again)
        write_whole(place / RECORD, json.dumps(asdict(record), indent=1))
        return record
    except BaseException:
        shutil.rmtree(venv, ignore_errors=True)
        raise


def _install(
    venv: Path,
    environment: Environment,
    before: Optional[Record],
    stopped: Callable[[], bool],
    watch: Callable[[str], None],
    seconds: float,
) -> None:
    """Create `venv` and install the requirements into it, in the versions of `before`."""
    version = before.packages.python if before else environment.python
    wanted = list(environment.requirements)
    again = f"export-matrix environments build --upgrade {environment.name}"

    def step(words: List[str], what: str, remedy: str) -> None:
        try:
            uv.run(words, venv, stopped, seconds)
        except uv.UvFailure as failure:
            text = str(failure)
            if any(number in text for number in FOLDER_ERRORS):
                remedy = ANOTHER_FOLDER
            elif before:
                remedy = again
            asked = f"environment {environment.name}"
            raise ProvisionError(asked, f"{what}{text}", remedy=remedy) from None

    watch(f"finding Python {version}")
    words = ["venv", "--no-project", "--clear", "--python", version, "."]
    step(words, f"Python {version}: ", f"uv python install {version}")
    if wanted:
        watch("installing")
        words = ["pip", "install", "--python", str(interpreter(venv))]
        if before:
            pins = venv / "constraints.txt"
            lines = [f"{name}=={version}\n" for name, version in before.packages.installed]
            pins.write_text("".join(lines), encoding="utf-8")
            words += ["--constraint", str(pins)]
        given = " ".join(f"--with '{requirement}'" for requirement in wanted)
        tried = f"uv run --no-project --isolated --python {version} {given} python -V"
        step([*words, "--", *wanted], "", f"correct its requirements; to try them: {tried}")
        afterwards = list(environment.afterwards)
        if afterwards:
            watch(f"building {', '.join(afterwards)}")
            # The others are listed again, so that they keep their versions.
            words += ["--no-build-isolation", "--", *wanted, *afterwards]
            step(words, "", f"correct what is built afterwards: {', '.join(afterwards)}")


def _inspect(venv: Path, environment: Environment, seconds: float) -> Record:
    line = [str(interpreter(venv)), "-I", inspection.__file__]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        remedy = f"try another one: {environment.python!r} is asked for"
        raise ProvisionError(
            f"environment {environment.name}", f"its Python: {last}", remedy=remedy
        )
    return Record(
        environment.name,
        environment.python,
        tuple(environment.requirements),
        tuple(environment.afterwards),
        Packages.inspected(json.loads(done.stdout), fresh=True),
        _size(venv),
        venv.name,
        round(seconds, 1),
    )


def _size(folder: Path) -> int:
    return sum(
        os.lstat(os.path.join(inside, name)).st_size
        for inside, _, names in os.walk(folder)
        for name in names
    )
