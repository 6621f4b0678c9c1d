"""Inputs at a model's limits are run beside the ordinary ones, and a failure names them."""

from __future__ import annotations

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

CONFTEST = """
import pytest_export_matrix as em

ENGINES = ("ClipsAboveSix", "RaisesAboveSix", "SegfaultsAboveSix", "HangsAboveSix")


def pytest_export_matrix_register(registry):
    for name, adversarial in (("ordinary", {}), ("doubles", {"dark": 0, "overexposed": 7})):
        registry.add(
            em.Architecture(
                name,
                build="doubles:Doubles",
                inputs="doubles:inputs",  # all of them 1 + seed
                sizes=[(24, 32)],
                other_sizes=[(32, 40), (17, 23)],
                adversarial=adversarial,
            )
        )
    for name in ENGINES:
        registry.add(em.Runtime(name, formats=["torchscript"], session=f"limits:{name}"))
"""
ENGINES = ("ClipsAboveSix", "RaisesAboveSix", "SegfaultsAboveSix", "HangsAboveSix")
WHERE = "at [1, 3, 24, 32] (overexposed): "


def names(architecture: str, resolution: str = "fixed") -> dict[str, str]:
    return {name: cell(architecture, runtime=name, resolution=resolution) for name in ENGINES}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("adversarial") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    asked = [
        *names("ordinary").values(),
        *names("doubles").values(),
        names("doubles", "dynamic")["ClipsAboveSix"],
    ]
    return project.run(*ONE_LANE, "--export-matrix-timeout=5", cells=asked)


def test_every_engine_passes_with_ordinary_inputs(run: Run) -> None:
    assert {run.outcomes[name] for name in names("ordinary").values()} == {"passed"}


@pytest.mark.parametrize(
    ("engine", "outcome", "stage", "reason"),
    [
        ("ClipsAboveSix", "failed", "compare", f"1 of 5 inputs answered wrongly; {WHERE}"),
        ("RaisesAboveSix", "failed", "run", f"{WHERE}OverflowError"),
        ("SegfaultsAboveSix", "crashed", "run", f"{WHERE}killed by SIGSEGV"),
        ("HangsAboveSix", "timed_out", "run", f"{WHERE}no end after 5 s"),
    ],
)
def test_a_cell_that_fails_on_an_adversarial_input_names_the_input(
    run: Run, engine: str, outcome: str, stage: str, reason: str
) -> None:
    row = run.rows[names("doubles")[engine]]
    assert (row["outcome"], row["stage"]) == (outcome, stage)
    assert row["reason"].startswith(reason)
    assert row["failed_on"] == ["overexposed"]


def test_cells_of_dynamic_resolution_run_adversarial_inputs_too(run: Run) -> None:
    row = run.rows[names("doubles", "dynamic")["ClipsAboveSix"]]
    assert row["outcome"] == "failed"
    assert "at [1, 3, 32, 40] (overexposed): " in row["reason"]
