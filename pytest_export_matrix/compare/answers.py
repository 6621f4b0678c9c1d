"""Comparing the answers to several cases."""

from __future__ import annotations

from typing import Any, Dict, List, Set

from pytest_export_matrix.compare.detections import widest
from pytest_export_matrix.compare.tolerances import misfit
from pytest_export_matrix.vocabulary.outcomes import ORDINARY, Outcome
from pytest_export_matrix.vocabulary.pytrees import flatten, unflatten, without_empty
from pytest_export_matrix.vocabulary.references import resolve

#: Cases whose deviation is spelled out in the reason.
PROBLEMS_SHOWN = 5


def place(case: Dict[str, Any]) -> str:
    """The inputs of a case in words: their shapes, and what they show where that has a name."""
    shapes = ", ".join(str(list(array.shape)) for array in case["input"])
    return f"at {shapes} ({case['label']})" if case["label"] else f"at {shapes}"


def shown_by(case: Dict[str, Any]) -> str:
    """What the inputs of a case show, if that has a name."""
    return str(case["label"]) or ORDINARY


def compare(cases: List[Any], answers: List[Any], request: Dict[str, Any]) -> Dict[str, Any]:
    """The deviations of all cases taken together, and what is wrong in any of them."""
    kind, function = request["outputs"], resolve(request["outputs"]["compare"])
    merged: Dict[str, Any] = {}
    problems: List[str] = []
    notes: List[str] = []
    deviating: Set[str] = set()
    failed_on: List[str] = []
    for case, answer in zip(cases, answers):
        reference = unflatten(case["output"], case["outputs"])
        restored, problem = restore(answer, case["outputs"], request)
        found = misfit(problem) if problem else function(reference, restored, kind["options"])
        problems += [f"{place(case)}: {text}" for text in found["problems"]]
        if found["problems"]:
            failed_on.append(shown_by(case))
            deviating.update(found.get("deviating") or ["structure"])
        notes += found.get("notes", [])
        merged = merge(merged, found)
    if not problems:
        return {"deviation": merged, "notes": sorted(set(notes))}
    shown = problems[:PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} more")
    head = f"{len(failed_on)} of {len(cases)} inputs answered wrongly; "
    return {
        "outcome": Outcome.FAILED.value,
        "reason": head + "\n".join(shown),
        "deviation": merged,
        "deviating": sorted(deviating),
        "failed_on": list(dict.fromkeys(failed_on)),
        "notes": sorted(set(notes)),
    }


def restore(answer: Any, spec: Dict[str, Any], request: Dict[str, Any]) -> Any:
    """The answer in the model's own structure, or why it does not fit: (tree, problem).

    A flat answer is put into the structure that the model had when it was exported, so a file that
    answers for other images than it was asked about shows it in the number of them.
    """
    if request["convention"] == "structured":
        return without_empty(answer), None
    leaves, _ = flatten(answer)
    spec = request["exported_outputs"] or spec
    expected = count_leaves(spec)
    if len(leaves) != expected:
        return None, f"{len(leaves)} outputs, expected {expected}"
    return unflatten(leaves, spec), None


def count_leaves(spec: Dict[str, Any]) -> int:
    if "leaf" in spec:
        return 1
    children = [item for _, item in spec.get("dict", [])]
    children += spec.get("list", []) + spec.get("tuple", [])
    return sum(count_leaves(child) for child in children)


def merge(first: Dict[str, Any], second: Dict[str, Any]) -> Dict[str, Any]:
    """Two deviations as one: the worst figure of each output, the counts added."""
    merged = dict(first)
    for name, figures in second.get("outputs", {}).items():
        merged[name] = widest(merged.get(name, {}), figures)
    for name in ("matched", "missing", "extra"):
        if name in second:
            merged[name] = merged.get(name, 0) + second[name]
    return merged
