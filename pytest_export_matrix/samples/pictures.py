"""The default sample inputs: two photographs, noise and a flat picture.

They are the same bytes on every machine. One of the four shows nothing, because several runtimes
silently answer wrongly when nothing is detected. Seeds from 4 on give adversarial inputs. An even
seed gives a crowd: a picture full of pieces of the others. An odd seed gives a spot: a small piece
on a flat picture. What is found in them depends on the model, so its architecture names the seeds
that bring it to its limits.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from PIL import Image

PICTURES = ("china.jpg", "flower.jpg", "noise", "flat")
"""What picture 0, 1, 2 and 3 is. The photographs are shipped inside scikit-learn."""

# The mean colour of ImageNet. Normalisation brings it to nearly zero, so it looks like the padding
# of a batch of unequal sizes.
FLAT_COLOUR = (124, 116, 104)

NOISE_SIZE = (240, 320)
NOISE_SEED = 20


#: The least and the largest width and height of a spot, as shares of those of its picture.
SPOT = (0.12, 0.5)
#: The least and the largest number of pieces along each side of a crowd.
CROWD = (3, 7)


def pictures(sizes: Sequence[tuple[int, int]], seed: int) -> list[npt.NDArray[np.float32]]:
    """Image i is picture (seed + i) % 4 at sizes[i] = (height, width); CHW, RGB in 0..1.

    From seed 4 on, image 0 is a crowd or a spot, and the next ones are pictures 3, 0, 1, ...
    """
    _need("PIL")
    import numpy as np
    from PIL import Image

    images = []
    for i, (height, width) in enumerate(sizes):
        picture = _picture_of(seed, i)
        resized = picture.resize((width, height), Image.Resampling.BILINEAR)
        hwc = np.asarray(resized, dtype=np.float32) / np.float32(255)
        images.append(np.ascontiguousarray(hwc.transpose(2, 0, 1)))
    return images


def image_list(sizes: Sequence[tuple[int, int]], seed: int) -> tuple[list[torch.Tensor]]:
    """The arguments of a model that takes a list of images: ([float32 CHW in 0..1, ...],)."""
    import torch

    return ([torch.from_numpy(image) for image in pictures(sizes, seed)],)


def image_batch(sizes: Sequence[tuple[int, int]], seed: int) -> tuple[torch.Tensor]:
    """The arguments of a model that takes one batch: (float32 NCHW in 0..1,)."""
    import torch

    if len(set(sizes)) != 1:
        raise ValueError(f"images of one batch have one size, not {list(sizes)}; use image_list")
    return (torch.stack([torch.from_numpy(image) for image in pictures(sizes, seed)]),)


def _picture_of(seed: int, i: int) -> Image.Image:
    if seed < len(PICTURES):
        return _picture(PICTURES[(seed + i) % len(PICTURES)])
    if i:
        return _picture(PICTURES[(PICTURES.index("flat") + i - 1) % len(PICTURES)])
    return _spot(seed) if seed % 2 else _crowd(seed)


def _crowd(seed: int) -> Image.Image:
    """Pieces of the pictures side by side, as many along a side as the seed says."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(seed)
    height, width = NOISE_SIZE
    along = int(random.integers(*CROWD, endpoint=True))
    crowd = Image.new("RGB", (width, height))
    for row, column in itertools.product(range(along), repeat=2):
        left, right = (round(width * n / along) for n in (column, column + 1))
        top, bottom = (round(height * n / along) for n in (row, row + 1))
        crowd.paste(_piece(random, (right - left, bottom - top)), (left, top))
    return crowd


def _spot(seed: int) -> Image.Image:
    """One piece of a picture on the flat one."""
    import numpy as np

    random = np.random.default_rng(seed)
    spot = _picture("flat")
    width, height = (round(side * random.uniform(*SPOT)) for side in spot.size)
    place = tuple(int(random.integers(a - b)) for a, b in zip(spot.size, (width, height)))
    spot.paste(_piece(random, (width, height)), place)
    return spot


def _piece(random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A piece of a picture that is not flat, half as wide and high, resized to (width, height)."""
    from PIL import Image

    picture = _picture(PICTURES[int(random.integers(3))])
    width, height = (side // 2 for side in picture.size)
    left, top = (int(random.integers(side)) for side in (width, height))
    part = picture.crop((left, top, left + width, top + height))
    return part.resize(size, Image.Resampling.BILINEAR)


def _picture(name: str) -> Image.Image:
    from PIL import Image

    if name == "noise":
        return _noise()
    if name == "flat":
        return Image.new("RGB", NOISE_SIZE[::-1], FLAT_COLOUR)
    with Image.open(_need("sklearn") / "datasets" / "images" / name) as photograph:
        return photograph.convert("RGB")


def _noise() -> Image.Image:
    """Smooth noise of 12 x 16 cells, with a little fine noise on top."""
    import numpy as np
    from PIL import Image

    height, width = NOISE_SIZE
    random = np.random.default_rng(NOISE_SEED)
    cells = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    smooth = Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)
    fine = random.normal(0, 8, (height, width, 3))
    return Image.fromarray((np.asarray(smooth) + fine).clip(0, 255).astype(np.uint8))


def _need(module: str) -> Path:
    """The folder of an installed module. It is found, not imported: sklearn takes a second."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            "the default sample pictures need scikit-learn (it ships the photographs) and pillow: "
            "pip install scikit-learn pillow",
            name=module,
        )
    return Path(spec.submodule_search_locations[0])
