"""Nothing is made twice, and no answer is stale."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import EXPECTED, FILES, ONE_LANE, WRONG, Small
from miniatures.project import Project, Run, cell

from pytest_export_matrix.execution.store import LAYOUT

ONNX = {"format": "onnx", "runtime": "onnxruntime"}


def test_a_file_is_exported_once_for_all_cells_that_can_share_it(small: Small) -> None:
    assert small.first.outcomes == EXPECTED
    made = list((small.project.cache / LAYOUT / "artifact").iterdir())
    assert len(made) == FILES


def test_a_second_run_is_answered_from_the_cache(small: Small) -> None:
    exported = small.project.exports()

    run = small.again()

    assert all(row["cached"] for row in run.rows.values())
    assert run.outcomes == EXPECTED
    assert small.project.exports() == exported
    assert f"{len(EXPECTED)} answered from the cache" in run.output


def test_from_a_url_a_file_is_fetched_only_where_it_is_needed(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    url = f"--export-matrix-cache=file://{tmp_path}/url"

    def files(machine: str) -> int:
        return len(list((tmp_path / machine).glob("*/*/artifact/*/model.pt")))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "maker"))
    assert small.again(url).outcomes == EXPECTED
    assert files("maker") == FILES

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "reader"))
    run = small.again(url)
    assert run.outcomes == EXPECTED and all(row["cached"] for row in run.rows.values())
    assert files("reader") == 0

    small.again(url, "--export-matrix-repro=repro")
    assert files("reader") == 1
    assert (small.project.root / "repro" / WRONG / "model.pt").exists()

    # What the URL speaks of and no longer has is made again.
    shutil.rmtree(tmp_path / "url" / "result")
    for archive in (tmp_path / "url" / "artifact").glob("*.tar"):
        archive.unlink()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a third one"))
    assert small.again(url).outcomes == EXPECTED
    assert files("a third one") == FILES


def test_the_option_no_cache_makes_everything_again(small: Small) -> None:
    exported = small.project.exports()

    run = small.again("--export-matrix-no-cache")

    assert not any(row["cached"] for row in run.rows.values())
    assert run.outcomes == EXPECTED
    assert len(small.project.exports()) == len(exported) + FILES


def test_a_file_that_is_damaged_on_disk_is_made_again(small: Small) -> None:
    exported = small.project.exports()
    one, other = sorted((small.project.cache / LAYOUT / "artifact").glob("*/model.pt"))
    flipped = bytearray(one.read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF
    one.write_bytes(flipped)
    other.write_bytes(other.read_bytes()[:100])
    shutil.rmtree(small.project.cache / LAYOUT / "result")

    run = small.again()

    assert run.outcomes == EXPECTED
    assert len(small.project.exports()) == len(exported) + FILES


def test_a_cache_may_be_named_by_a_relative_path(small: Small) -> None:
    fresh = cell(method="counts", runtime="prints_megabytes")
    run = small.project.run(*ONE_LANE, "--export-matrix-cache=../cache", cells=[fresh])
    assert run.outcomes == {fresh: "passed"}


ANOTHER_PROCESSOR = """
import dataclasses
import os
import registration
from pytest_export_matrix.machine import devices

devices.instructions = lambda: os.environ["INSTRUCTIONS"]


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    counts = registration.exporter("counts_compiled", lower="counts")
    registry.add(dataclasses.replace(counts, portable=False))
"""


def test_on_another_processor_engines_are_asked_again_and_machine_code_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that machines share, or that a job of CI restores, holds what other processors made:
    an engine may compute there in another precision, and machine code may not run here."""
    project = Project(tmp_path / "project", "classifier")
    (project.root / "conftest.py").write_text(ANOTHER_PROCESSOR, encoding="utf-8")
    cells = [cell(method="counts"), cell(method="counts_compiled")]
    made = []
    for instructions in ("avx2", "avx2 avx512_bf16", "avx2"):
        monkeypatch.setenv("INSTRUCTIONS", instructions)
        run = project.run(*ONE_LANE, cells=cells)
        assert run.outcomes == dict.fromkeys(cells, "passed")
        made.append((len(project.exports()), {row["cached"] for row in run.rows.values()}))
    assert made == [(2, {False}), (3, {False}), (3, {True})]


class Edited(NamedTuple):
    before: Run
    after: Run


HELPER_EDITED = cell("classifier", **ONNX)
MODEL_EDITED = cell("doubles", **ONNX)
EXPORTER_MENDED = cell("halves", method="raises")
RUNTIME_MENDED = cell("halves", runtime="off_by_one_percent")
UNTOUCHED = cell("halves", **ONNX)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Edited:
    """A project before and after edits of its files. Each edit concerns one cell."""
    project = Project(
        tmp_path_factory.mktemp("edited") / "project", "classifier", "doubles", "halves"
    )
    cells = [HELPER_EDITED, MODEL_EDITED, EXPORTER_MENDED, RUNTIME_MENDED, UNTOUCHED]
    before = project.run(*ONE_LANE, cells=cells, reports="before")
    edit(project.root / "helpers.py", "GAIN = 2.0", "GAIN = 2.125")
    edit(project.root / "doubles.py", "batch * 2", "batch + batch")
    edit(
        project.root / "exporters.py",
        'raise LookupError("no operator of that name")',
        "return tracing.trace(context)",
    )
    edit(project.root / "sessions.py", "array * 1.01", "array * 1.0")
    return Edited(before, project.run(*ONE_LANE, cells=cells, reports="after"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("name", [HELPER_EDITED, MODEL_EDITED])
def test_a_model_whose_code_was_edited_is_exported_again(edited: Edited, name: str) -> None:
    before, after = edited.before.rows[name], edited.after.rows[name]
    assert (before["outcome"], after["outcome"]) == ("passed", "passed")
    assert not after["cached"]
    assert after["artifact"]["sha256"] != before["artifact"]["sha256"]


def test_an_edited_exporter_of_the_project_runs_again(edited: Edited) -> None:
    assert edited.before.outcomes[EXPORTER_MENDED] == "failed"
    assert edited.after.outcomes[EXPORTER_MENDED] == "passed"


def test_an_edited_runtime_of_the_project_runs_again(edited: Edited) -> None:
    assert edited.before.outcomes[RUNTIME_MENDED] == "failed"
    assert edited.after.outcomes[RUNTIME_MENDED] == "passed"


def test_an_edit_leaves_other_models_in_the_cache(edited: Edited) -> None:
    assert edited.after.rows[UNTOUCHED]["cached"]


def test_two_projects_that_share_a_cache_do_not_get_each_others_answers(
    small: Small, tmp_path: Path
) -> None:
    other = Project(tmp_path / "project", "classifier")
    edit(other.root / "models.py", "largest", "smallest")
    right = cell(method="counts")

    run = other.run(*ONE_LANE, f"--export-matrix-cache={small.project.cache}", cells=[right])

    assert list(run.rows[right]["deviation"]) == ["mean", "smallest"]
    assert len(other.exports()) == 1
