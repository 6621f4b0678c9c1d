"""Which cells are planned: on devices here or declared, in runtimes that claim the file."""

from __future__ import annotations

import pytest

from pytest_export_matrix.machine import devices

CONFTEST = """
import pytest_export_matrix as em

def pytest_export_matrix_register(registry):
    registry.add(em.Architecture("net", build="models:build"))
    registry.add(em.Runtime("old_torch", ["torchscript"], "mine:Session", methods=["old_tracing"]))
    registry.add(em.Exporter("old_tracing", "torchscript", "mine:capture", "mine:lower", ".pt",
                             runtimes=["old_torch"]))
"""
#: A pair of today's exporter and an engine of old, and the other way round.
FOREIGN = ("net-tracing-torchscript-old_torch", "net-old_tracing-torchscript-pytorch")
CLAIMED = ("net-tracing-torchscript-pytorch", "net-old_tracing-torchscript-old_torch")
FOREIGN_CELL = f"{FOREIGN[0]}-cpu-fixed-1"
BOTH = "--export-matrix-devices=cpu,cuda"


@pytest.fixture
def planned(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> "Planned":
    """What a machine without a GPU plans, whatever this one has."""
    monkeypatch.setattr(devices, "_has_gpu", lambda: False)
    pytester.makeconftest(CONFTEST)
    return Planned(pytester)


class Planned:
    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def refused(self, *options: str) -> str:
        result = self.run(*options)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        return result.stderr.str()

    def cells(self, *options: str) -> list[str]:
        """The ids of the cells that a run with these options would carry out."""
        result = self.run("-q", *options)
        assert result.ret == pytest.ExitCode.OK, result.stdout.str()
        names = [line.partition("::")[2] for line in result.outlines]
        return [name for name in names if name]

    def run(self, *options: str) -> pytest.RunResult:
        common = ("--export-matrix", "--collect-only", "--export-matrix-cache=cache")
        return self.pytester.runpytest_inprocess(*common, *options)


def on(device: str, cells: list[str]) -> list[str]:
    return [cell for cell in cells if f"-{device}-" in cell]


def way(cell: str) -> str:
    return cell.partition("-cpu-")[0]


def test_only_devices_of_this_machine_are_planned(planned: Planned) -> None:
    cells = planned.cells()
    assert cells and on("cpu", cells) == cells


def test_a_device_that_is_named_is_planned_though_it_is_not_here(planned: Planned) -> None:
    cells = planned.cells(BOTH)
    assert len(on("cuda", cells)) == len(on("cpu", cells)) == len(planned.cells())


def test_a_project_declares_its_devices_in_the_ini_file(planned: Planned) -> None:
    planned.pytester.makeini("[pytest]\nexport_matrix_devices = cpu cuda\n")
    assert planned.cells() == planned.cells(BOTH)
    assert on("cpu", planned.cells("--export-matrix-devices=cuda")) == []


def test_pairs_that_nobody_claims_are_planned_on_request(planned: Planned) -> None:
    cells = planned.cells()
    assert set(CLAIMED) <= {way(cell) for cell in cells}
    more = planned.cells("--export-matrix-foreign")
    others = ("net-scripting-torchscript-old_torch", "net-old_tracing-torchscript-libtorch")
    assert {*FOREIGN, *others} == {way(cell) for cell in more} - {way(cell) for cell in cells}


def test_what_is_not_planned_is_told_in_one_line(planned: Planned) -> None:
    left = [line for line in planned.run().outlines if line.startswith("not planned: ")]
    (line,) = left
    assert "cells on cuda (--export-matrix-devices cuda)" in line
    assert "24 cells that nobody claims to work (--export-matrix-foreign)" in line
    everything = planned.run(BOTH, "--export-matrix-foreign").outlines
    assert not any(line.startswith("not planned") for line in everything)


def test_a_cell_that_is_named_is_run_whatever_is_planned(planned: Planned) -> None:
    for cell in (FOREIGN_CELL, CLAIMED[0] + "-cuda-fixed-1"):
        assert planned.cells(f"export-matrix::{cell}") == [cell]


def test_a_cell_that_is_named_is_run_whatever_the_ini_file_selects(planned: Planned) -> None:
    planned.pytester.makeini("[pytest]\nexport_matrix_select = method=scripting\n")
    assert {way(cell) for cell in planned.cells()} == {
        "net-scripting-torchscript-pytorch",
        "net-scripting-torchscript-libtorch",
    }
    cell = f"{CLAIMED[0]}-cpu-fixed-1"
    assert planned.cells(f"export-matrix::{cell}") == [cell]


@pytest.mark.parametrize("option", ["--export-matrix-select", "--export-matrix-require"])
def test_selecting_what_is_not_planned_says_what_plans_it(planned: Planned, option: str) -> None:
    said = planned.refused(f"{option}=device=cuda")
    assert f"{option} 'device=cuda'" in said and "these cells are not planned" in said
    assert "--export-matrix-devices cuda" in said
    said = planned.refused(f"{option}=method=tracing,runtime=old_torch")
    assert "these cells are not planned" in said and "--export-matrix-foreign" in said


def test_a_device_that_does_not_exist_is_refused(planned: Planned) -> None:
    said = planned.refused("--export-matrix-devices=cpu,coda")
    assert "no device 'coda'; did you mean 'cuda'?" in said


def test_a_model_that_is_named_and_left_without_a_cell_is_an_error(planned: Planned) -> None:
    model = "--export-matrix-model=models:other"
    said = planned.refused(model, "--export-matrix-select=architecture=net")
    assert "--export-matrix-model models:other" in said and "leaves it without a cell" in said
    assert "architecture=other" in said
