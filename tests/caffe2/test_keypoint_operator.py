"""HeatmapMaxKeypoint's convention, written down, and why the keypoints are found behind the net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIDE = 28
LARGEST_STEP = 1.5


def by_convention(maps: Any, boxes: Any) -> Any:
    """The highest cell, moved by one Newton step to the peak of the quadratic through the cells
    around it; the heatmap lies on the box, its cells' centres at half numbers. [R, 3, K]"""
    found = np.zeros((len(maps), 3, maps.shape[1]))
    for r, (heatmaps, (x0, y0, x1, y1)) in enumerate(zip(maps.astype(np.float64), boxes)):
        for k, heatmap in enumerate(heatmaps):
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            step, score = peak(heatmap, y, x)
            found[r, :, k] = (
                x0 + (x + 0.5 + step[0]) * max(x1 - x0, 1) / SIDE,
                y0 + (y + 0.5 + step[1]) * max(y1 - y0, 1) / SIDE,
                score,
            )
    return found


def peak(heatmap: Any, y: int, x: int) -> Any:
    """The step (x, y) from a cell to the peak, and the height there; cells beyond the border
    mirror those inside."""
    around = np.array(
        [[heatmap[mirrored(y + j), mirrored(x + i)] for i in (-1, 0, 1)] for j in (-1, 0, 1)]
    )
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


def mirrored(i: int) -> int:
    return {-1: 1, SIDE: SIDE - 2}.get(i, i)


def test_it_is_one_newton_step_from_the_highest_cell(caffe2: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    maps = random.normal(size=(6, 4, SIDE, SIDE)).astype(np.float32)
    corner = random.uniform(0, 50, (6, 2))
    boxes = np.concatenate([corner, corner + random.uniform(0.5, 90, (6, 2))], 1).astype(np.float32)
    np.savez(tmp_path / "heatmaps.npz", maps=maps, boxes=boxes)
    asked = str(tmp_path / "heatmaps.npz")
    found = caffe2.task("keypoint_operator", heatmaps=asked).arrays["found"]
    expected = by_convention(maps, boxes)
    assert np.allclose(found[:, :3], expected, rtol=1e-4, atol=1e-3)
