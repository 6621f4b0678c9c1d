"""Which outputs prove nothing: a file could answer anything, or always the same, and pass."""

from __future__ import annotations

import collections
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pytest_export_matrix.compare.arrays import compare_values
from pytest_export_matrix.compare.noise import FARTHER, MARGIN, Measured, Noise
from pytest_export_matrix.vocabulary.pytrees import named_leaves

EMPTY = "is empty for every input"
NOT_FINITE = "is NaN or infinite throughout"
CONSTANT = "is the same for every input"
NOISY = (
    "is moved as far as its values reach by rounding alone, or by which of equal values topk takes"
)

#: The share of the range of an output's values from which on the result says what is allowed.
IMPRECISE = 0.01

#: An array of an output, what was measured of it, and the noise of its case.
Known = Tuple[Any, Optional[Measured], Optional[Noise]]


def unproven(answers: Sequence[Tuple[Any, Optional[Noise]]]) -> Dict[str, str]:
    """Why outputs prove nothing, by their names, given eager's answer to each case and its noise.

    An output that proves something is not among them.
    """
    said = {name: _why(name, arrays) for name, arrays in _by_name(answers).items()}
    if _mostly_doubtful([noise for _, noise in answers if noise]):
        said = {name: why or NOISY for name, why in said.items()}
    return {name: why for name, why in said.items() if why}


def imprecise(answers: Sequence[Tuple[Any, Optional[Noise]]]) -> List[str]:
    """What to say of outputs in which an error of one percent of their range could hide: the model
    is ill-conditioned there."""
    shares = {name: _allowed(arrays) for name, arrays in _by_name(answers).items()}
    return [
        f"{name}: rounding alone moves eager so far that {share:.0%} of the range of its values "
        "are allowed"
        for name, share in shares.items()
        if IMPRECISE <= share < 1
    ]


def _by_name(answers: Sequence[Tuple[Any, Optional[Noise]]]) -> Dict[str, List[Known]]:
    found: Dict[str, List[Known]] = {}
    for answer, noise in answers:
        for image, (name, array) in _outputs(answer):
            measured = noise.of(name, image) if noise else None
            found.setdefault(name, []).append((array, measured, noise))
    return found


def proving_nothing(unproven: Dict[str, str], answers: Sequence[Any]) -> str:
    """What is wrong with a cell whose outputs all prove nothing; "" where one proves something."""
    names = {name for answer in answers for _, (name, _) in _outputs(answer)}
    if not unproven or names - set(unproven):
        return ""
    said = "; ".join(f"{name} {why}" for name, why in unproven.items())
    needs = "the architecture needs other inputs or weights"
    return f"the eager answers prove nothing: {said}; {needs}"


def _outputs(answer: Any) -> List[Tuple[int, Tuple[str, Any]]]:
    """(index, (name, array)) of each output. The dicts of a list are images with the same names."""
    if isinstance(answer, (list, tuple)) and answer and all(isinstance(i, dict) for i in answer):
        return [(i, pair) for i, image in enumerate(answer) for pair in named_leaves(image)]
    return [(0, pair) for pair in named_leaves(answer)]


def _why(name: str, known: Sequence[Known]) -> str:
    """Why an output proves nothing, or ""."""
    import numpy as np

    some = [each for each in known if each[0].size]
    if not some:
        return EMPTY
    if some[0][0].dtype.kind in "fc":
        if not any(np.isfinite(array).any() for array, _, _ in some):
            return NOT_FINITE
        if _allowed(some) >= 1:
            return NOISY
    return CONSTANT if _is_constant(name, some, len(known)) else ""


def _allowed(known: Sequence[Known]) -> float:
    """What is allowed for the median value, as a share of the range of all values; 0 where less
    than half of the values have noise."""
    import numpy as np

    known = [each for each in known if each[0].dtype.kind == "f" and each[0].size]
    noise = [m.noise[m.noise > 0].ravel() for _, m, _ in known if m]
    noisy = np.concatenate(noise) if noise else np.zeros(0)
    if not noisy.size or noisy.size < sum(array.size for array, _, _ in known) / 2:
        return 0.0
    most = FARTHER if all(m.stepped for _, m, _ in known if m) else MARGIN
    values = np.concatenate([array[np.isfinite(array)].ravel() for array, _, _ in known])
    reach = np.ptp(values.astype(np.float64)) if values.size else 0.0
    with np.errstate(all="ignore"):
        return float(np.nan_to_num(most * np.median(noisy) / reach, nan=np.inf))


def _is_constant(name: str, known: Sequence[Known], cases: int) -> bool:
    """Whether the answer to one input would pass as the answer to each other one.

    Arrays of one shape are compared with each other: batches of one image, and batches of three.
    Where that says it of several values, another shape that is there once is taken to be the same.
    A single value says less: a map may be empty by chance. Then every array must hold that value.
    """
    import numpy as np

    if cases < 2 or len(known) < cases:
        return False
    first, _, noise = known[0]
    alike: Dict[Any, List[Any]] = collections.defaultdict(list)
    for array, measured, _ in known:
        alike[array.shape].append((array, measured))
    groups = list(alike.values())

    def differ(wanted: Any, array: Any, of: Optional[Measured]) -> bool:
        return bool(compare_values(name, wanted, array, noise, of)[1])

    def single(array: Any) -> Any:
        return np.full_like(array, first.flat[0])

    pairs = [(a, b, of) for (a, of), *others in groups for b, _ in others]
    several = (differ(single(a), a, of) for (a, of), *others in groups if others)
    if min(map(len, groups)) == 1 and not any(several):
        pairs = [(single(array), array, None) for array, _, _ in known]
    return not any(differ(*pair) for pair in pairs)


def _mostly_doubtful(noises: Sequence[Noise]) -> bool:
    """Whether rounding decides about more than half of all detections."""
    flags = [flag for noise in noises for image in noise.doubtful for flag in image]
    return bool(flags) and sum(flags) > len(flags) / 2
