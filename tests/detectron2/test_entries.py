"""What is registered for detectron2, and which cells are planned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_export_matrix import Architecture, Registry
from pytest_export_matrix.addons.detectron2 import entries as entries_module
from pytest_export_matrix.addons.detectron2.entries import (
    INSTALLED,
    VARIABLE,
    VARIABLE_0_6,
    entries,
)
from pytest_export_matrix.addons.detectron2.zoo import REPRESENTATIVE, zoo
from pytest_export_matrix.exporters import EXPORTERS
from pytest_export_matrix.planning import matrix
from pytest_export_matrix.runtimes import RUNTIMES
from pytest_export_matrix.vocabulary.entries import Environment


def registry_of(*sources: str) -> Registry:
    registry = Registry()
    net = Architecture("net", build="models:net")
    for entry in (net, *EXPORTERS, *RUNTIMES, *entries(*sources)):
        registry.add(entry)
    return registry


def test_the_registry_accepts_the_entries_and_their_environments() -> None:
    registry = registry_of("here", "there")
    registry.check_environments()
    assert len(registry.architectures) == 1 + 2 * 2 * len(REPRESENTATIVE)
    built = {environment.name: environment.afterwards for environment in registry.environments}
    assert built == {"detectron2": ("here",), "detectron2_0_6": ("there",)}


def test_naming_the_entries_imports_neither_torch_nor_detectron2() -> None:
    addon, modules = "pytest_export_matrix.addons.detectron2", "entries, folder, published"
    code = f"import sys; from {addon} import {modules}; entries.entries()"
    checked = f"{code}; assert not {{'torch', 'detectron2', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", checked], check=True)


def test_only_exporters_of_the_same_detectron2_export_a_model() -> None:
    cells = matrix.all_cells(registry_of("here", "there"))
    methods: dict[str, set[str]] = {}
    for cell in cells:
        methods.setdefault(cell.architecture, set()).add(cell.method)
    assert methods["net"] == {"tracing", "scripting", "torch_export"}
    assert methods["detectron2_mask_rcnn"] == {
        "tracing_adapter",
        "scripting_with_instances",
        "detectron2_torch_export",
    }
    assert methods["detectron2_0_6_mask_rcnn"] == {
        "tracing_adapter_0_6",
        "scripting_with_instances_0_6",
        "caffe2_tracer_0_6",
    }
    runtimes = {cell.runtime for cell in cells if cell.architecture == "net"}
    assert runtimes == {"pytorch", "libtorch", "onnxruntime"}
    runtimes = {cell.runtime for cell in cells if cell.method == "tracing_adapter_0_6"}
    of_0_6 = {"detectron2_pytorch_1_10", "detectron2_libtorch_1_10"}
    assert runtimes == {"pytorch", "libtorch", "onnxruntime", *of_0_6}


def test_every_configuration_of_a_zoo_becomes_a_model(tmp_path: Path) -> None:
    names = ("COCO-Detection/a_R_50.yaml", "Misc/panoptic-x.yaml", "Misc/semantic.yaml")
    for name in (*names, "Misc/Base-y.yaml", "quick_schedules/z.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = zoo(tmp_path)
    assert {name: model.config for name, model in found.items()} == {
        "COCO_Detection_a_R_50": "COCO-Detection/a_R_50.yaml",
        "Misc_panoptic_x": "Misc/panoptic-x.yaml",
        "Misc_semantic": "Misc/semantic.yaml",
    }
    assert [model.answers for model in found.values()] == ["detections", "panoptic", "semantic"]
    # The adversarial pictures were found for the models of the table alone.
    assert not any(model.adversarial or model.most for model in found.values())
    registry = Registry()
    for entry in entries("here", "", models=found):
        registry.add(entry)
    kinds = {each.name: registry.outputs(each) for each in registry.architectures}
    assert len(kinds) == 6
    merged = kinds["detectron2_Misc_panoptic_x"].options["merged"]
    assert (merged, kinds["detectron2_Misc_panoptic_x_raw"].options["merged"]) == (True, False)


def test_environment_variables_can_name_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/a/folder")
    monkeypatch.setenv(VARIABLE_0_6, "")
    built = [entry for entry in entries() if isinstance(entry, Environment)]
    assert [(each.name, each.afterwards) for each in built] == [("detectron2", ("/a/folder",))]


def test_an_installed_detectron2_is_used_where_pytest_runs() -> None:
    registry = registry_of(INSTALLED, "")
    registry.check_environments()
    assert not registry.environments
    assert registry.exporter("tracing_adapter", "torchscript").environment == "default"


@pytest.mark.parametrize(
    "module",
    ["caffe2_tracer", "models", "scripting", "sessions", "tracing", "torch_export"],
)
def test_everything_that_the_entries_name_exists(module: str) -> None:
    """The text of a module is searched: importing it needs detectron2."""
    place = Path(entries_module.__file__).with_name(module)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = file.read_text(encoding="utf-8")
    named = [reference for entry in entries("a", "b") for reference in references(entry)]
    own = [
        name for place, name in named if place == f"pytest_export_matrix.addons.detectron2.{module}"
    ]
    assert own
    for name in own:
        assert f"def {name}(" in text or f"class {name}" in text or f"\n{name} = " in text, name


def references(entry: Any) -> list[tuple[str, str]]:
    values = (
        getattr(entry, name, "") for name in ("build", "inputs", "capture", "lower", "session")
    )
    prepared = getattr(entry, "preparations", {}).values()
    return [tuple(value.split(":")) for value in (*values, *prepared) if value]  # type: ignore[misc]
