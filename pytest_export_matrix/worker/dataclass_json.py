"""Dataclasses to JSON and back, with the standard library alone, on the oldest Python of a worker.

The parent reads with msgspec (`machine.json_files.convert`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
from typing import Any, Dict, Mapping, Sequence, Tuple, Type, TypeVar, Union, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Dict[str, Any]:
    """A message as JSON holds it."""
    return dataclasses.asdict(value)


def read(kind: Type[T], data: Any, place: str = "message") -> T:
    """`data`, taken from JSON, as an object of `kind`: the inverse of `to_json`.

    Raises TypeError for what is missing, unknown or of another type, and names its place.
    """
    if not isinstance(data, dict):
        raise TypeError(f"{place} is {data!r:.80}, expected {kind.__name__}")
    hints = get_type_hints(kind)
    known = {each.name: each for each in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise TypeError(f"{place} has unknown {', '.join(unknown)}")
    missing = [name for name, each in known.items() if name not in data and _is_required(each)]
    if missing:
        raise TypeError(f"{place} lacks {', '.join(missing)}")
    values = {
        name: _read(hints[name], data[name], f"{place}.{name}") for name in known if name in data
    }
    return kind(**values)


def _is_required(field: Any) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def _read(hint: Any, value: Any, place: str) -> Any:
    """`value` as the type `hint`, which must be one that messages use."""
    origin: Any = getattr(hint, "__origin__", None)
    arguments: Tuple[Any, ...] = getattr(hint, "__args__", ())
    if hint is Any:
        return value
    if origin is Union:
        if value is None and type(None) in arguments:
            return None
        *others, last = (each for each in arguments if each is not type(None))
        for each in others:
            with contextlib.suppress(TypeError, ValueError):
                return _read(each, value, place)
        return _read(last, value, place)
    if dataclasses.is_dataclass(hint):
        return read(hint, value, place)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    kind = origin or hint
    if issubclass(kind, Mapping):
        _check(value, dict, place)
        return {key: _read(arguments[1], item, f"{place}.{key}") for key, item in value.items()}
    if issubclass(kind, Sequence) and kind is not str:
        _check(value, (list, tuple), place)
        several = arguments if kind is tuple else (arguments[0],) * len(value)
        if len(several) != len(value):
            raise TypeError(f"{place} is {value!r:.80}, expected {len(several)} items")
        items = [_read(each, item, f"{place}[]") for each, item in zip(several, value)]
        return tuple(items) if kind is tuple else items
    _check(value, (int, float) if kind is float else kind, place)
    if isinstance(value, bool) and kind is not bool:
        raise TypeError(f"{place} is {value!r}")
    return value


def _check(value: Any, kind: Any, place: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{place} is {value!r:.80}")
