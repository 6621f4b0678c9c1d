"""The part of `readers` about Python values: what a conftest.py registers, and what the command
line gives."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Dict, List

import pytest_export_matrix as em
from miniatures.mutations import ODD, TEXTS
from pytest_export_matrix.planning import matrix
from pytest_export_matrix.planning.registry import Registry
from pytest_export_matrix.pytest_run import options

ENTRIES: List[Any] = [
    em.Architecture("net", build="models:Net", sizes=[(8, 8)], keywords={"width": 2}),
    em.Exporter("mine", "onnx", capture="mine:capture", lower="mine:lower", suffix=".onnx"),
    em.Runtime("engine", ["onnx"], "mine:Session", modules=["engine"], preload=["engine"]),
    em.Environment("old", python="3.9", requirements=["torch==1.10"]),
    em.Reporter("brief", "brief.txt", "mine:render"),
    em.OutputKind("own", "kinds:compare", {"digits": 3}),
]
HARMLESS: Dict[str, List[Any]] = {
    "family": [""],
    "keywords": [{}, {"a": 1}],
    "sizes": [[(16, 24)], ((8, 8), (9, 9))],
    "language": ["C++", "rust"],
    "modules": [["torch"], []],
    "commands": [["cmake"], ()],
    "requirements": [["numpy"], []],
    "options": [{}, {"x": None}],
    "needs": [["itables"]],
    "portable": [True, False],
}


def make_registration(random: Random) -> Any:
    entry = random.choice(ENTRIES)
    given = {each.name: getattr(entry, each.name) for each in fields(entry)}
    for _ in range(random.randrange(3)):
        name = random.choice(sorted(given))
        wild = random.random() < 0.3
        given[name] = random.choice(ODD if wild else HARMLESS.get(name, [given[name]]))
    return type(entry), given


def use_registration(made: Any) -> None:
    kind, given = made
    registry = Registry()
    registry.add(kind(**given))
    for entry in (*ENTRIES[:3], em.OutputKind("tensors", "kinds:compare")):
        if type(entry) is not kind:
            registry.add(entry)
    registry.check_names()
    registry.check_environments()
    registry.check_preparations()
    for architecture in matrix.with_profile(registry.architectures, "slim"):
        assert architecture.name
    for cell in matrix.all_cells(registry):
        assert registry.recipe(cell).cell == cell


OPTION_VALUES: Dict[str, List[str]] = {
    "workers": ["1", "2"],
    "timeout": ["10", "0.5"],
    "memory": ["4", "2.5"],
    "shard": ["1/2", "3/3"],
    "sees": ["95", "100"],
    "cache": ["/tmp/x", "x"],
    "profile": ["slim"],
}
LISTS: Dict[str, List[str]] = {
    "size": ["224x256"],
    "model": ["a:b"],
    "devices": ["cpu", "cpu,cuda"],
}


def make_options(random: Random) -> Dict[str, Any]:
    given: Dict[str, Any] = {}
    for name, values in OPTION_VALUES.items():
        if random.random() < 0.3:
            wild = random.random() < 0.2
            given[name] = random.choice([*TEXTS, *map(repr, ODD)] if wild else values)
    for name, values in LISTS.items():
        if random.random() < 0.3:
            given[name] = [random.choice(TEXTS if random.random() < 0.15 else values)]
    return given


def use_options(given: Dict[str, Any]) -> None:
    def getoption(name: str, default: Any = None) -> Any:
        name = name.replace("export_matrix_", "")
        empty: Any = [] if name in (*LISTS, "select", "require", "docs") else None
        return given.get(name, empty)

    config: Any = SimpleNamespace(
        getoption=getoption, getini=lambda name: [], rootpath=Path("/"), option=SimpleNamespace()
    )
    settings = options.read(config)
    assert settings.lanes >= 1 and settings.memory > 0 and settings.seconds > 0
