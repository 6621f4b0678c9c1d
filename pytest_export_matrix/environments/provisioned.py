"""Environments that uv installs: once, into a folder of the cache, shared by all runs.

    CACHE/environments/KEY/venv-XXXX/           the environment, built in place
    CACHE/environments/KEY/environment.json     the record: which venv is whole, and what is in it
    CACHE/environments/KEY.lock                 held while one is built or removed

KEY stands for the Python version, the requirements and the platform. Every build has a folder of
its own, and nobody looks at it before the record, which is written last and replaced as a whole,
names it. So one that was killed in the middle is never used, even if what it started goes on
writing; the next build removes its folder.

The record outlives its venv: answers that were made in it stay known, and where it has to be
built again, it is built with the versions that the record names.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

import filelock

from pytest_export_matrix.environments import uv
from pytest_export_matrix.errors import ProvisionError
from pytest_export_matrix.registry import Environment

FOLDER, RECORD = "environments", "environment.json"
LOCK_POLL_SECONDS = 0.05
ANOTHER_FOLDER = "choose another folder: pytest --export-matrix --export-matrix-cache DIR"
#: As uv names them where the folder, not what is asked for, is at fault.
FOLDER_ERRORS = [
    f"(os error {number})" for number in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT)
]
#: Run by the environment's own interpreter.
INSPECT = """
import json, platform
from importlib import metadata
installed = sorted({(d.metadata["Name"] or "", d.version) for d in metadata.distributions()})
print(json.dumps({"version": platform.python_version(), "installed": installed}))
"""


@dataclass(frozen=True)
class Record:
    """What was installed. `python` and `requirements` are those asked for, `version` is the
    interpreter's, `installed` holds (package, version), `size` is in bytes, `venv` a folder's
    name."""

    name: str
    python: str
    requirements: Tuple[str, ...]
    platform: str
    version: str
    installed: Tuple[Tuple[str, str], ...]
    size: int
    venv: str

    @property
    def environment(self) -> Environment:
        return Environment(self.name, self.python, list(self.requirements))

    def content(self) -> List[Any]:
        """All that an answer which is made in it depends on, for keys."""
        return [self.platform, self.version, self.installed]

    def describe(self, modules: Iterable[str]) -> Dict[str, Any]:
        """The environment as the results file has it, with the versions of those of `modules`, and
        of what was asked for, that are there."""
        wanted = {_plain(name) for name in (*modules, *map(_project, self.requirements))}
        packages = {name: version for name, version in self.installed if _plain(name) in wanted}
        return {"python": self.version, "platform": self.platform, "packages": packages}


def known(cache: Path, environment: Environment) -> Optional[Record]:
    """The record of `environment`, built or not any more; None where it never was."""
    return _read(_place(cache, environment))


def python(cache: Path, environment: Environment) -> Optional[str]:
    """The interpreter of `environment`; None where it is not there."""
    place = _place(cache, environment)
    record = _read(place)
    interpreter = _interpreter(place / record.venv) if record else None
    # A link to an interpreter that was uninstalled leads nowhere.
    return str(interpreter) if interpreter and interpreter.exists() else None


def provide(
    cache: Path,
    environment: Environment,
    stopped: Callable[[], bool] = lambda: False,
    watch: Callable[[str], None] = lambda stage: None,
    seconds: float = float("inf"),
) -> Record:
    """The record of `environment`, which is there from now on: it is built where it is not.

    `watch` is told what is done; each step may take `seconds`. Raises ProvisionError where it
    cannot be built, with the reason and what mends it, and uv.Stopped where `stopped` says so.
    """
    asked = f"environment {environment.name}"
    try:
        with _lock(cache, environment, stopped, watch):
            place = _place(cache, environment)
            record = _read(place)
            if record and python(cache, environment):
                os.utime(place / RECORD)  # when it was last used
                return record
            return _build(place, environment, record, stopped, watch, seconds)
    except OSError as error:
        problem = f"{error.strerror or error}: {error.filename or cache}"
        raise ProvisionError(asked, problem, remedy=ANOTHER_FOLDER) from error


def remove(cache: Path, environment: Environment, forget: bool = False) -> int:
    """Remove the installed files of `environment`, with `forget` also its record; the bytes that
    it had. Raises OSError where that is not permitted."""
    with _lock(cache, environment, lambda: False, lambda stage: None):
        place = _place(cache, environment)
        record = _read(place)
        size = record.size if record and python(cache, environment) else 0
        if forget:
            with contextlib.suppress(FileNotFoundError):
                (place / RECORD).unlink()
        for venv in list(place.glob("venv-*")):
            # Killed in the middle, this must leave nothing behind that looks whole.
            doomed = venv.rename(place / f"venv-removed-{venv.name}")
            shutil.rmtree(doomed)
        return size


def records(cache: Path) -> List[Tuple[Record, bool, float]]:
    """Every environment of the cache: its record, whether it is there, when it was last used."""
    found = []
    for path in sorted((cache / FOLDER).glob(f"*/{RECORD}")):
        record = _read(path.parent)
        if record:
            built = _interpreter(path.parent / record.venv).exists()
            found.append((record, built, path.stat().st_mtime))
    return sorted(found, key=lambda each: each[0].name)


def content_key(environment: Environment) -> str:
    content = [environment.python, sorted(environment.requirements), _platform()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _place(cache: Path, environment: Environment) -> Path:
    return cache / FOLDER / content_key(environment)


def _platform() -> str:
    return f"{platform.system()}-{platform.machine()}"


def _plain(name: str) -> str:
    """A project's name in the one spelling that all its spellings have in common."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _project(requirement: str) -> str:
    """The project that a requirement is for: "onnxruntime" of "onnxruntime==1.20.*"."""
    return re.match(r"\s*([\w.-]*)", requirement)[1]  # type: ignore[index]


def _interpreter(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _read(place: Path) -> Optional[Record]:
    """The record in `place`; None where there is none, or one that is of no use."""
    try:
        data = json.loads((place / RECORD).read_text(encoding="utf-8"))
        data["requirements"] = tuple(data["requirements"])
        data["installed"] = tuple((name, version) for name, version in data["installed"])
        return Record(**data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _lock(
    cache: Path,
    environment: Environment,
    stopped: Callable[[], bool],
    watch: Callable[[str], None],
) -> Iterator[None]:
    """Hold the environment's lock, among threads and among processes."""
    place = _place(cache, environment)
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{place}.lock")
    watch("waiting")
    while True:
        try:
            lock.acquire(timeout=1.0, poll_interval=LOCK_POLL_SECONDS)
            break
        except filelock.Timeout:
            if stopped():
                raise uv.Stopped from None
    try:
        yield
    finally:
        lock.release()


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
    for half_built in place.glob("venv-*"):
        shutil.rmtree(half_built, ignore_errors=True)
    venv = Path(tempfile.mkdtemp(dir=place, prefix="venv-"))
    try:
        _install(venv, environment, before, stopped, watch, seconds)
        record = _inspect(venv, environment)
        fresh = venv / RECORD
        fresh.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        os.replace(fresh, place / RECORD)
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
    """Create `venv` and install into it: what is asked for, in the versions of `before`."""
    version = before.version if before else environment.python
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
        words = ["pip", "install", "--python", str(_interpreter(venv))]
        if before:
            pins = venv / "constraints.txt"
            lines = [f"{name}=={version}\n" for name, version in before.installed]
            pins.write_text("".join(lines), encoding="utf-8")
            words += ["--constraint", str(pins)]
        given = " ".join(f"--with '{requirement}'" for requirement in wanted)
        tried = f"uv run --no-project --isolated --python {version} {given} python -V"
        step([*words, "--", *wanted], "", f"correct its requirements; to try them: {tried}")


def _inspect(venv: Path, environment: Environment) -> Record:
    line = [str(_interpreter(venv)), "-I", "-c", INSPECT]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        remedy = f"try another one: {environment.python!r} is asked for"
        raise ProvisionError(
            f"environment {environment.name}", f"its Python: {last}", remedy=remedy
        )
    found = json.loads(done.stdout)
    return Record(
        environment.name,
        environment.python,
        tuple(environment.requirements),
        _platform(),
        found["version"],
        tuple((name, version) for name, version in found["installed"]),
        _size(venv),
        venv.name,
    )


def _size(folder: Path) -> int:
    return sum(
        os.lstat(os.path.join(inside, name)).st_size
        for inside, _, names in os.walk(folder)
        for name in names
    )
