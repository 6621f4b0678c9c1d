"""detectron2's models prepared for torch.export."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_export_matrix.addons.detectron2.zoo import REPRESENTATIVE

#: Cascade R-CNN has masks.
CAPTURED = ("keypoint_rcnn", "retinanet", "cascade_rcnn", "pointrend_rcnn")


@pytest.fixture(scope="session")
def exported(today: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """exported(model, prepared) -> what the export answered, the folder, the detections of each
    picture."""
    made: dict[str, tuple[dict[str, Any], list[int]]] = {}

    def export(name: str, prepared: bool) -> tuple[dict[str, str], str, list[int]]:
        if name not in made:
            model, folder = REPRESENTATIVE[name], str(tmp_path_factory.mktemp(name))
            asked: dict[str, Any] = {"config": model.config, "raw": False, "folder": folder}
            asked["keywords"] = dict(model.keywords)
            made[name] = asked, today("make", **asked)
        asked, counts = made[name]
        how = {"method": "torch_export", "lower": "save", "suffix": ".pt2", "batch": 1}
        return today("export", **asked, **how, prepared=prepared), asked["folder"], counts

    return export


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_a_prepared_model_answers_as_it_did(today: Any, name: str) -> None:
    model = REPRESENTATIVE[name]
    worst = today("prepared", config=model.config, keywords=dict(model.keywords))
    assert worst.pop("keypoints", 0.0) < 1e-4
    assert set(worst.values()) == {0.0}


@pytest.mark.parametrize("name", CAPTURED)
def test_its_program_is_right_at_other_sizes_without_detectron2(
    today: Any, exported: Any, name: str
) -> None:
    answer, folder, counts = exported(name, prepared=True)
    assert "failure" not in answer
    found = today("run", folder=folder, file=answer["file"], convention="structured", batch=1)
    assert (found["problems"], found["errors"]) == ([], [])
    assert found["matched"] == sum(counts) > 0
    assert found["loaded"] == ["torchvision"]


def test_as_it_is_a_model_cannot_be_captured(exported: Any) -> None:
    answer, _, _ = exported("retinanet", prepared=False)
    assert "GuardOnDataDependentSymNode" in answer["failure"]


def test_what_cannot_be_prepared_is_refused(today: Any) -> None:
    training, other = today("refusals", config=REPRESENTATIVE["faster_rcnn"].config)
    assert training == "ValueError: GeneralizedRCNN is in training mode: call eval() before"
    assert other == "TypeError: Linear is and holds no R-CNN or RetinaNet of detectron2"
