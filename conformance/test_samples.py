"""What is claimed of the pictures that models are shown, and of their sizes."""

from __future__ import annotations

import importlib.util

import pytest

from conformance.architectures.table import OTHER_SIZES, SIZES
from pytest_export_matrix.samples import pictures

FLAT = pictures.PICTURES.index("flat")
EVERY_SIZE = SIZES + OTHER_SIZES


def resized_alike(size: tuple[int, int], shortest: int) -> bool:
    """Whether a detector resizes to the same size in eager and in TorchScript, which rounds the
    factor to float32."""
    import numpy as np

    eager = shortest / min(size)
    scripted = float(np.float32(shortest) / np.float32(min(size)))
    return [int(side * eager) for side in size] == [int(side * scripted) for side in size]


@pytest.mark.parametrize("shortest", [144, 192])
def test_eager_and_torchscript_resize_exported_sizes_alike_but_not_all_others(
    shortest: int,
) -> None:
    assert all(resized_alike(size, shortest) for size in SIZES)
    assert not all(resized_alike(size, 144) for size in OTHER_SIZES)


@pytest.mark.parametrize("size", EVERY_SIZE)
def test_no_side_makes_the_enlargement_of_a_mask_exact(size: tuple[int, int]) -> None:
    assert all(side % 28 for side in size)


def test_picture_i_of_a_batch_follows_the_seed() -> None:
    import numpy as np

    together = pictures.pictures(EVERY_SIZE, seed=2)
    for i, (size, image) in enumerate(zip(EVERY_SIZE, together)):
        (alone,) = pictures.pictures([size], seed=(2 + i) % len(pictures.PICTURES))
        assert image.shape == (3, *size)
        assert image.dtype == np.float32
        assert 0 <= image.min() <= image.max() <= 1
        assert np.array_equal(image, alone)


@pytest.mark.parametrize("seed", [4, 5])
def test_in_a_batch_the_pictures_after_a_crowd_or_a_spot_start_with_the_flat_one(seed: int) -> None:
    import numpy as np

    crowd_or_spot, *others = pictures.pictures([SIZES[0]] * 3, seed)
    for ours, theirs in zip(others, pictures.pictures([SIZES[0]] * 2, FLAT)):
        assert np.array_equal(ours, theirs)
    (flat,) = pictures.pictures(SIZES[:1], seed=FLAT)
    changed = (np.abs(crowd_or_spot - flat) > 0.05).any(axis=0).mean()
    assert changed > 0.9 if seed % 2 == 0 else 0 < changed < 0.3
    assert np.array_equal(crowd_or_spot, pictures.pictures(SIZES[:1], seed)[0])


def test_the_flat_picture_has_one_colour() -> None:
    (flat,) = pictures.pictures(SIZES[:1], seed=FLAT)
    assert (flat == flat[:, :1, :1]).all()


def test_a_batch_tensor_has_images_of_one_size() -> None:
    (batch,) = pictures.image_batch([SIZES[0]] * 2, seed=0)
    assert batch.shape == (2, 3, *SIZES[0])
    with pytest.raises(ValueError, match="one size"):
        pictures.image_batch(SIZES, seed=0)


@pytest.mark.parametrize("missing", ["sklearn", "PIL"])
def test_if_a_package_for_the_pictures_is_missing_the_error_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else find(name)
    )
    with pytest.raises(ImportError, match="pip install scikit-learn pillow"):
        pictures.pictures(SIZES, seed=0)
