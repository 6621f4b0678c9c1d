"""Models exported as detectron2's guide says, compared with its eager models."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from pytest_export_matrix.addons.detectron2.zoo import REPRESENTATIVE

NOTHING = 3  # of the four pictures, the one that shows nothing


@pytest.fixture(scope="session")
def made(task: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """made(model, raw) -> what every task is asked, and the numbers of detections."""

    @functools.lru_cache
    def make(name: str, raw: bool) -> tuple[dict[str, Any], list[int]]:
        model = REPRESENTATIVE[name]
        request = {
            "config": model.config,
            "raw": raw,
            "keywords": dict(model.keywords),
            "folder": str(tmp_path_factory.mktemp(name)),
        }
        return request, task("make", **request)

    return make


@pytest.fixture(scope="session")
def is_0_6(versions: dict[str, str]) -> bool:
    return versions["torch"].startswith("1.10.")  # versions after v0.6 still call themselves 0.6


@pytest.fixture(scope="session")
def exported(task: Any, made: Any) -> Any:
    """exported(model, raw, method) -> run(batch): what became of the file in a fresh process."""

    @functools.lru_cache
    def export(name: str, raw: bool, method: str) -> Any:
        request, _ = made(name, raw)
        lower, suffix = ("netdef", ".pb") if method == "caffe2" else ("save", ".pt")
        answer = task("export", **request, method=method, lower=lower, suffix=suffix, batch=1)
        assert "failure" not in answer
        convention = "flat" if method == "tracing" else "structured"
        return functools.partial(
            task, "run", folder=request["folder"], file=answer["file"], convention=convention
        )

    return export


def assert_right(found: Any) -> None:
    assert (found["problems"], found["errors"]) == ([], [])
    assert found["matched"] > 0


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_a_model_of_the_zoo_tells_pictures_apart(made: Any, name: str) -> None:
    _, counts = made(name, False)
    at_one_size = counts[:4]
    assert sum(at_one_size) > 0
    assert at_one_size[NOTHING] == 0
    assert max(counts) <= (REPRESENTATIVE[name].most or 0) < 100  # not as many as detectron2 keeps


@pytest.mark.parametrize("name", ["faster_rcnn", "mask_rcnn", "retinanet"])
def test_a_scripted_model_answers_any_batch_without_detectron2(exported: Any, name: str) -> None:
    run = exported(name, True, "scripting")
    for batch in (1, 2, 3):
        found = run(batch=batch)
        assert_right(found)
        assert found["loaded"] == ["torchvision"]


@pytest.mark.parametrize("name", ["faster_rcnn", "mask_rcnn"])
def test_a_traced_model_takes_other_sizes_and_refuses_another_batch(
    exported: Any, name: str
) -> None:
    run = exported(name, True, "tracing")
    found = run(batch=1)
    assert_right(found)
    assert found["loaded"] == ["torchvision"]
    refused = run(batch=2)
    assert refused["matched"] == 0
    assert refused["errors"]
    assert all("expected at most" in error for error in refused["errors"])


def test_a_trace_that_pastes_masks_works_for_one_picture_only(exported: Any, is_0_6: bool) -> None:
    if not is_0_6:
        pytest.skip("seen in v0.6")
    errors = exported("mask_rcnn", False, "tracing")(batch=1)["errors"]
    assert any("is invalid for input of size" in error for error in errors)


def test_scripting_refuses_postprocessing(exported: Any) -> None:
    errors = exported("faster_rcnn", False, "scripting")(batch=1)["errors"]
    assert errors
    assert all("not supported for postprocess" in error for error in errors)


@pytest.mark.parametrize("name", ["faster_rcnn", "retinanet"])
def test_a_caffe2_model_answers_as_eager_unless_it_pads_the_image(
    exported: Any, is_0_6: bool, name: str
) -> None:
    """It pads an image and then normalises it; the eager model normalises first. The padding gets
    another colour."""
    if not is_0_6:
        pytest.skip("Caffe2 is in torch 1.10.2 alone")
    run = exported(name, False, "caffe2")
    assert_right(run(batch=1, padded=False))
    assert run(batch=1, padded=True)["problems"]
