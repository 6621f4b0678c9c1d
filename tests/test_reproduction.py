"""The files of a reproduction folder: what they contain, and what can never get into them."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest
import states
from hypothesis import given
from hypothesis import strategies as st

import pytest_export_matrix as em
from pytest_export_matrix.execution.evidence import CaseOnDisk, CellEvidence, Place
from pytest_export_matrix.execution.workers.worker import Limits
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning.recipes import Case, ExportSpec
from pytest_export_matrix.reproduction import folders, inline, literals, readme, scripts, templating
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.results.results import Versions
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage
from pytest_export_matrix.worker.messages import EagerAnswer

CELL = Cell("net", "tracing", "onnx", "onnxruntime", "cpu", "dynamic", "1")
CASE = Case(((24, 32),), 0)
ANSWER = EagerAnswer(
    {"tuple": [{"list": [{"leaf": 0}]}]}, {"dict": [["y", {"leaf": 0}]]}, label="", shows=True
)
KNOWN = CaseOnDisk(CASE, "cases/0", ANSWER)
PLACE = Place("HERE / '../..'", "where it was")
VERSIONS = Versions(
    "3.11.7", "Linux-x86_64", {"torch": "2.8.0+cpu", "pytest-export-matrix": "0.1.0"}
)
FACTS = CellEvidence(
    architecture=em.Architecture("net", "nets:Net", inputs="nets:inputs", layout="[CHW]"),
    outputs=em.Tensors(),
    exporter=EXPORTERS[0],
    runtime=RUNTIMES[0],
    spec=ExportSpec(CASE.sizes, frozenset({"resolution"})),
    cases=[KNOWN],
    example=KNOWN,
    weights="weights.safetensors",
    artifact="store/model.onnx",
    convention="flat",
    limits=Limits(900.0, 2**32, 2),
    paths=["."],
    shown={},
)
OWN = em.Exporter("own", "own", "exporters:capture", "exporters:Way.lower", ".own")
OWN_ENGINE = em.Runtime("engine", ["own"], "engines.fast:Session")
OWN_KIND = em.OutputKind("own", "kinds:compare", {"digits": 3})
#: Text that tries to end any string, comment or block around it.
HOSTILE = (
    "\"\"\"'''\nimport os; os.abort()\n# __CELL__ __BLOCK_work__ \\ {x} ```\n\x1b\u2028\x00 \udc80"
)


def result(stage: str = "export", reason: str = "ValueError: no", **others: Any) -> Result:
    outcome = Outcome(others.pop("outcome", Outcome.FAILED))
    fields = {"stage": Stage(stage), "reason": reason, "repro": "pytest", **others}
    return states.result(CELL, outcome, **fields)


def texts(ended: Result, facts: CellEvidence = FACTS) -> Dict[str, str]:
    return scripts.texts(ended, facts, PLACE, VERSIONS)


def script(ended: Result, facts: CellEvidence = FACTS) -> str:
    return texts(ended, facts)["reproduce.py"]


SITUATIONS = {
    **{stage: (result(stage), FACTS) for stage in ("build", "reference", "load", "run", "compare")},
    "no weights": (result("reference"), replace(FACTS, weights="")),
    "own comparison": (result("compare"), replace(FACTS, outputs=OWN_KIND)),
    "detections": (result("compare"), replace(FACTS, outputs=em.Detections(0.5))),
    "panoptic": (result("compare"), replace(FACTS, outputs=em.Panoptic(0.5))),
    "structured": (result("compare"), replace(FACTS, convention="structured")),
    "own engine": (result("run"), replace(FACTS, runtime=OWN_ENGINE)),
    "own exporter": (result(), replace(FACTS, exporter=OWN)),
    "own exporter, no example": (result(), replace(FACTS, exporter=OWN, example=None)),
    **{f"export {e.name}": (result(), replace(FACTS, exporter=e)) for e in EXPORTERS},
    **{f"run {r.name}": (result("run"), replace(FACTS, runtime=r)) for r in RUNTIMES},
}
situations = pytest.mark.parametrize("ended, facts", SITUATIONS.values(), ids=SITUATIONS.keys())


@situations
def test_a_script_is_python_and_no_placeholder_is_left(ended: Result, facts: CellEvidence) -> None:
    files = texts(ended, facts)
    for name, text in files.items():
        if name.endswith(".py"):
            compile(text, name, "exec")
        assert not templating.PLACEHOLDER.search(text), name
        assert not templating.BLOCK.search(text), name


@situations
def test_a_script_imports_neither_pytest_nor_this_package(
    ended: Result, facts: CellEvidence
) -> None:
    """Unless it needs more than a few plain calls: for an exporter of the project, or a program."""
    if facts.exporter is OWN or facts.runtime.program:
        return
    for name, text in texts(ended, facts).items():
        if name.endswith(".py"):
            assert not {"pytest", "pytest_export_matrix"} & imported(text), name


def imported(text: str) -> "set[str]":
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@situations
def test_a_script_imports_nothing_that_it_does_not_use(ended: Result, facts: CellEvidence) -> None:
    tree = ast.parse(script(ended, facts))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    extras = set(ended.extra_dependencies)
    assert bound - names <= extras


def test_an_exporter_of_the_project_needs_this_package_and_the_folder_says_so() -> None:
    files = texts(result(), replace(FACTS, exporter=OWN))
    assert "pytest_export_matrix" in imported(files["reproduce.py"])
    assert "has to be installed" in files["README.md"]
    assert "pytest-export-matrix==0.1.0" in files["requirements.txt"]


def test_the_requirements_are_those_of_the_run_without_this_package() -> None:
    pins = texts(result())["requirements.txt"]
    assert pins == "# Python 3.11.7, Linux-x86_64\ntorch==2.8.0+cpu\n"


class Values(ast.NodeTransformer):
    """Replaces each constant of a script by the name of its type, and leaves its statements."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(type(node.value).__name__)


def statements(text: str) -> str:
    return ast.dump(Values().visit(ast.parse(text)))


@situations
@pytest.mark.parametrize("text", [HOSTILE, '"', "'", "\\", "__EXPECTED__", "\n    pass\n"])
def test_a_hostile_text_changes_no_statement(ended: Result, facts: CellEvidence, text: str) -> None:
    def both(value: str) -> str:
        told = replace(ended, reason=f"ValueError: {value}", detail=value)
        architecture = replace(facts.architecture, keywords={"name": value})
        known = replace(KNOWN, answer=replace(ANSWER, outputs={"dict": [[value, {"leaf": 0}]]}))
        kind = replace(facts.outputs, options={"o": value})
        changed = replace(facts, architecture=architecture, outputs=kind, cases=[known])
        return script(told, changed)

    assert statements(both(text)) == statements(both("harmless"))


def test_a_hostile_reason_stands_indented_in_the_readme() -> None:
    text = texts(replace(result(), reason=HOSTILE, detail=HOSTILE))["README.md"]
    own = [line for line in text.splitlines() if "os.abort" in line or "```" in line]
    assert own
    assert all(line.startswith("    ") for line in own)


def test_a_name_that_is_no_module_is_not_imported() -> None:
    ended = result("run", extra_dependencies=["torchvision", "os; os.abort()"])
    text = script(ended)
    assert "import torchvision\n" in text
    assert "abort" not in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_literal_is_one_line_and_evaluates_to_its_value(value: Any) -> None:
    text = literals.literal(value)
    assert text.isascii() and len(text.splitlines()) == 1
    assert eval(text, {"json": json}) == value


def test_a_keyword_without_a_python_literal_is_read_from_json() -> None:
    architecture = replace(FACTS.architecture, keywords={"limit": float("inf")})
    text = script(result(), replace(FACTS, architecture=architecture))
    assert "KEYWORDS = json.loads(" in text
    assert "json" in imported(text)


def test_a_structure_is_written_as_python() -> None:
    spec = {"tuple": [{"list": [{"leaf": 0}, {"leaf": 1}]}, {"dict": [["a", {"leaf": 2}]]}]}
    assert literals.expression(spec, lambda i: f"x[{i}]") == "([x[0], x[1]], {'a': x[2]})"
    assert literals.expression({"tuple": [{"leaf": 0}]}, lambda i: f"x[{i}]") == "(x[0],)"
    assert literals.expression({"value": None}, str) == "None"
    assert literals.count_leaves(spec) == 3


def test_dynamic_dimensions_are_declared_as_the_exporter_declares_them() -> None:
    program = script(result(), replace(FACTS, exporter=EXPORTERS[2]))
    onnx = script(result(), replace(FACTS, exporter=EXPORTERS[3]))
    assert "SHAPES = ([{1: DYNAMIC, 2: DYNAMIC}],)" in program
    assert "dynamic_axes={'input_0': {1: 'height_0', 2: 'width_0'}}" in onnx
    fixed = replace(FACTS, exporter=EXPORTERS[2], spec=ExportSpec(CASE.sizes, frozenset()))
    assert "SHAPES = None" in script(result(), fixed)


@pytest.mark.parametrize(
    "stage, reason, error",
    [
        ("run", "at [1, 3, 24, 32], [2]: ValueError: no", "ValueError"),
        ("export", "LookupError:", "LookupError"),
        ("build", "build='nets:Nt': nets has no 'Nt'", None),
        ("reference", "the eager model itself answers wrongly (...)", None),
        ("compare", "1 of 5 inputs answered wrongly; output: no", ""),
    ],
)
def test_the_expected_exception_is_found_in_the_reason(stage: str, reason: str, error: str) -> None:
    assert readme.expected_error(result(stage, reason)) == error


def test_the_readme_says_what_to_expect_of_a_hang_and_a_lack_of_memory() -> None:
    hung = readme.expected(result("run", "no end after 900 s", outcome="timed_out"), FACTS)
    ate = readme.expected(result("run", "held 5 GiB", outcome="out_of_memory"), FACTS)
    assert hung == "no end of the stage run after 900 s"
    assert ate == "held 5 GiB (the run allowed 4.0 GiB; nothing limits this script)"


def test_a_file_is_run_without_the_code_of_its_model() -> None:
    assert "for name in ['nets']:" in script(result("run"))
    shared = em.Runtime("engine", ["own"], "nets.engine:Session")
    build = replace(FACTS.architecture, build="nets.models:Net")
    text = script(result("run"), replace(FACTS, runtime=shared, architecture=build))
    assert "for name in ['nets.models']:" in text


@pytest.mark.parametrize(
    "module",
    [
        *("samples.pictures", "samples.torchvision_models", "vocabulary.pytrees"),
        *("compare.detections", "compare.panoptic", "compare.tensors"),
    ],
)
def test_an_inlined_module_does_not_import_this_package(module: str) -> None:
    text = inline.inline(f"pytest_export_matrix.{module}")
    assert "pytest_export_matrix" not in imported(text)
    compile(text, module, "exec")


def test_a_module_with_an_import_that_one_file_cannot_replace_is_not_inlined() -> None:
    with pytest.raises(inline.NotInlined):
        inline.inline("pytest_export_matrix.worker.tasks.prepare")


def test_the_tables_of_scripts_name_registered_exporters_and_runtimes() -> None:
    assert set(scripts.EXPORTS) <= {(e.capture, e.lower) for e in EXPORTERS}
    assert set(scripts.ENGINES) <= {runtime.session for runtime in RUNTIMES}


def test_a_folder_inside_the_project_keeps_the_path_to_it(tmp_path: Path) -> None:
    (tmp_path / "repro").mkdir()
    place = folders.place(tmp_path / "repro" / "cell", [str(tmp_path), str(tmp_path / "src")])
    assert (place.root, place.parts) == ("HERE / '../..'", (".", "src"))


def test_a_folder_outside_the_project_keeps_no_path_to_it(tmp_path: Path) -> None:
    place = folders.place(tmp_path / "repro" / "cell", [str(tmp_path / "project")])
    assert place.root == '"."'


@pytest.mark.parametrize(
    ("weights", "expected"),
    [("", "in (nets.calibrate(model) or {}).items()"), ("weights.safetensors", "safe_open(HERE")],
)
def test_a_calibrated_model_is_calibrated_or_gets_what_was_kept(
    weights: str, expected: str
) -> None:
    architecture = replace(FACTS.architecture, calibrate="nets:calibrate")
    facts = replace(FACTS, architecture=architecture, weights=weights)
    text = script(result("build"), facts)
    assert expected in text
    compile(text, "reproduce.py", "exec")
