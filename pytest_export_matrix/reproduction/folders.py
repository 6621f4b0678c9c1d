"""Write the folders of `--export-matrix-repro=DIR`: DIR/CELL shows the failure of one cell."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Iterable, List, Sequence, Tuple

from pytest_export_matrix.environments import current
from pytest_export_matrix.execution.evidence import CaseOnDisk, CellEvidence, Place
from pytest_export_matrix.reproduction.scripts import (
    MODEL_STAGES,
    has_noise,
    has_reference,
    is_other,
    texts,
)
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.vocabulary.entries import BUILD_MODULES
from pytest_export_matrix.vocabulary.errors import UsageError

INPUTS, EXPECTED, NOISE = "inputs.npz", "expected.npz", "noise.npz"
#: The packages that make the default sample pictures.
SAMPLE_PACKAGES = ("pillow", "scikit-learn")
#: The store's own files in an entry.
NOT_AN_ARTIFACT = ("entry.json",)


def check(folder: Path) -> None:
    """Raise UsageError before the run where nothing can be written into `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        asked = f"--export-matrix-repro {folder}"
        raise UsageError(asked, str(error), remedy="choose another folder") from error


def write(folder: Path, result: Result, facts: CellEvidence, environment: Versions) -> Path:
    """Write the folder of one cell as a whole. It replaces an older one. Returns its path.

    Raises OSError where the disk is full or a file is gone.
    """
    target = folder / result.cell.id
    fresh = Path(tempfile.mkdtemp(dir=folder, prefix=f".{result.cell.id}."))
    try:
        result = replace(result, detail=_shown(result.detail, facts))
        for name, text in texts(result, facts, place(target, facts.paths), environment).items():
            (fresh / name).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        if has_reference(result, facts):
            _copy_weights(facts, fresh)
            _copy_cases(facts.asked, fresh)
        elif result.stage in MODEL_STAGES:
            _copy_model(facts, fresh)
        else:
            _copy_file(facts, fresh)
        fresh.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _shown(text: str, facts: CellEvidence) -> str:
    """`text` with this machine's folders replaced by names."""
    for old, new in {**facts.shown, sys.base_prefix: "<python>"}.items():
        text = text.replace(old, new)
    return text


def place(target: Path, paths: Sequence[str]) -> Place:
    """Where a script in `target` finds the project, without naming a folder of this machine: above
    the script, or else in the folder that it is started in."""
    root = os.path.realpath(paths[0])
    parts = tuple(os.path.relpath(os.path.realpath(path), root) for path in paths)
    inside = Path(os.path.realpath(target)).is_relative_to(root)
    if not inside:
        return Place('"."', "the folder that the script is started in", parts)
    way = Path(os.path.relpath(root, os.path.realpath(target))).as_posix()
    return Place(f"HERE / {way!r}", "where it was when this was written", parts)


def _copy_model(facts: CellEvidence, fresh: Path) -> None:
    _copy_weights(facts, fresh)
    if facts.example and facts.example.folder:
        with zipfile.ZipFile(fresh / INPUTS, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, facts.example, "input_", "")


def _copy_weights(facts: CellEvidence, fresh: Path) -> None:
    if facts.weights:
        shutil.copyfile(facts.weights, fresh / Path(facts.weights).name)


def _copy_file(facts: CellEvidence, fresh: Path) -> None:
    source = Path(facts.artifact).parent
    for path in source.rglob("*") if facts.artifact else ():
        if path.is_file() and path.name not in NOT_AN_ARTIFACT:
            copy = fresh / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    _copy_cases(facts.cases, fresh)


def _copy_cases(cases: Sequence[CaseOnDisk], fresh: Path) -> None:
    files = [(INPUTS, "input_"), (EXPECTED, "output_")]
    for name, prefix in [*files, (NOISE, "noise_")] if has_noise(cases) else files:
        with zipfile.ZipFile(fresh / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for i, known in enumerate(cases):
                if known.folder:
                    _add(archive, known, prefix, f"case_{i}_")


def _add(archive: zipfile.ZipFile, known: CaseOnDisk, prefix: str, name: str) -> None:
    """Add the arrays whose names begin with `prefix`, in their order. An npz file is a zip of
    arrays, so this needs no numpy."""
    with zipfile.ZipFile(Path(known.folder) / "data.npz") as data:
        entries = [entry for entry in data.namelist() if entry.startswith(prefix)]
        for entry in sorted(entries, key=_number):
            with (
                data.open(entry) as source,
                archive.open(name + entry, "w", force_zip64=True) as to,
            ):
                shutil.copyfileobj(source, to)


def _number(entry: str) -> int:
    return int(entry.rpartition("_")[2].removesuffix(".npy"))


def write_all(folder: Path, found: Iterable[Tuple[Result, CellEvidence]]) -> List[str]:
    """Write the folders of `found`, cells that did not pass. Returns in words what failed."""
    problems = []
    for result, facts in found:
        try:
            write(folder, result, facts, _environment(result, facts))
        except OSError as error:
            problems.append(f"no reproduction of {result.cell.id}: {error}")
    return problems


def _environment(result: Result, facts: CellEvidence) -> Versions:
    """The packages that such a cell may need, in the environment that the cell ended in."""
    at_model = result.stage in MODEL_STAGES
    name = facts.exporter.environment if at_model else facts.runtime.environment
    if name in facts.installed and (is_other(facts) or not at_model):
        return facts.installed[name]
    modules = {*BUILD_MODULES, *SAMPLE_PACKAGES, *facts.exporter.modules}
    modules.update(name.partition(".")[0] for name in result.extra_dependencies)
    return current.describe({*modules, *facts.runtime.modules, *facts.runtime.extras})


def report(folder: Path, failed: int, problems: Sequence[str]) -> List[str]:
    """What the terminal says about the folders."""
    written = failed - len(problems)
    noun = "reproduction" if written == 1 else "reproductions"
    return [f"{written} {noun} in {folder}", *problems]
