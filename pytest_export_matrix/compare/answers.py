"""Comparing a file's answers to several cases with those of the eager model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from pytest_export_matrix.compare.arrays import misfit
from pytest_export_matrix.compare.detections import widest
from pytest_export_matrix.compare.noise import Noise, pool
from pytest_export_matrix.compare.proof import imprecise, proving_nothing, unproven
from pytest_export_matrix.vocabulary.entries import OutputKind
from pytest_export_matrix.vocabulary.outcomes import ORDINARY, Deviation, Failure
from pytest_export_matrix.vocabulary.pytrees import (
    TreeSpec,
    count_leaves,
    flatten,
    unflatten,
    without_empty,
)
from pytest_export_matrix.vocabulary.references import resolve

#: Cases whose deviation is spelled out in the reason.
PROBLEMS_SHOWN = 5
#: What kinds count whose outputs are sets of objects.
COUNTS = ("matched", "missing", "extra")


@dataclass
class KeptCase:
    """One call of the model: its inputs and the eager answer as numpy arrays, their structures,
    the name of what the inputs show, or "", and the noise of the answer where it was measured."""

    input: List[Any]
    output: List[Any]
    inputs: TreeSpec
    outputs: TreeSpec
    label: str
    noise: Optional[Noise] = None

    @property
    def place(self) -> str:
        """The inputs in words: their shapes, and what they show."""
        shapes = ", ".join(str(list(array.shape)) for array in self.input)
        return f"at {shapes} ({self.label})" if self.label else f"at {shapes}"

    @property
    def shows(self) -> str:
        return self.label or ORDINARY


@dataclass
class Comparison:
    """The result of comparing several answers. `deviation` holds counts and the worst figures of
    each output, by its name. `deviating` names the outputs that are wrong. `failed_on` says what
    the wrongly answered inputs show. `reason` is empty where every answer is right."""

    reason: str = ""
    deviation: Deviation = field(default_factory=dict)
    deviating: List[str] = field(default_factory=list)
    failed_on: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    proves_nothing: str = ""


def compare(
    cases: Sequence[KeptCase],
    answers: Sequence[Any],
    kind: OutputKind,
    structures: Optional[Sequence[TreeSpec]] = None,
) -> Comparison:
    """Compare each of `answers` with the eager one, as `kind` does.

    Answers have the model's own structure. With `structures`, one for each, answers are flat and
    are put into them.
    """
    function = resolve(kind.compare)
    pool([case.noise for case in cases if case.noise])
    references = [unflatten(case.output, case.outputs) for case in cases]
    merged: Dict[str, Any] = {}
    problems: List[str] = []
    notes: Set[str] = set()
    deviating: Set[str] = set()
    failed_on: List[str] = []
    into: Sequence[Optional[TreeSpec]] = structures or [None] * len(cases)
    for case, reference, answer, structure in zip(cases, references, answers, into):
        restored, problem = restore(answer, structure)
        arguments = (case.noise,) if kind.measure else ()
        found = (
            misfit(problem)
            if problem
            else well_formed(function(reference, restored, kind.options, *arguments), kind)
        )
        problems += [f"{case.place}: {text}" for text in found["problems"]]
        if found["problems"]:
            failed_on.append(case.shows)
            deviating.update(found.get("deviating") or ["structure"])
        notes.update(found.get("notes", []))
        merged = merge(merged, found)
    reason = ""
    if problems:
        shown = problems[:PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        head = f"{len(failed_on)} of {len(cases)} inputs answered wrongly; "
        reason = head + "\n".join(shown)
    for name, figures in merged.items():
        if isinstance(figures, dict) and figures.get("jumps"):
            notes.add(f"{name}: rounding chooses some values otherwise, as between eager's answers")
    answered = [(reference, case.noise) for reference, case in zip(references, cases)]
    nothing = unproven(answered)
    notes.update(f"{name} {why}: it proves nothing" for name, why in nothing.items())
    notes.update(imprecise(answered))
    return Comparison(
        reason,
        merged,
        sorted(deviating),
        list(dict.fromkeys(failed_on)),
        sorted(notes),
        proving_nothing(nothing, references),
    )


def well_formed(found: Any, kind: OutputKind) -> Dict[str, Any]:
    """What a comparison returned, its figures as Python's numbers. A figure that is not finite is
    none. Raises Failure, which says what is wrong, for another shape than `compare` declares."""
    try:
        lists = {name: _texts(found.get(name, [])) for name in ("deviating", "notes")}
        lists["problems"] = _texts(found["problems"])
        outputs = {
            str(output): {str(name): float(figure) for name, figure in figures.items()}
            for output, figures in found.get("outputs", {}).items()
        }
        counts = {name: int(found[name]) for name in COUNTS if name in found}
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise Failure(f"compare={kind.compare!r} returned no deviation: {error!r}") from None
    finite = {
        output: {name: figure for name, figure in figures.items() if math.isfinite(figure)}
        for output, figures in outputs.items()
    }
    return {**found, **lists, **counts, "outputs": finite}


def _texts(found: Any) -> List[str]:
    if isinstance(found, str) or not all(isinstance(each, str) for each in found):
        raise TypeError(f"{found!r:.80} is no list of texts")
    return list(found)


def restore(answer: Any, structure: Optional[TreeSpec]) -> Tuple[Any, str]:
    """The answer in the model's own structure, or why it does not fit: (tree, problem)."""
    if structure is None:
        return without_empty(answer), ""
    leaves, _ = flatten(answer)
    expected = count_leaves(structure)
    if len(leaves) != expected:
        return None, f"{len(leaves)} outputs, expected {expected}"
    return unflatten(leaves, structure), ""


def merge(first: Dict[str, Any], second: Dict[str, Any]) -> Dict[str, Any]:
    """Two deviations as one: the worst figure of each output, the counts added."""
    merged = dict(first)
    for name, figures in second.get("outputs", {}).items():
        merged[name] = widest(merged.get(name, {}), figures)
    for name in COUNTS:
        if name in second:
            merged[name] = merged.get(name, 0) + second[name]
    return merged
