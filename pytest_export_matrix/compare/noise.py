"""The noise of the eager model: how far its own answers lie apart, and what that allows.

Arithmetic rounds. Another engine adds up in another order, answers otherwise, and is right. How far
it may be off depends on the model, and on the element: a box is a number of pixels, the probability
beside it in the same tensor is a millionth. So it is measured. The eager model answers each case
several times, with inputs that are off by one rounding and with other roundings inside
(`worker.eager`), and once in float64, which is taken for the truth unless it is another answer
altogether (`measuring.ANOTHER`). The noise of an element is the largest distance between eager's
answer and any of these. For an engine that computes in less, eager is also asked with everything
rounded to that.

A few draws can lie close together by chance. The unit of an element is therefore the largest of

- its own noise,
- the median noise of its neighbours: of its channel (dimension 1) or of its place in the last
  dimension, whichever is lower, over all cases; of the whole output where these are few,
- one rounding of its own value, and of the median magnitude of its neighbours.

An answer may be off by `MARGIN` units, and a few of many values by some more; see `margin`.
Elements without any noise (sentinels such as -1e9, zeros of a ReLU, padding) say nothing about
their neighbours and are left out of both medians, as long as others are left.

Some models choose: they round to steps, take the nearest code or the uncertain points. Most
elements then stay as they are to the last bit, and where rounding decides, one of eager's answers
jumps by a whole step. That is the noise of this element and not of its neighbours, so it counts as
none in their median. A file's answer may jump as well, in `MARGIN` times as many values as eager's.
Where all values of an output are steps, sixteen times a step is no tolerance: it may differ in no
many more values than eager's own answers do, and hardly farther.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

#: The distance of 1 to the next number, of each precision that a runtime may compute in.
ROUNDINGS = {"float32": 2.0**-23, "tf32": 2.0**-10, "float16": 2.0**-10, "bfloat16": 2.0**-7}
#: For an engine that rounds coarser than eager, eager was asked with everything rounded like that.
#: The draws then show all that rounding does, and one rounding is only a part of a unit.
COARSE_PART = 1 / 8
#: How many units of its noise an output may be off. Engines that answer rightly need 1 to 7 (see
#: docs/trust.md), a few values of their masks up to 30; weights that were rounded to float16
#: need a thousand to four thousand, an error of one percent more than that.
MARGIN = 16
#: From how many figures the noise of an element is estimated: `worker.eager` makes them.
FIGURES = 6
#: How often a right answer may be called wrong by chance, a case and output: a matrix of two
#: thousand cells asks fifty thousand of these.
CHANCE = 1e-5
#: How often one value of a right answer is off by more than `MARGIN` units. The ratio of a
#: deviation to an estimate from six figures follows Student's t with six degrees of freedom.
BEYOND_MARGIN = 3.8e-6
#: So no more than one, or this share of the values that have noise, may be. Chance alone leaves
#: much less, but an image shows one value of a small mask many times.
MOST_BEYOND = 1 / 200
#: Fewer neighbours than this have no median,
FEW = 8
#: and none have one of which a smaller share has noise.
SHARE = 1 / 100
#: How many times as far as the farthest of eager's jumps another one may go.
FARTHER = 2
#: A median is taken of at most so many elements of an array.
SAMPLE = 65_536


@dataclass
class Measured:
    """What was measured of one output: arrays of its shape (a complex number is two).

    noise: float32, how far eager's own answers lie apart; infinite where one of them is not finite
        and another one is. shift: float32, the truth minus eager's answer; NaN where it is not
        known. moves: bool, whether rounding moves the element as it does its neighbours: half of
        eager's answers differ there, or one that differs in a good part of these as well.
    jumps: how many elements are far off in less than half of them. farthest: how far at most.
    stepped: whether all values are steps, as of a quantized model. Then jumps and farthest are of
        all differences, the number that of the answer which has most.
    another: whether the float64 answer is no truth but another answer; see `measuring.ANOTHER`.
    """

    noise: Any
    shift: Any
    moves: Any
    jumps: int = 0
    farthest: float = 0.0
    stepped: bool = False
    another: bool = False


@dataclass
class Levels:
    """Medians of an output: `whole` of all its elements, `axes` by index along the dimensions 1 and
    last, NaN where few elements count. `jumps`, as a share of an output's elements, and `farthest`
    are the largest of any case. `stepped`: the values of all cases that have noise are steps."""

    whole: float = 0.0
    axes: Dict[int, Any] = field(default_factory=dict)
    jumps: float = 0.0
    farthest: float = 0.0
    stepped: bool = False


@dataclass
class Noise:
    """The noise of eager's answer to one case.

    outputs: by name, for each image (one, where the output is not about images). doubtful: for each
    image, whether eager's own draws lack a detection, bool [K]. others: for each image the
    detections that only draws found, {"boxes", "labels", "scores"}. notes: what could not be
    measured. levels: of the noise, by name; set by `pool`. rounding: the distance of 1 to the next
    number in the judged engine, where that rounds coarser than eager; else 0.
    """

    outputs: Dict[str, List[Measured]] = field(default_factory=dict)
    doubtful: List[Any] = field(default_factory=list)
    others: List[Dict[str, Any]] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    levels: Dict[str, Levels] = field(default_factory=dict)
    rounding: float = 0.0

    def of(self, name: str, image: int = 0) -> Optional[Measured]:
        """What was measured of an output, if it was."""
        measured = self.outputs.get(name, [])
        return measured[image] if image < len(measured) else None


def noise_from(tree: Dict[str, Any]) -> Noise:
    """The noise whose fields are in `tree`, as `pytrees.flatten` takes a dataclass apart."""
    outputs = {
        name: [Measured(**each) for each in images] for name, images in tree["outputs"].items()
    }
    return Noise(
        outputs, tree["doubtful"], tree["others"], tree["notes"], rounding=tree["rounding"]
    )


def as_real(array: Any) -> Any:
    """The array in float64; complex numbers as pairs in a further dimension."""
    import numpy as np

    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], -1)
    return array.astype(np.float64)


def pool(noises: Sequence[Noise]) -> None:
    """Set the levels of each of `noises`, which belong together: cases of one model."""
    names = dict.fromkeys(name for noise in noises for name in noise.outputs)
    for name in names:
        measured = [each for noise in noises for each in noise.outputs.get(name, [])]
        levels = noise_levels(measured)
        shares = [each.jumps / each.noise.size for each in measured if each.noise.size]
        levels.jumps = max(shares, default=0.0)
        levels.farthest = max((each.farthest for each in measured), default=0.0)
        noisy = [each for each in measured if (each.noise > 0).any()]
        levels.stepped = bool(noisy) and all(each.stepped for each in noisy)
        for noise in noises:
            noise.levels[name] = levels


def noise_levels(measured: Sequence[Measured]) -> Levels:
    """The median noise of the elements that have any; that of a jump counts as none."""
    import numpy as np

    noises = [np.where(each.moves, each.noise, 0) for each in measured]
    return levels_of(noises, [each.noise > 0 for each in measured], SHARE)


def margin(values: int, beyond: int = 0) -> float:
    """How many units each of so many noisy values may be off, where so many are off by more than
    `MARGIN`.

    Of many values one has a noise that was estimated too low by chance: of the 6,000 of right masks
    one was off by 19 units, with two threads and not with one. The tail of Student's t falls with
    the power of its degrees of freedom, so the margin grows with the sixth root of their number: 16
    for one value, 48 for two thousand, 136 for a million. Where more than one value and more than
    `MOST_BEYOND` of all are off by more than `MARGIN`, that is no chance, and `MARGIN` is all that
    is allowed.
    """
    if beyond > max(1, MOST_BEYOND * values):
        return float(MARGIN)
    return float(MARGIN * max(1.0, values * BEYOND_MARGIN / CHANCE) ** (1 / FIGURES))


def levels_of(arrays: Sequence[Any], counts: Sequence[Any], share: float = 0.0) -> Levels:
    """The medians of `arrays`, over the finite elements that `counts` is True for, where these are
    at least `share` of all."""
    pairs = [pair for pair in zip(arrays, counts) if pair[0].size]
    dimensions = {array.ndim for array, _ in pairs}
    levels = Levels()
    for axis in {1, *(dimension - 1 for dimension in dimensions)}:
        sizes = {array.shape[axis] for array, _ in pairs if array.ndim > max(axis, 1)}
        if len(dimensions) == len(sizes) == 1 and axis > 0:
            levels.axes[axis] = _medians(pairs, axis, FEW, share)
    if pairs:
        flat = [(array.reshape(1, -1), counting.reshape(1, -1)) for array, counting in pairs]
        (whole,) = _medians(flat, 0, 1, share)
        levels.whole = 0.0 if whole != whole else float(whole)
    return levels


def _medians(pairs: Sequence[Tuple[Any, Any]], axis: int, least: int, share: float) -> Any:
    """The median at each index of `axis`, over all arrays: float64 [n]; NaN where fewer than
    `least` elements count, or less than a `share`."""
    import numpy as np

    rows = []
    for array, counting in pairs:
        values = np.where(counting & np.isfinite(array), array, np.nan)
        values = np.moveaxis(values, axis, 0).reshape(array.shape[axis], -1)
        rows.append(values[:, :: max(1, array.size // SAMPLE)])
    together = np.concatenate(rows, 1).astype(np.float64)
    known = (~np.isnan(together)).sum(1) >= max(least, share * together.shape[1])
    medians = np.full(len(together), np.nan)
    if known.any():
        medians[known] = np.nanmedian(together[known], 1)
    return medians


def rounding_of(dtype: Any, noise: Optional[Noise]) -> float:
    """What one rounding of a value counts for, as a share of the value."""
    import numpy as np

    return max(COARSE_PART * noise.rounding if noise else 0.0, float(np.finfo(dtype).eps))


def units(reference: Any, name: str, measured: Optional[Measured], noise: Optional[Noise]) -> Any:
    """The unit of each element of `reference`, output `name`, an array of floats: float64."""
    import numpy as np

    levels = noise.levels.get(name) if noise else None
    expected = np.abs(as_real(reference))
    own = np.zeros_like(expected) if measured is None else measured.noise.astype(np.float64)
    noisy = own > 0
    magnitudes = levels_of([expected], [noisy if noisy.any() else np.ones_like(noisy)])
    rounding = rounding_of(reference.dtype, noise)
    finite = np.where(np.isfinite(expected), expected, 0.0)
    return np.maximum.reduce(
        [
            own,
            _spread(levels or Levels(), expected.shape),
            rounding * finite,
            rounding * _spread(magnitudes, expected.shape),
        ]
    )


def _spread(levels: Levels, shape: Tuple[int, ...]) -> Any:
    """The level of each element of an array of `shape`: the lowest of its places in the axes."""
    import numpy as np

    found = []
    for axis, medians in levels.axes.items():
        known = np.where(np.isnan(medians), levels.whole, medians)
        along = [1] * len(shape)
        along[axis] = -1
        found.append(np.broadcast_to(known.reshape(along), shape))
    return np.minimum.reduce(found) if found else np.full(shape, levels.whole)
