"""The task `infer`: load a file, run it on every case of a cell, compare with the reference.

Stages `load`, `run` and `compare`. The model's code is not importable here: what this process gets
is the file, the inputs and the reference.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import statistics
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from pytest_export_matrix.compare.detections import widest
from pytest_export_matrix.compare.tolerances import misfit
from pytest_export_matrix.outcomes import ORDINARY, Failure, Outcome, Stage
from pytest_export_matrix.trees import flatten, to_arrays, unflatten, without_empty
from pytest_export_matrix.worker.cases import read
from pytest_export_matrix.worker.task import Stages, failure, resolve, use_project

#: Cases whose deviation is spelled out in the reason.
PROBLEMS_SHOWN = 5


def run(request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Answers {"deviation", "notes"}; the outcome is failed where a case deviates too far."""
    stages.begin(Stage.LOAD)
    own = [request["session"], request["outputs"]["compare"]]
    extras, imported = request["extras"], list(request["extras"])
    hidden = package_of(request["own_code"])
    if request["with_own_code"]:
        use_project(request["paths"])
        imported.append(request["own_code"])
        hidden = ""
    hide(hidden, own, imported, request["paths"])
    engine = resolve(request["session"])
    arguments: Tuple[Any, ...] = (request["file"], request["device"], request["threads"])
    if request.get("program"):
        arguments += (request["program"], extras)  # it is the program that they are loaded into
    else:
        for module in imported:
            resolve(f"{module}:__name__")
    stages.begin(Stage.LOAD)  # again, now that the session's own module is among what was read
    with opened(engine, *arguments) as session:
        found = use(session, request, stages)
    if request["other_device"] and "outcome" not in found:
        file, _, *others = arguments
        stages.begin(Stage.LOAD)
        with elsewhere(request), opened(engine, file, request["other_device"], *others) as session:
            used = use(session, {**request, "cases": request["cases"][:1]}, stages)
            if "outcome" in used:
                raise Failure(used["reason"])
    return found


@contextlib.contextmanager
def opened(engine: Any, *arguments: Any) -> Iterator[Any]:
    """A session, which is closed afterwards where it can be."""
    session = engine(*arguments)
    try:
        yield session
    finally:
        getattr(session, "close", lambda: None)()


@contextlib.contextmanager
def elsewhere(request: Dict[str, Any]) -> Iterator[None]:
    """What fails inside, fails on the other device: something is baked into the file."""
    try:
        yield
    except Exception as error:
        found = failure(error)
        where = f"exported on {request['device']} and loaded on {request['other_device']}"
        reason = f"a device is baked into the file: {where}, it fails: {found['reason']}"
        raise Failure(reason, Outcome(found["outcome"]), found["detail"]) from error


def use(session: Any, request: Dict[str, Any], stages: Stages) -> Dict[str, Any]:
    """Run every case in `session`, which has loaded the file, and compare."""
    cases = [read(folder) for folder in request["cases"]]
    stages.begin(Stage.RUN)
    answers, seconds = [], []
    for case in cases:
        stages.note(place(case), failed_on=[named(case)])
        began = time.monotonic()
        answers.append(_call(session, case, request["convention"]))
        seconds.append(getattr(session, "seconds", time.monotonic() - began))
        stages.facts["ran"] = max(len(answers), stages.facts.get("ran", 0))
    stages.facts.setdefault("latency", latency(seconds))
    stages.begin(Stage.COMPARE)
    found = compare(cases, answers, request)
    stages.facts["failed_on"] = found.pop("failed_on", [])
    return found


def latency(seconds: Sequence[float]) -> Dict[str, float]:
    """The seconds of the first call, and the median of the others where there are any."""
    steady = {"steady": statistics.median(seconds[1:])} if seconds[1:] else {}
    return {"first": seconds[0], **steady}


def _call(session: Any, case: Dict[str, Any], convention: str) -> Any:
    """What the file answers to the inputs of `case`. A failure names the shapes it came at."""
    arguments = tuple(case["input"])
    if convention == "structured":
        arguments = unflatten(case["input"], case["inputs"])
    try:
        return to_arrays(session.run(arguments))
    except Exception as error:
        found = failure(error)
        reason = f"{place(case)}: {found['reason']}"
        raise Failure(reason, Outcome(found["outcome"]), found["detail"]) from error


def place(case: Dict[str, Any]) -> str:
    """The inputs of a case in words: their shapes, and what they show where that has a name."""
    shapes = ", ".join(str(list(array.shape)) for array in case["input"])
    return f"at {shapes} ({case['label']})" if case["label"] else f"at {shapes}"


def named(case: Dict[str, Any]) -> str:
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
            failed_on.append(named(case))
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


def package_of(module: str) -> str:
    """The package that a model's module belongs to; of this one, which runtimes need, the module
    alone."""
    top = module.partition(".")[0]
    return module if top == __name__.partition(".")[0] else top


def hide(hidden: str, own: Sequence[str], extras: Sequence[str], paths: List[str]) -> None:
    """Make the model's package unimportable, and of the project all but the modules of `own`.

    `own` are references: the session and the comparison.
    """
    if hidden in {extra.partition(".")[0] for extra in extras}:
        hidden = ""
    modules = [reference.partition(":")[0] for reference in own]
    sys.meta_path.insert(0, _Finder(hidden, modules, paths))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, hidden: str, own: List[str], paths: List[str]) -> None:
        self.hidden, self.own, self.paths = hidden, own, paths
        self.tops = {module.partition(".")[0] for module in own}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[Any]:
        top = name.partition(".")[0]
        is_own = any(module == name or module.startswith(name + ".") for module in self.own)
        if (name == self.hidden or name.startswith(f"{self.hidden}.")) and not is_own:
            raise ModuleNotFoundError(
                f"the file needs {name!r}: the model's own code, which a runtime does not have",
                name=name,
            )
        if path is None and top in self.tops:
            return importlib.machinery.PathFinder.find_spec(name, self.paths)
        return None
