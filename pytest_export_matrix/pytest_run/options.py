"""Read the settings from the command line and the ini file."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, FrozenSet, List, Optional, Tuple

import pytest

from pytest_export_matrix.execution import scheduler, store
from pytest_export_matrix.machine import capacity, devices
from pytest_export_matrix.planning.matrix import DEFAULT_PROFILE
from pytest_export_matrix.pytest_run import xdist
from pytest_export_matrix.vocabulary.entries import Size
from pytest_export_matrix.vocabulary.errors import UsageError

#: What numbers may be: seconds, GiB, tasks, percents.
LEAST, MOST = 1e-4, 1e7
MOST_SHARDS, MOST_LANES = 9999, 1024
#: What names a place that is no folder: "s3://bucket/folder", "file:///folder".
URL = re.compile(r"[a-z][a-z0-9+]*(://|::)")
#: Where steps are carried out.
LOCAL, RAY = "local", "ray"


@dataclass(frozen=True)
class Settings:
    """What the options and the ini file ask for. `reports_asked`: the command line names the
    reports folder. `sizes` and `inputs` are for `models`, which the command line names. `shard`:
    (part, parts). `sees`: the percent of a model's tensors that its inputs have to see, None where
    nobody asks. `url`: where the cache is as well, "" for nowhere. `cluster`: the address of the
    Ray cluster that carries out the steps, "" for any, None for this machine. `given`: the names of
    values that are not the defaults."""

    lanes: int
    threads: int
    memory: int
    cache: Path
    devices: List[str]
    url: str = ""
    seconds: float = 900.0
    select: List[str] = field(default_factory=list)
    require: List[str] = field(default_factory=list)
    shard: Optional[Tuple[int, int]] = None
    models: List[str] = field(default_factory=list)
    sizes: List[Size] = field(default_factory=list)
    inputs: str = ""
    foreign: bool = False
    profile: str = DEFAULT_PROFILE
    reports: Path = Path("reports")
    reports_asked: bool = False
    repro: Optional[Path] = None
    baseline: Optional[Path] = None
    update: bool = False
    sees: Optional[float] = None
    docs: List[Path] = field(default_factory=list)
    docs_check: bool = False
    cluster: Optional[str] = None
    given: FrozenSet[str] = frozenset()


def read(config: pytest.Config) -> Settings:
    """Raises UsageError for a value that is no number, or out of range."""
    cores = capacity.cores()
    # Under pytest-xdist every process has its share of the machine, and one task at a time.
    processes = xdist.processes(config)
    lanes = 1 if processes else scheduler.default_lanes(cores, capacity.available())
    lanes = int(_number(config, "workers", lanes, whole=True, most=MOST_LANES))
    memory = scheduler.default_memory_limit(processes or lanes)
    cache, baseline, repro = (_value(config, name) for name in ("cache", "baseline", "repro"))
    update = config.getoption("export_matrix_update")
    if update and not baseline:
        remedy = "--export-matrix-baseline FILE, or export_matrix_baseline in the ini file"
        raise UsageError("--export-matrix-update", "no baseline is named", remedy=remedy)
    return Settings(
        select=_list(config, "select"),
        require=_list(config, "require"),
        shard=_shard(_value(config, "shard")),
        models=_list(config, "model"),
        sizes=_sizes(config),
        inputs=_value(config, "inputs") or "",
        devices=re.findall(r"[^\s,]+", " ".join(_list(config, "devices"))) or devices.here(),
        foreign=config.getoption("export_matrix_foreign"),
        profile=_value(config, "profile") or DEFAULT_PROFILE,
        reports=Path(os.path.normpath(config.rootpath / (_value(config, "reports") or "reports"))),
        reports_asked=config.getoption("export_matrix_reports") is not None,
        repro=(config.rootpath / repro).absolute() if repro else None,
        lanes=lanes,
        threads=max(1, cores // (processes or lanes)),
        seconds=_number(config, "timeout", Settings.seconds),
        memory=int(_number(config, "memory", memory / 2**30) * 2**30),
        cache=_cache(cache),
        url=_url(cache),
        baseline=config.rootpath / baseline if baseline else None,
        update=update,
        sees=_percent(config, "sees"),
        docs=[config.rootpath / name for name in _list(config, "docs")],
        docs_check=config.getoption("export_matrix_docs_check"),
        cluster=_cluster(config),
        given=frozenset(n for n in ("workers", "memory") if _value(config, n) is not None),
    )


def of_this_machine(cache: Optional[str] = None) -> Settings:
    """The settings where no option and no ini file says otherwise."""
    cores = capacity.cores()
    lanes = scheduler.default_lanes(cores, capacity.available())
    return Settings(
        lanes,
        max(1, cores // lanes),
        scheduler.default_memory_limit(lanes),
        _cache(cache),
        devices.here(),
        _url(cache),
    )


def _url(cache: Optional[str]) -> str:
    return cache if cache and URL.match(cache) else ""


def _cache(folder: Optional[str]) -> Path:
    """Absolute: workers have another working directory. For a URL, that of the user."""
    try:
        chosen = store.default_root() if not folder or _url(folder) else folder
        return Path(chosen).expanduser().absolute()
    except RuntimeError as error:  # ~nobody
        problem = str(error)
        raise UsageError(
            f"--export-matrix-cache {folder}", problem, remedy="--export-matrix-cache=DIR"
        ) from None


def _value(config: pytest.Config, name: str) -> Optional[str]:
    given: Any = config.getoption(f"export_matrix_{name}")
    return given if given is not None else (config.getini(f"export_matrix_{name}") or None)


def _list(config: pytest.Config, name: str) -> List[str]:
    given: List[str] = config.getoption(f"export_matrix_{name}")
    return given or list(config.getini(f"export_matrix_{name}"))


def _sizes(config: pytest.Config) -> List[Size]:
    """The sizes of the models that are named. Raises UsageError for other words, and where the
    command line names sizes or inputs and no model."""
    for name in ("size", "inputs"):
        if config.getoption(f"export_matrix_{name}") and not _list(config, "model"):
            problem = "it is for models that are named, and none is"
            remedy = "--export-matrix-model NAME; a registered architecture has sizes= and inputs="
            raise UsageError(f"--export-matrix-{name}", problem, remedy=remedy)
    sizes = []
    for text in _list(config, "size"):
        match = re.match(r"([1-9]\d{0,4})x([1-9]\d{0,4})\Z", text)
        if not match:
            remedy = "HEIGHTxWIDTH, for instance --export-matrix-size 224x256"
            raise UsageError(f"--export-matrix-size {text}", "no size", remedy=remedy)
        sizes.append((int(match[1]), int(match[2])))
    return sizes


def _cluster(config: pytest.Config) -> Optional[str]:
    text = _value(config, "executor") or LOCAL
    kind, _, address = text.partition(":")
    asked, remedy = f"--export-matrix-executor {text}", f"{LOCAL}, {RAY} or {RAY}:HOST:PORT"
    if kind not in (LOCAL, RAY) or (kind == LOCAL and address):
        close = difflib.get_close_matches(kind, (LOCAL, RAY), n=1)
        nearest = close[0] if close else None
        raise UsageError(asked, "no such executor", nearest=nearest, remedy=remedy)
    if kind == RAY and xdist.is_used(config):
        raise UsageError(asked, "-n divides the cells already", remedy="leave out one of the two")
    return address if kind == RAY else None


def _shard(text: Optional[str]) -> Optional[Tuple[int, int]]:
    if text is None:
        return None
    match = re.match(r"(\d{1,5})/(\d{1,5})\Z", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]) <= MOST_SHARDS:
        remedy = "for instance --export-matrix-shard 2/5, the second of five"
        raise UsageError(f"--export-matrix-shard {text}", "not PART/PARTS", remedy=remedy)
    return int(match[1]), int(match[2])


def _percent(config: pytest.Config, name: str) -> Optional[float]:
    if _value(config, name) is None:
        return None
    percent = _number(config, name, 95)
    if percent > 100:
        asked = f"--export-matrix-{name} {_value(config, name)}"
        raise UsageError(asked, "more than 100 percent", remedy=f"--export-matrix-{name} 100")
    return percent


def _number(
    config: pytest.Config, name: str, default: float, whole: bool = False, most: float = MOST
) -> float:
    text = _value(config, name)
    if text is None:
        return default
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = 0
    if not LEAST <= number <= most:
        kind = "whole number" if whole else "number"
        raise UsageError(
            f"--export-matrix-{name} {text}",
            f"not a {kind} above zero, or out of range",
            remedy=f"for instance --export-matrix-{name} {default:g}",
        )
    return number
