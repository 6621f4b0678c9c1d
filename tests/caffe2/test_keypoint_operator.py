"""HeatmapMaxKeypoint's convention, written down, and why the keypoints are found behind the net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_export_matrix.compare.detections import compare

LARGEST_STEP = 1.5


def by_convention(maps: Any, boxes: Any) -> Any:
    """The highest cell, moved by one Newton step to the peak of the quadratic through the cells
    around it; the heatmap lies on the box, its cells' centres at half numbers. [R, 3, K]"""
    side = maps.shape[-1]
    found = np.zeros((len(maps), 3, maps.shape[1]))
    for r, (heatmaps, (x0, y0, x1, y1)) in enumerate(zip(maps.astype(np.float64), boxes)):
        for k, heatmap in enumerate(heatmaps):
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            step, score = peak(heatmap, y, x)
            found[r, :, k] = (
                x0 + (x + 0.5 + step[0]) * max(x1 - x0, 1) / side,
                y0 + (y + 0.5 + step[1]) * max(y1 - y0, 1) / side,
                score,
            )
    return found


def peak(heatmap: Any, y: int, x: int) -> Any:
    """The step (x, y) from a cell to the peak, and the height there; cells beyond the border
    mirror those inside."""
    around = heatmap[np.ix_(neighbours(y, len(heatmap)), neighbours(x, len(heatmap)))]
    slope = np.array([around[1, 2] - around[1, 0], around[2, 1] - around[0, 1]]) / 2
    twice = 2 * around[1, 1]
    mixed = (around[2, 2] - around[2, 0] - around[0, 2] + around[0, 0]) / 4
    bend = np.array(
        [[around[1, 2] - twice + around[1, 0], mixed], [mixed, around[2, 1] - twice + around[0, 1]]]
    )
    step = -np.linalg.solve(bend, slope)
    if np.abs(step).max() > LARGEST_STEP:
        step *= LARGEST_STEP / np.abs(step).max()
    return step, around[1, 1] + slope @ step + step @ bend @ step / 2


def neighbours(at: int, side: int) -> list[int]:
    return [1 if at == 0 else at - 1, at, side - 2 if at == side - 1 else at + 1]


def test_it_is_one_newton_step_from_the_highest_cell(caffe2: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    maps = random.normal(size=(6, 4, 28, 28)).astype(np.float32)
    corner = random.uniform(0, 50, (6, 2))
    boxes = np.concatenate([corner, corner + random.uniform(0.5, 90, (6, 2))], 1).astype(np.float32)
    np.savez(tmp_path / "heatmaps.npz", maps=maps, boxes=boxes)
    asked = str(tmp_path / "heatmaps.npz")
    found = caffe2.task("keypoint_operator", heatmaps=asked).arrays["found"]
    expected = by_convention(maps, boxes)
    assert np.allclose(found[:, :3], expected, rtol=1e-4, atol=1e-3)


def judged(subject: Any, found: Any) -> list[dict[str, Any]]:
    asked = zip(subject.reference, found, subject.noise)
    return [
        compare(expected, got, {"score_threshold": 0.3}, noise) for expected, got, noise in asked
    ]


def test_a_model_with_the_operator_agrees_with_eager_of_that_convention(
    caffe2: Any, subject_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against eager as it is, the keypoints are the only thing that differs."""
    subject = subject_of("keypoint_rcnn", 1)
    request = {**subject.request, "heads": "HeadsWithKeypoints"}
    file = caffe2.task("export", **request).answer["caffe2"]["file"]
    found = caffe2.task("run", file=file, **request).detections(request["counts"])
    verdicts = judged(subject, found)
    deviating = {name for verdict in verdicts for name in verdict["deviating"]}
    assert deviating == {"keypoints", "keypoints_scores"}

    import torch
    from torchvision.models.detection import roi_heads

    def decoded(maps: Any, boxes: Any) -> Any:
        x, y, scores = by_convention(maps.numpy(), boxes.numpy()).transpose(1, 0, 2)
        points = np.stack([x, y, np.ones_like(x)], 2)
        return torch.from_numpy(points).float(), torch.from_numpy(scores).float()

    monkeypatch.setattr(roi_heads, "heatmaps_to_keypoints", decoded)
    verdicts = judged(subject_of("keypoint_rcnn", 1, "HeatmapMaxKeypoint"), found)
    assert [problem for verdict in verdicts for problem in verdict["problems"]] == []
    assert sum(verdict["matched"] for verdict in verdicts) > 100
