"""LiteRT: an environment of 5.5 GB to export, with a PyTorch of its own, one of 0.1 GB to run."""

from __future__ import annotations

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

from pytest_export_matrix.addons import litert

CONFTEST = """
import registration
from pytest_export_matrix.on_request import LITERT


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier", "bakes_its_height"])
    for entry in LITERT:
        registry.add(entry)
"""


def in_litert(**others: str) -> str:
    return cell(**{"method": "litert_torch", "format": "tflite", "runtime": "litert", **others})


RIGHT = [in_litert(), in_litert(resolution="dynamic")]
BAKED = in_litert(architecture="bakes_its_height", resolution="dynamic")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("engine") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[*RIGHT, BAKED])


@pytest.mark.full
def test_a_model_of_another_pytorch_answers_rightly_at_other_sizes_as_well(ran: Run) -> None:
    assert {name: ran.outcomes[name] for name in RIGHT} == dict.fromkeys(RIGHT, "passed"), (
        ran.output
    )


@pytest.mark.full
def test_a_height_that_the_model_bakes_in_is_refused_by_the_export(ran: Run) -> None:
    row = ran.rows[BAKED]
    assert (row["outcome"], row["stage"]) == ("failed", "export"), row["reason"]


@pytest.mark.full
def test_the_results_name_the_versions_of_both_environments(ran: Run) -> None:
    environments = ran.results["environments"]
    assert environments["litert"]["packages"]["ai-edge-litert"].startswith("2.3.0")
    assert environments["litert_torch"]["packages"]["litert-torch"].startswith("0.10.0")


def test_litert_says_on_which_device_it_cannot_run() -> None:
    assert litert.Session.problem("cpu") is None
    assert "cuda" in str(litert.Session.problem("cuda"))


def test_inputs_are_taken_by_their_numbers_and_other_names_are_refused() -> None:
    named = [f"args_{i}" for i in range(11)]
    assert litert.numbered("args", sorted(named)) == named
    with pytest.raises(ValueError, match="images"):
        litert.numbered("args", ["images", "masks"])
