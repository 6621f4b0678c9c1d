"""Inputs that are right or nearly right, drawn from a random generator. Pure."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any, Callable, List, Tuple

#: Texts that a person or a library may come to write, and that no reader may stumble over.
TEXTS = (
    *("", " ", "x", "plain words", "ünïcödé ✅", "日本", "\x1b[31mred\x1b[0m", "\x00", "\ud800"),
    *("::error::none", "a | b", "`x`", "<b>&amp;", "| --- |", "line\nline", "\r\n", "\u202e"),
    *("../../x", "a/b", "/", "=,=", "*", "[", "1e400", "NaN", "null", "-", "x" * 3000),
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**400, 0.0, -0.0, 1e-320, 1e308, float("nan"), float("inf"))


def deep(levels: int = 150) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


ODD = (None, True, [], {}, [[1]], {"a": {}}, *TEXTS, *NUMBERS)


def odd(random: Random) -> Any:
    return deep() if random.random() < 0.01 else random.choice(ODD)


def places(value: Any) -> List[Tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, each in inside:
        found.append((value, key))
        if isinstance(each, (dict, list)):
            found += places(each)
    return found


def _replace(random: Random, container: Any, key: Any) -> None:
    container[key] = odd(random)


def _remove(random: Random, container: Any, key: Any) -> None:
    del container[key]


def _double(random: Random, container: Any, key: Any) -> None:
    if isinstance(container, list):
        container.insert(key, container[key])
    else:
        container[f"{key}2"] = container[key]


def _take_another(random: Random, container: Any, key: Any) -> None:
    """A value of the right kind, from beside it."""
    values = list(container.values()) if isinstance(container, dict) else container
    container[key] = random.choice(values)


def _change(random: Random, container: Any, key: Any) -> None:
    """Another value of the same type."""
    value = container[key]
    if isinstance(value, bool):
        container[key] = not value
    elif isinstance(value, str):
        container[key] = random.choice(TEXTS)
    elif isinstance(value, (int, float)):
        container[key] = value * random.choice([0, 1, 2, 0.5, -1])


WILD: Tuple[Callable[[Random, Any, Any], None], ...] = (_replace, _remove, _double, _take_another)


def mutated(random: Random, value: Any, harmless: Callable[[Any], bool]) -> Any:
    """A JSON value with some changes: half of the time only to keys that are `harmless`, whose
    values may be any of their type."""
    value = copy.deepcopy(value)
    tame = random.random() < 0.55
    for _ in range(random.randrange(4)):
        there = [(c, k) for c, k in places(value) if not tame or harmless(k)]
        if there:
            (_change if tame else random.choice((*WILD, _change)))(random, *random.choice(there))
    return value


def written(random: Random, value: Any) -> str:
    """A JSON value as text; one time in twenty the text is damaged as well."""
    text = json.dumps(value)
    return damaged(random, text) if random.random() < 0.05 else text


def damaged(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return random.choice(
        [
            text[:place],
            text[place:],
            text[:place] + random.choice(TEXTS) + text[place:],
            text[:place] + random.choice('{}[]",:0') + text[place + 1 :],
            text + text,
            text[:place] + "[" * 5000 + text[place:],
        ]
    )
