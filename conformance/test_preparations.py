"""What is claimed of the preparations: the same answers, and an export that works.

The comparison is the package's own, and the reference is always the plain model.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.architectures.table import ARCHITECTURES
from conformance.eager import noise_of
from conformance.test_architectures import batches, build, keywords
from pytest_export_matrix import Architecture, OutputKind
from pytest_export_matrix.exporters import torch_export
from pytest_export_matrix.exporters.context import Context
from pytest_export_matrix.planning.recipes import SEEDS, Case, batch_sizes, cases
from pytest_export_matrix.samples import pictures
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.pytrees import to_arrays
from pytest_export_matrix.vocabulary.references import resolve
from pytest_export_matrix.worker.eager import EagerModel


@dataclass(frozen=True)
class Subject:
    architecture: Architecture
    plain: Any
    prepared: Any
    changes: str

    @functools.cached_property
    def eager(self) -> EagerModel:
        return EagerModel(self.plain, "cpu")

    def problems(self, run: Callable[..., Any], asked: Iterator[Case]) -> list[str]:
        """The problems of the answers of `run`, case by case."""
        import torch

        found, kind = [], self.architecture.outputs
        assert isinstance(kind, OutputKind)
        compare = resolve(kind.compare)
        for case in asked:
            (images,) = pictures.image_list(case.sizes, case.seed)
            with torch.no_grad():
                expected, got = to_arrays(self.plain(images)), to_arrays(run(images))
            deviation = compare(expected, got, kind.options)
            if deviation["problems"]:  # more than a few roundings of each value: measure
                noise = noise_of(self.eager, expected, (images,), kind)
                deviation = compare(expected, got, kind.options, noise)
            found += [f"{case}: {problem}" for problem in deviation["problems"]]
            for ours, theirs in zip(expected, got):
                for name in ("labels", "segment_classes"):
                    if name in ours and ours[name].tolist() != theirs[name].tolist():
                        found.append(f"{case}: {name} in another order")
        return found


def prepare(architecture: Architecture, model: Any) -> str:
    changes: str = resolve(architecture.preparations["torch_export"])(model)
    return changes


def subjects() -> Iterator[Any]:
    for architecture in ARCHITECTURES:
        if architecture.preparations:
            yield pytest.param((architecture, "slim"), id=f"{architecture.name}-slim")
            if "full" in architecture.profiles:
                identifier = f"{architecture.name}-full"
                yield pytest.param((architecture, "full"), id=identifier, marks=pytest.mark.full)


@pytest.fixture(scope="module", params=subjects())
def subject(request: pytest.FixtureRequest) -> Subject:
    architecture, profile = request.param
    plain, prepared = (build(architecture, keywords(architecture, profile)) for _ in range(2))
    return Subject(architecture, plain, prepared, prepare(architecture, prepared))


def test_a_prepared_model_answers_as_the_plain_one(subject: Subject) -> None:
    seeds = dict.fromkeys((*SEEDS, *subject.architecture.adversarial.values()))
    every = (Case(sizes, seed) for sizes in batches() for seed in seeds)
    assert subject.problems(subject.prepared, every) == []


def test_the_weights_keep_their_names_and_the_changes_are_told_in_one_line(
    subject: Subject,
) -> None:
    assert subject.prepared.state_dict().keys() == subject.plain.state_dict().keys()
    resizes_to_one_size = subject.plain.transform.fixed_size is not None
    assert subject.changes.startswith("images resized and padded") != resizes_to_one_size
    assert "detections chosen without asking how many there are" in subject.changes
    assert "\n" not in subject.changes


@pytest.mark.parametrize(
    ("resolution", "images"),
    [
        ("dynamic", 2),
        # Cells that ask for less.
        pytest.param("dynamic", 1, marks=pytest.mark.full),
        pytest.param("fixed", 1, marks=pytest.mark.full),
        pytest.param("fixed", 2, marks=pytest.mark.full),
    ],
)
def test_the_prepared_model_exports(
    subject: Subject, resolution: str, images: int, tmp_path: Path
) -> None:
    """With `Dim.DYNAMIC`, saved, loaded, and run at each size that the cell asks for."""
    import torch

    file = str(tmp_path / "model.pt2")
    architecture = subject.architecture
    sizes = batch_sizes(architecture, architecture.sizes, images)
    dynamic = frozenset({"resolution"} if resolution == "dynamic" else ())
    context = Context(subject.prepared, pictures.image_list(sizes, 0), ("[CHW]",), dynamic)
    torch_export.save(torch_export.capture(context), file, context)
    program = torch.export.load(file).module()
    cell = Cell(architecture.name, "torch_export", "pt2", "pytorch", "cpu", resolution, str(images))
    assert subject.problems(program, iter(cases(cell, architecture))) == []


@pytest.mark.parametrize(("shortest", "longest"), [(144, 640), (192, 640), (800, 1333)])
def test_sizes_computed_in_tensors_equal_those_computed_in_numbers(
    shortest: int, longest: int
) -> None:
    import torch

    from pytest_export_matrix.preparations.torch_export.resizing import resized, resized_in_tensors

    lengths = torch.arange(64, 513)
    sides = torch.stack(torch.meshgrid(lengths, lengths, indexing="ij")).flatten(1)
    found = resized_in_tensors(sides, shortest, longest).T.tolist()
    assert found == [resized(size, shortest, longest) for size in sides.T.tolist()]


@pytest.mark.parametrize(("shortest", "longest"), [(144, 640), (144, 180)])
def test_sizes_are_those_of_torchvision(shortest: int, longest: int) -> None:
    import torch
    from torchvision.models.detection.transform import GeneralizedRCNNTransform

    from pytest_export_matrix.preparations.torch_export.resizing import padded, resized

    transform = GeneralizedRCNNTransform(shortest, longest, [0.0], [1.0]).eval()
    for size in [(197, 261), *itertools.product(range(64, 513, 64), range(64, 513, 5))]:
        image, _ = transform.resize(torch.empty(1, *size))
        found = resized(size, shortest, longest)
        assert list(image.shape[1:]) == found
        batched = transform.batch_images([image])
        assert list(batched.shape[2:]) == [padded([side], 32) for side in found]


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_suppression_is_that_of_torchvision(count: int) -> None:
    import torch
    from torchvision.ops import batched_nms

    from pytest_export_matrix.preparations.torch_export.boxes import suppress

    generator = torch.Generator().manual_seed(count)
    corners, extents = (100 * torch.rand(count, 2, generator=generator) for _ in range(2))
    boxes = torch.cat([corners, corners + extents], dim=1)
    scores = torch.rand(count, generator=generator)
    groups = torch.randint(0, 3, (count,), generator=generator)
    expected = batched_nms(boxes, scores, groups, 0.3)
    assert suppress(boxes, scores, groups, 0.3).tolist() == expected.tolist()
    assert len(expected) < count or count <= 2


@pytest.mark.parametrize("count", [0, 7])
def test_masks_are_pasted_as_by_torchvision(count: int) -> None:
    """Also if a box, enlarged with its mask, reaches over the border, and if it is a line."""
    import torch
    from torchvision.models.detection.roi_heads import paste_masks_in_image
    from torchvision.ops.boxes import clip_boxes_to_image

    from pytest_export_matrix.preparations.torch_export.regions import paste

    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(count, 1, 28, 28, generator=generator)
    corners, extents = (60 * torch.rand(count, 2, generator=generator) for _ in range(2))
    boxes = clip_boxes_to_image(torch.cat([corners - 20, corners + extents], dim=1), (50, 70))
    boxes[:1, 2] = boxes[:1, 0]
    expected = paste_masks_in_image(masks, boxes, (50, 70))
    found = paste(masks, boxes, (50, 70))
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("count", [0, 7])
def test_keypoints_are_found_where_torchvision_finds_them(count: int) -> None:
    import torch
    from torchvision.models.detection.roi_heads import heatmaps_to_keypoints

    from pytest_export_matrix.preparations.torch_export.regions import keypoints

    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(count, 3, 56, 56, generator=generator)
    corners, extents = (90 * torch.rand(count, 2, generator=generator) for _ in range(2))
    boxes = torch.cat([corners, corners + extents], dim=1)
    for ours, theirs in zip(keypoints(maps, boxes), heatmaps_to_keypoints(maps, boxes)):
        assert ours.shape == theirs.shape
        assert torch.allclose(ours, theirs, atol=1e-4)


def test_a_model_in_training_mode_is_refused() -> None:
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

    model = fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None)
    with pytest.raises(ValueError, match="call eval"):
        prepare(ARCHITECTURES[0], model)
