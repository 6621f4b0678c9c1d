"""Put a text together from `templates/`: blocks first, then the values of placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Mapping

TEMPLATES = Path(__file__).parent / "templates"
BLOCK = re.compile(r"^__BLOCK_([a-z_]+)__$", re.MULTILINE)
PLACEHOLDER = re.compile(r"__([A-Z][A-Z_]*[A-Z])__")


def compose(text: str, blocks: Mapping[str, str]) -> str:
    """`text` with the line of each block replaced by its template. A block that is not in `blocks`
    leaves no line. THIS in a template is replaced by the name of its block."""

    def block(found: "re.Match[str]") -> str:
        name = blocks.get(found[1])
        if not name:
            return "\0"
        own = template(name).replace("__THIS", f"__{found[1].upper()}")
        return compose(own, blocks).rstrip("\n")

    return BLOCK.sub(block, text).replace("\0\n", "")


def template(name: str) -> str:
    """The text of the template `name`, "model.py" for instance."""
    return (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders replaced by values. Placeholders in values stay as they are."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
