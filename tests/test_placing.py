"""Where steps of a run on a cluster go, and which nodes are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_export_matrix.execution.executors.ray_cluster import placing
from pytest_export_matrix.execution.executors.ray_cluster.placing import Need, NodeFacts
from pytest_export_matrix.execution.scheduler import ANYWHERE, BYTES_A_LANE
from pytest_export_matrix.results.results import Versions

GIB = 2**30
PACKAGES = {"torch": "2.15.0", "onnx": "1.23.2"}
HERE = NodeFacts(
    "mine", {}, "digest", Versions("3.11.7", "linux", PACKAGES), {"models.py": "1"}, True, clock=0.0
)
OPENVINO = Need("runtime openvino", ("openvino",), ("openvino",))


def node(host: str = "other", **fields: Any) -> NodeFacts:
    return replace(HERE, host=host, **fields)


def packages(**versions: str) -> Versions:
    return Versions("3.11.7", "linux", {**PACKAGES, **versions})


def problem(*nodes: NodeFacts, clocks: bool = True) -> str:
    return placing.problem(HERE, nodes, [OPENVINO], clocks) or ""


def test_a_step_needs_the_gpu_and_what_is_named_as_its_engine() -> None:
    resources = {"GPU", "openvino"}
    assert placing.needs(("cuda", "default", "openvino"), resources) == resources
    assert placing.needs(("cpu", "default", "onnxruntime"), resources) == ANYWHERE
    assert placing.needs(("cuda", "default", "pytorch"), ()) == ANYWHERE


def test_there_are_as_many_lanes_as_cores_memory_and_engines_allow() -> None:
    nodes = [
        {"CPU": 8.0, "memory": 3.0 * BYTES_A_LANE},
        {"CPU": 4.0, "memory": 64.0 * GIB, "GPU": 2.0, "openvino": 1.0},
        {"CPU": 1.0, "memory": 1.0 * GIB, "openvino": 9.0},
        {"CPU": 0.0, "memory": 8.0 * GIB},
    ]
    gpu, openvino = frozenset({"GPU"}), frozenset({"openvino"})
    found = placing.lanes(nodes, 1, [gpu, openvino, gpu | openvino, frozenset({"gone"})])
    assert found[ANYWHERE] == 3 + 4 + 1
    assert (found[gpu], found[openvino], found[gpu | openvino]) == (2, 1 + 1, 1)
    assert placing.lanes(nodes, 4, [])[ANYWHERE] == 2 + 1
    assert placing.lack(found) == "no node has a core and gone"
    assert placing.lack({ANYWHERE: 3, gpu: 1}) is None
    assert placing.lack({ANYWHERE: 0}) == "no node has a core"


def test_a_step_may_use_the_cores_that_there_are_for_each_step() -> None:
    many, few = {"CPU": 8.0, "memory": 4.0 * BYTES_A_LANE}, {"CPU": 6.0, "memory": 2.0 * GIB}
    assert placing.threads([many]) == 2
    assert placing.threads([many, few]) == 2
    assert placing.threads([many, {"CPU": 1.0, "memory": 1.0 * GIB}, {"CPU": 0.0}]) == 1
    assert placing.threads([{"CPU": 0.0}]) == 1


def test_a_step_is_counted_with_the_memory_of_a_lane_or_of_the_smallest_node() -> None:
    assert placing.bytes_a_step([{"memory": 64.0 * GIB}]) == BYTES_A_LANE
    assert placing.bytes_a_step([{"memory": 64.0 * GIB}, {"memory": 1.0 * GIB}]) == GIB


def test_ray_repeats_no_step_by_itself() -> None:
    options = placing.options(frozenset({"GPU", "openvino"}), 2, GIB)
    assert options == {
        "num_cpus": 2,
        "num_gpus": 1,
        "memory": GIB,
        "resources": {"openvino": 1},
        "max_retries": 0,
    }


def test_nodes_that_are_alike_are_taken() -> None:
    assert not problem(node(), node("third"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tool": "other"}, "another version of pytest-export-matrix"),
        ({"here": Versions("3.12.1", "linux", PACKAGES)}, "Python 3.12.1 there, 3.11.7 here"),
        ({"here": packages(torch="2.14.1")}, "torch 2.14.1 there, 2.15.0 here"),
        ({"files": {}}, "models.py is not there: share the folder of the project"),
        ({"files": {"models.py": "2"}}, "models.py is another one there"),
        ({"clock": 60.0, "asked": 10.0, "answered": 12.0}, "its clock is 48 s off"),
        ({"clock": 5.0, "asked": 10.0, "answered": 12.0}, "its clock is 5 s off"),
    ],
)
def test_a_node_that_would_answer_otherwise_is_named_with_the_difference(
    fields: Any, message: str
) -> None:
    assert problem(node(), node("odd", **fields)).startswith(f"node odd: {message}")


def test_clocks_count_only_where_answers_count_by_their_age() -> None:
    assert not problem(node(clock=60.0), clocks=False)


def test_an_engine_that_some_nodes_lack_needs_a_resource_of_its_name() -> None:
    has, lacks = node("has", here=packages(openvino="2026.4")), node("lacks")
    assert problem(has, lacks).startswith("runtime openvino needs openvino, which node has has")
    assert "ray start --resources='{\"openvino\": 1}'" in problem(has, lacks)
    assert not problem(replace(has, resources={"openvino": 1.0}), lacks)
    assert not problem(has) and not problem(lacks)


def test_packages_that_only_nodes_have_are_told_with_their_versions() -> None:
    nodes = [node(here=packages(openvino=version)) for version in ("2026.4", "2026.4", "2026.3")]
    assert placing.elsewhere(HERE, nodes) == {"openvino": "2026.4, 2026.3"}


def test_machine_code_is_compiled_on_nodes_of_one_kind_alone() -> None:
    old, new = node("old", instructions="avx2"), node("new", instructions="avx2 avx512f")
    compiled = Need("method torch_export to aot_inductor", ("torch_export",), (), compiled=True)
    found = placing.problem(HERE, [old, new], [compiled], True) or ""
    assert "method torch_export to aot_inductor compiles for the processor" in found
    assert "node old and node new have different instructions" in found
    assert placing.problem(HERE, [old, old], [compiled], True) is None
    assert placing.problem(HERE, [old, new], [replace(compiled, compiled=False)], True) is None
