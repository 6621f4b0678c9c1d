"""An entry is checked when it is registered. A wrong one is refused, with advice."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_export_matrix import (
    Architecture,
    Environment,
    Exporter,
    OutputKind,
    Registry,
    Reporter,
    Runtime,
)
from pytest_export_matrix.vocabulary.errors import UsageError


def refused(entry: Any, *before: Any) -> str:
    registry = Registry()
    for earlier in before:
        registry.add(earlier)
    with pytest.raises(UsageError) as error:
        registry.add(entry)
    return str(error.value)


def test_entries_are_kept_by_kind_in_order() -> None:
    registry = Registry()
    for name in ("b", "a"):
        registry.add(Architecture(name, build="models:net"))
    registry.add(Runtime("a", formats=["onnx"], session="engine:Session"))
    assert [entry.name for entry in registry.architectures] == ["b", "a"]
    assert registry.runtime("a").session == "engine:Session"


def test_two_registrations_of_one_name_are_refused_and_both_shown() -> None:
    text = refused(Architecture("net", build="new:net"), Architecture("net", build="old:net"))
    assert "registered already" in text
    assert "old:net" in text
    assert "new:net" in text


@pytest.mark.parametrize(
    ("entry", "problem", "remedy"),
    [
        (Architecture("my-net", build="m:net"), "letters, digits", "try 'my_net'"),
        (Architecture("net", build="m.net"), "build='m.net' does not name", "package.module:name"),
        (Architecture("net", build=print), "does not name", "package.module:name"),  # type: ignore[arg-type]
        (Architecture("net", build="m:net", sizes=()), "sizes", "(224, 256)"),
        (Architecture("net", build="m:net", sizes=((0, 5),)), "sizes", "(224, 256)"),
        (Architecture("net", build="m:net", layout="nchw"), "names no dimensions", "NCHW"),
        (Architecture("net", build="m:net", layout=("", "")), "names no dimensions", "NCHW"),
        (Architecture("net", build="m:net", preparations="m:p"), "no mapping", "torch_export"),  # type: ignore[arg-type]
        (Architecture("net", build="m:net", preparations={"tracing": "p"}), "'p'", "my_models:"),
        (Architecture("net", build="m:net", adversarial={"none": "3"}), "'3'", "one detection"),  # type: ignore[dict-item]
        (Architecture("net", build="m:net", outputs=3), "no output kind", "Detections()"),  # type: ignore[arg-type]
        (Runtime("r", ["onnx"], session="Session"), "session='Session'", "package.module:name"),
        (Runtime("r", ["onnx"], "m:S", precision="fp16"), "precision='fp16'", "float16, bfloat16"),
        (OutputKind("k", "m:compare", measure="m"), "measure='m'", "package.module:name"),
        (Reporter("r", "r.txt", render="r"), "render='r'", "package.module:name"),
        (Environment("my-env"), "letters, digits", "try 'my_env'"),
        (Environment("default"), "pytest runs in", "another name"),
        (Environment("e", python="three"), "python='three' is no version", 'python="3.9"'),
        (Environment("e", python=3.9), "python=3.9 is no version", 'python="3.9"'),  # type: ignore[arg-type]
        (Environment("e", python="2.7"), "python='2.7' is no version", 'python="3.9"'),
        (Environment("e", python="3.7"), "too old for a worker", "3.8 is the oldest"),
        (Environment("e", requirements="six"), "requirements='six' is no list", "['six']"),
        (Environment("e", requirements=[3]), "3 is no requirement", "numpy==1.26.*"),  # type: ignore[list-item]
        (Environment("e", requirements=["-r x"]), "'-r x' is an option", "UV_INDEX"),
        (Environment("e", weights="renames"), "weights='renames'", "package.module:name"),
        ("net", "a str cannot be registered", "Architecture"),
        (Architecture, "a type cannot be registered", "Architecture"),
    ],
)
def test_malformed_entries_are_refused(entry: Any, problem: str, remedy: str) -> None:
    text = refused(entry)
    assert problem in text
    assert remedy in text


def test_an_architecture_may_name_a_registered_output_kind() -> None:
    registry = Registry()
    kind = OutputKind("panoptic", compare="mine:compare")
    registry.add(kind)
    assert registry.outputs(Architecture("net", build="m:net", outputs="panoptic")) is kind
    with pytest.raises(UsageError, match="did you mean 'panoptic'"):
        registry.outputs(Architecture("net", build="m:net", outputs="panoptik"))


def test_an_unknown_environment_is_refused_and_the_nearest_name_is_suggested() -> None:
    registry = Registry()
    registry.add(Environment("ort_1_20"))
    registry.check_environments()
    registry.add(Exporter("m", "f", "m:c", "m:l", ".f", environment="ort_1_2"))
    with pytest.raises(UsageError, match="exporter 'm/f': no environment 'ort_1_2'; did you mean"):
        registry.check_environments()


def test_the_environment_of_pytest_needs_no_registration() -> None:
    registry = Registry()
    registry.add(Runtime("r", ["f"], session="m:Session"))
    registry.check_environments()
    assert registry.environment("default") is None
