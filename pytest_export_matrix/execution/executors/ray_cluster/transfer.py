"""What travels between machines: entries of stores as bytes, and answers, in which the folders of
one machine become those of the other."""

from __future__ import annotations

import io
import tarfile
from dataclasses import fields, is_dataclass, replace
from typing import Any, Mapping

from pytest_export_matrix.execution.store import Store

#: What comes from another machine of a cluster is what our own code packed there.
TRUSTED: Any = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}


def packed(store: Store, place: str) -> bytes:
    """The entry at `place` ("KIND/KEY"). Raises OSError where it is not there."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(store.root / place, arcname=".")
    return content.getvalue()


def holds(store: Store, place: str) -> bool:
    kind, key = place.split("/")
    return store.get(kind, key, verify=False) is not None


def unpack(store: Store, place: str, content: bytes) -> None:
    """Put a packed entry into `store`, unless it holds one there already. What it is worth is found
    out where it is read, as with all entries."""
    if not holds(store, place):
        kind, key = place.split("/")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive, store.scratch() as folder:
            archive.extractall(folder / "entry", **TRUSTED)
            store.adopt(kind, key, folder / "entry")


def translated(value: Any, words: Mapping[str, str]) -> Any:
    """`value` with each of `words` replaced in all of its texts, however deep in dataclasses, lists
    and dicts. Keys stay as they are."""
    if not words:
        return value
    if type(value) is str:
        for old, new in words.items():
            value = value.replace(old, new)
    elif type(value) in (list, tuple):
        return type(value)(translated(each, words) for each in value)
    elif isinstance(value, dict):
        return {key: translated(each, words) for key, each in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        found = {each.name: translated(getattr(value, each.name), words) for each in fields(value)}
        return replace(value, **found)
    return value
