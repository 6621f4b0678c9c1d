"""What `--export-matrix-repro DIR` writes shows failures without pytest and this package."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import pytest
from miniatures.project import Project, Run, cell, environment

CONFTEST = """
import pytest_export_matrix as em
import registration

def pytest_export_matrix_register(registry):
    registration.register(registry, ())
    for name in ("BranchesOnValues", "RefusesTracing", "IsNotScriptable", "HasNoOnnxOperator"):
        registry.add(registration.tensors(name, f"hard_models:{name}"))
    for name in ("OffByOnePercent", "DropsAnOutput", "GivesItsLastAnswerWhenAskedAgain", "Raises",
                 "SegfaultsOnRun", "HangsOnRun"):
        registry.add(
            em.Runtime(
                name, ["torchscript"], f"engines:{name}", modules=["torch"], preload=["torch"]
            )
        )
"""
#: Hides these packages from a script.
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError("blocked: " + name, name=name)

sys.meta_path.insert(0, Blocker())
"""
ONNX = {"format": "onnx", "runtime": "onnxruntime"}
PT2 = {"method": "torch_export", "format": "pt2", "runtime": "pytorch"}


class Case(NamedTuple):
    cell: str
    stage: str
    #: Whether the script prints the same reason as the cell. It does if a library raised it or the
    #: comparison found it, and does not if it is our own message about a wrong registration.
    same_words: bool = True
    #: False for an exporter of the project: its script needs this package for the context.
    free_of_us: bool = True


FAILING = {
    # Before a file is written.
    "factory raises": Case(cell("raises"), "build"),
    "factory calls sys.exit": Case(cell("calls_sys_exit"), "build"),
    "factory is misspelt": Case(cell("misspelt"), "build", same_words=False),
    "factory returns no module": Case(cell("returns_no_module"), "build", same_words=False),
    "inputs are no tuple": Case(cell("inputs_no_tuple"), "reference", same_words=False),
    "inputs of wrong shape": Case(cell("inputs_wrong_shape"), "reference"),
    "reference is NaN": Case(cell("answers_nan"), "reference"),
    "reference is empty": Case(cell("detects_nothing"), "reference"),
    # Exports.
    "tracing": Case(cell("RefusesTracing", runtime="pytorch"), "export"),
    "tracing to ONNX": Case(cell("HasNoOnnxOperator", **ONNX), "export"),
    "scripting": Case(cell("IsNotScriptable", "scripting", runtime="pytorch"), "export"),
    "torch.export": Case(cell("BranchesOnValues", **PT2), "export"),
    "torch.export, dynamic": Case(cell("BranchesOnValues", **PT2, resolution="dynamic"), "export"),
    "torch.export, a constant height": Case(
        cell("bakes_its_height", **PT2, resolution="dynamic"), "export"
    ),
    "torch.export to ONNX": Case(cell("BranchesOnValues", "torch_export", **ONNX), "export"),
    "an exporter of the project": Case(cell(method="raises"), "export", free_of_us=False),
    "an exporter that writes nothing": Case(
        cell(method="writes_nothing"), "export", free_of_us=False
    ),
    # Files.
    "a constant height, TorchScript": Case(
        cell("bakes_its_height", runtime="pytorch", resolution="dynamic"), "compare"
    ),
    "a constant height, libtorch": Case(
        cell("bakes_its_height", runtime="libtorch", resolution="dynamic"),
        "compare",
        free_of_us=False,
    ),
    "a constant height, ONNX": Case(
        cell("bakes_its_height", **ONNX, resolution="dynamic"), "compare"
    ),
    "a frozen branch, ONNX": Case(cell("branches_on_batch", **ONNX, batch="dynamic"), "compare"),
    "images as arguments": Case(cell("detector", runtime="pytorch", batch="dynamic"), "run"),
    "engine raises": Case(cell(runtime="Raises"), "run"),
    "engine is off by one percent": Case(cell(runtime="OffByOnePercent"), "compare"),
    "detections off by one percent": Case(cell("detector", runtime="OffByOnePercent"), "compare"),
    "own comparison": Case(cell("own_kind", runtime="OffByOnePercent"), "compare"),
    "state leaks": Case(
        cell(runtime="GivesItsLastAnswerWhenAskedAgain"), "compare", same_words=False
    ),
    "an output is missing": Case(cell("detector", runtime="DropsAnOutput"), "compare"),
}
CRASHING = {
    "segfaults in eager": (cell("segfaults_in_eager"), -signal.SIGSEGV),
    "segfaults on run": (cell(runtime="SegfaultsOnRun"), -signal.SIGSEGV),
    "exits on build": (cell("exits"), 0),
}
PASSING = cell()


def project(root: Path) -> Project:
    made = Project(root)
    (root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    cells = [case.cell for case in FAILING.values()] + [name for name, _ in CRASHING.values()]
    made = project(tmp_path_factory.mktemp("repro") / "project")
    return made.run("--export-matrix-repro=repro", cells=[*cells, PASSING])


def folder(run: Run, name: str) -> Path:
    return run.reports.parent / "repro" / name


def command(script: Path) -> List[str]:
    return [sys.executable, "-W", "ignore", str(script)]


def without(tmp_path: Path, names: Sequence[str], **more: str) -> Dict[str, str]:
    """The environment of a process that cannot import `names`."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER.format(names=names), encoding="utf-8")
    # Compiling torch again takes three times as long as importing it.
    compiled = str(tmp_path.parent / "bytecode")
    found = {**environment(), "PYTHONPATH": str(tmp_path), "PYTHONPYCACHEPREFIX": compiled, **more}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


def show(
    script: Path, tmp_path: Path, free_of_us: bool = True, **more: str
) -> "subprocess.CompletedProcess[str]":
    names = ["pytest", "pytest_export_matrix"] if free_of_us else ["pytest"]
    return subprocess.run(
        command(script),
        env=without(tmp_path, names, **more),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def first_line(reason: str) -> str:
    """The first line of a reason, without the shapes of the input."""
    return re.sub(r"^at [\[\]\d, ]+: ", "", reason.splitlines()[0])


def found(done: "subprocess.CompletedProcess[str]") -> str:
    """What a script printed, without the lines that say what it expects. A message of torch can
    begin with a line end, which a reason leaves out."""
    lines = done.stdout.splitlines()
    text = "\n".join(line for line in lines if not line.startswith("expected:"))
    return text.replace("Error: \n", "Error: ")


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING.keys())
def test_a_script_shows_the_failure_of_its_cell(ran: Run, case: Case, tmp_path: Path) -> None:
    row = ran.rows[case.cell]
    assert (row["outcome"], row["stage"]) == ("failed", case.stage), row["reason"]

    done = show(folder(ran, case.cell) / "reproduce.py", tmp_path, case.free_of_us)

    assert done.returncode == 1, done.stdout
    assert "blocked" not in done.stdout
    if case.same_words:
        assert first_line(row["reason"]) in found(done)


@pytest.mark.parametrize("name, code", CRASHING.values(), ids=CRASHING.keys())
def test_a_script_crashes_as_its_cell_did(ran: Run, name: str, code: int, tmp_path: Path) -> None:
    assert ran.rows[name]["outcome"] == "crashed"
    done = show(folder(ran, name) / "reproduce.py", tmp_path)
    assert done.returncode == code
    assert "expected: crashed at" in done.stdout
    assert "does not fail here" not in done.stdout


def test_a_script_of_a_cell_that_hung_says_so_and_hangs(tmp_path: Path) -> None:
    made, name = project(tmp_path / "project"), cell(runtime="HangsOnRun")
    run = made.run("--export-matrix-repro=repro", "--export-matrix-timeout=5", cells=[name])
    assert run.outcomes == {name: "timed_out"}
    with subprocess.Popen(
        [*command(folder(run, name) / "reproduce.py")],
        env=without(tmp_path, ["pytest", "pytest_export_matrix"]),
        stdout=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == "expected: no end of the stage run after 5 s\n"
        assert script.stdout.readline() == "at [1, 3, 24, 32]\n"
        assert script.poll() is None
        script.kill()


def test_each_cell_that_did_not_pass_has_a_folder_and_no_other_cell_has(ran: Run) -> None:
    red = {name for name, outcome in ran.outcomes.items() if outcome != "passed"}
    assert {path.name for path in (ran.reports.parent / "repro").iterdir()} == red
    assert PASSING not in red
    assert f"{len(red)} reproductions in " in ran.output


def test_no_text_file_names_a_folder_of_this_machine(ran: Run) -> None:
    root = ran.reports.parent
    texts = [path for path in (root / "repro").rglob("*") if path.suffix in (".py", ".md", ".txt")]
    here = [str(root.parent), sys.prefix]
    assert texts
    assert not [str(path) for path in texts if any(name in path.read_text() for name in here)]


def test_a_folder_says_what_failed_and_under_which_versions(ran: Run) -> None:
    name = FAILING["torch.export"].cell
    readme = (folder(ran, name) / "README.md").read_text(encoding="utf-8")
    pins = (folder(ran, name) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    versions = ran.results["environments"]["default"]["packages"]
    for line in ran.rows[name]["reason"].splitlines():
        assert line.strip() in readme
    assert ran.rows[name]["repro"] in readme
    assert f"torch=={versions['torch']}" in pins
    assert not [pin for pin in pins if pin.startswith("pytest")]


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING.keys())
def test_a_script_is_short(ran: Run, case: Case) -> None:
    script = (folder(ran, case.cell) / "reproduce.py").read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 100


def test_a_moved_folder_that_holds_the_exported_file_needs_no_project(
    ran: Run, tmp_path: Path
) -> None:
    name = FAILING["a constant height, ONNX"].cell
    shutil.copytree(folder(ran, name), tmp_path / "elsewhere")
    done = show(tmp_path / "elsewhere" / "reproduce.py", tmp_path)
    assert done.returncode == 1
    assert first_line(ran.rows[name]["reason"]) in found(done)


def test_a_moved_folder_can_be_told_where_the_project_is(ran: Run, tmp_path: Path) -> None:
    name = FAILING["torch.export"].cell
    script = tmp_path / "elsewhere" / "reproduce.py"
    shutil.copytree(folder(ran, name), script.parent)

    lost = show(script, tmp_path)
    told = show(script, tmp_path, PROJECT=str(ran.reports.parent))

    assert (lost.returncode, told.returncode) == (2, 1)
    assert "No module named 'hard_models'" in lost.stdout
    assert first_line(ran.rows[name]["reason"]) in found(told)


def test_a_script_says_so_if_its_failure_is_gone(ran: Run, tmp_path: Path) -> None:
    name = FAILING["engine is off by one percent"].cell
    copy = tmp_path / "project"
    shutil.copytree(ran.reports.parent, copy)
    engines = copy / "engines.py"
    engines.write_text(engines.read_text(encoding="utf-8").replace("1.01", "1.0"), encoding="utf-8")
    done = show(copy / "repro" / name / "reproduce.py", tmp_path)
    assert done.returncode == 0
    assert "does not fail here" in done.stdout


WRONG = cell(runtime="OffByOnePercent")
TWO = (WRONG, cell("bakes_its_height", runtime="OffByOnePercent"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("small") / "project")
    run = made.run(cells=TWO)
    assert run.outcomes == dict.fromkeys(TWO, "failed"), run.output
    return made


def scripts(root: Path) -> List[str]:
    return sorted(path.parent.name for path in root.rglob("reproduce.py"))


class TestASmallRun:
    """One project and two failing cells, run in several ways."""

    def test_cells_answered_from_the_cache_have_folders(self, small: Project) -> None:
        run = small.run("--export-matrix-repro=cached", cells=TWO)
        assert all(row["cached"] for row in run.rows.values()), run.output
        assert scripts(small.root / "cached") == sorted(TWO)

    def test_each_process_of_xdist_writes_the_folders_of_its_cells(self, small: Project) -> None:
        run = small.run("--export-matrix-repro=xdist", "-n", "2", cells=TWO)
        assert scripts(small.root / "xdist") == sorted(TWO)
        assert "2 reproductions in " in run.output

    def test_a_folder_is_replaced_whole_and_others_are_left_alone(self, small: Project) -> None:
        stale, other = small.root / "again" / WRONG, small.root / "again" / "other"
        for path in (stale, other):
            path.mkdir(parents=True)
            (path / "old.txt").touch()
        small.run("--export-matrix-repro=again", cells=[WRONG])
        assert not (stale / "old.txt").exists()
        assert (other / "old.txt").exists()
        assert sorted(os.listdir(small.root / "again")) == sorted([WRONG, "other"])

    def test_a_script_outside_the_project_finds_it_in_the_current_folder(
        self, small: Project, tmp_path: Path
    ) -> None:
        run = small.run(f"--export-matrix-repro={tmp_path / 'out'}", cells=[WRONG])
        script = tmp_path / "out" / WRONG / "reproduce.py"
        done = subprocess.run(
            command(script), cwd=small.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr
        assert first_line(run.rows[WRONG]["reason"]) in done.stdout

    def test_a_file_in_the_place_of_the_folder_is_refused(self, small: Project) -> None:
        (small.root / "taken").touch()
        run = small.run("--export-matrix-repro=taken", cells=[WRONG])
        assert run.code == pytest.ExitCode.USAGE_ERROR
        assert "--export-matrix-repro" in run.output and "Traceback" not in run.output

    def test_a_passing_run_writes_nothing_but_says_so(self, small: Project) -> None:
        run = small.run("--export-matrix-repro=none", cells=[PASSING])
        assert "0 reproductions in " in run.output
        assert os.listdir(small.root / "none") == []


def test_cases_are_described_beside_the_arrays(ran: Run) -> None:
    name = FAILING["detections off by one percent"].cell
    cases = json.loads((folder(ran, name) / "cases.json").read_text(encoding="utf-8"))
    assert len(cases) == 4
    assert cases[0]["answer_tensors"] == 3
