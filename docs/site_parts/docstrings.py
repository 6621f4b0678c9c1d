"""Docstrings and signatures of the package -> Markdown. Pure."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, Dict, List, Tuple

#: Where the words about a field begin: at a line, or behind the sentence of another field.
FIELD = r"(?:^|(?<=[.;]\s))({names}): "


def words(text: str) -> str:
    """A docstring as paragraphs of one line each. `name: ...` begins one."""
    blocks = re.split(r"\n\s*\n|\n(?=\w+: )", inspect.cleandoc(text))
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def about(kind: type) -> Tuple[str, Dict[str, str]]:
    """What the docstring of a dataclass says of the whole, and of each field that it explains."""
    names = "|".join(field.name for field in dataclasses.fields(kind))
    text = words(kind.__doc__ or "")
    whole, *parts = re.split(FIELD.format(names=names), text, flags=re.MULTILINE)
    told: Dict[str, str] = {}
    for name, part in zip(parts[::2], parts[1::2]):
        sentence = " ".join(part.split()).rstrip(";")
        told[name] = sentence if sentence.endswith(".") else f"{sentence}."
    return whole.strip(), told


def type_of(annotation: Any) -> str:
    """An annotation as a person writes it: without the names of modules, `X | None` as optional."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return re.sub(r"Optional\[(.*)\]\Z", r"\1 or null", text)


def default_of(field: dataclasses.Field[Any]) -> str:
    """The default of a field as Python writes it; empty where the field has to be given."""
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return repr(field.default_factory())
    return ""


def fields(kind: type) -> List[str]:
    """The fields of a dataclass as a definition list."""
    _, told = about(kind)
    lines = []
    for field in dataclasses.fields(kind):
        default = default_of(field)
        given = f"default `{default}`" if default else "required"
        lines += [f"`{field.name}`", f": `{type_of(field.type)}`, {given}", ""]
        if field.name in told:
            lines[-1:] = ["", f"  {told[field.name]}", ""]
    return lines
