"""What detectron2's models find in the adversarial pictures."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_export_matrix.addons.detectron2.zoo import REPRESENTATIVE

NOTHING = 3  # of the four pictures, the one that shows nothing


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_one_thing_is_found_in_a_spot_and_more_than_are_kept_in_a_crowd(
    task: Any, name: str
) -> None:
    """Where a crowd is cut off, the scores on the two sides of the cut differ clearly."""
    model = REPRESENTATIVE[name]
    most, sizes = model.most, [(224, 256), (160, 192)]
    assert most
    request = {"config": model.config, "sizes": sizes, "seeds": [model.spot, model.crowd]}
    found = task("scores", keywords={**model.keywords, "most": most + 1}, **request)
    assert [len(scores) for scores in found] == [1, most + 1] * len(sizes)
    for crowd in found[1::2]:
        assert crowd[most - 1] - crowd[most] > 1e-3


def test_contrast_is_added_until_nothing_is_found_in_the_flat_picture(task: Any) -> None:
    config = "COCO-Detection/faster_rcnn_R_50_C4_3x.yaml"
    request = {"sizes": [(224, 256)], "seeds": list(range(NOTHING + 1)), "keywords": {}}
    counts = [len(scores) for scores in task("scores", config=config, **request)]
    assert all(counts[:NOTHING])
    assert counts[NOTHING] == 0
