"""Core ML: coremltools (0.1 GB beside PyTorch) converts everywhere, and runs files on macOS."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ONE_LANE
from miniatures.project import Project, Run, cell

pytest.importorskip("coremltools")

CONFTEST = """
import pytest_export_matrix as em
import registration
from pytest_export_matrix.on_request import COREML


def pytest_export_matrix_register(registry):
    registration.register(registry, ["classifier"])
    for name in ("Bessel", "Pads", "Columns"):
        registry.add(em.Architecture(name, build=f"mine:{name}", sizes=((24, 32),)))
    for entry in COREML:
        registry.add(entry)
"""
MODELS = """
import torch


class Bessel(torch.nn.Module):
    def forward(self, x):
        return torch.special.bessel_j0(x).mean((1, 2, 3))


class Pads(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.pad(x, (0, x.shape[-1] % 5, 0, x.shape[-2] % 5))


class Columns(torch.nn.Module):
    def forward(self, x):
        return x.new_zeros(x.shape[-1:]) + x.mean()
"""


def converted(architecture: str = "classifier", resolution: str = "fixed", batch: str = "1") -> str:
    return cell(architecture, "coreml", "mlpackage", "coreml", resolution=resolution, batch=batch)


FIXED, DYNAMIC = converted(), converted(resolution="dynamic", batch="dynamic")
UNKNOWN, FAILS = converted("Bessel"), converted("Pads", resolution="dynamic")
OLD_NUMPY = converted("Columns")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("coreml") / "project")
    (project.root / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (project.root / "mine.py").write_text(MODELS, encoding="utf-8")
    return project.run(*ONE_LANE, cells=[FIXED, DYNAMIC, UNKNOWN, FAILS, OLD_NUMPY])


@pytest.mark.skipif(sys.platform == "darwin", reason="it runs here")
@pytest.mark.parametrize("each", [FIXED, DYNAMIC])
def test_what_is_converted_and_cannot_run_here_is_unavailable(asked: Run, each: str) -> None:
    row = asked.rows[each]
    assert row["outcome"] == "unavailable", asked.output
    assert row["artifact"]["bytes"] > 1000
    assert "No module named 'coremltools.libcoremlpython'" in row["reason"]


@pytest.mark.parametrize(
    ("each", "operator"),
    [
        (UNKNOWN, "'special_bessel_j0'"),
        (FAILS, "coremltools could not convert pad: NotImplementedError"),
    ],
)
def test_an_operator_that_cannot_be_converted_is_named(
    asked: Run, each: str, operator: str
) -> None:
    row = asked.rows[each]
    assert (row["outcome"], row["stage"]) == ("failed", "export"), asked.output
    assert operator in row["reason"].splitlines()[0]


@pytest.mark.skipif(
    tuple(map(int, version("numpy").split(".")[:2])) < (2, 4), reason="numpy is old enough"
)
def test_where_numpy_is_too_new_the_reason_says_so(asked: Run) -> None:
    row = asked.rows[OLD_NUMPY]
    assert (row["outcome"], row["stage"]) == ("failed", "export"), asked.output
    assert row["reason"].endswith("(numpy 2.4 is too new: pip install 'numpy<2.4')")


def test_the_declared_dimensions_are_ranges_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    import coremltools

    from pytest_export_matrix.addons.coreml import exporter
    from pytest_export_matrix.exporters import tracing
    from pytest_export_matrix.exporters.context import Context

    images = (torch.rand(2, 3, 16, 24),)
    layout, dynamic = ("NCHW",), frozenset({"batch", "resolution"})
    context = Context(torch.nn.Conv2d(3, 4, 3).eval(), images, layout, dynamic)
    path = tmp_path / "model.mlpackage"
    exporter.save(tracing.trace(context), str(path), context)
    spec = coremltools.utils.load_spec(str(path))
    (given,) = spec.description.input
    ranges = given.type.multiArrayType.shapeRange.sizeRanges
    assert given.name == "input_0"
    float32 = coremltools.proto.FeatureTypes_pb2.ArrayFeatureType.FLOAT32
    assert spec.description.output[0].type.multiArrayType.dataType == float32
    assert [(each.lowerBound, each.upperBound) for each in ranges] == [
        (1, 64),
        (3, 3),
        (1, 2048),
        (1, 2048),
    ]
