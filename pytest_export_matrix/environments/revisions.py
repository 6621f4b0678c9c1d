"""Which state of a git repository a package is built from: versions change less often than code."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
from typing import Any, Mapping, Sequence
from urllib.parse import unquote, urlsplit


@functools.lru_cache(maxsize=None)
def revision(requirement: str) -> str:
    """The commit of a folder under git, with a digest of the changes to the files of that commit;
    "" for anything else.

    requirement: as pip takes it, "/a/folder", "file:///a/folder", "package @ file:///a/folder"; a
    name alone is a package's. One run sees one state of a folder.
    """
    place = requirement.rpartition(" @ ")[2].strip()
    folder = unquote(urlsplit(place).path) if place.startswith("file:") else place
    if os.sep not in folder or not os.path.isdir(folder):
        return ""
    # A folder that the repository around it ignores has no tree.
    commit, _, tree = _git(folder, ["rev-parse", "HEAD", "HEAD:./"]).decode().partition("\n")
    if not tree:
        return ""
    changed = _git(folder, ["diff", "HEAD", "--", "."])
    return f"{commit} changed {hashlib.sha256(changed).hexdigest()[:8]}" if changed else commit


def of_origin(origin: Mapping[str, Any]) -> str:
    """The same for an installed package, from its direct_url.json.
    https://packaging.python.org/en/latest/specifications/direct-url/"""
    return origin.get("vcs_info", {}).get("commit_id") or revision(origin["url"])


def _git(folder: str, words: Sequence[str]) -> bytes:
    """The output of git; empty where git fails or is not installed."""
    # Inside a hook, git's variables point to another repository.
    variables = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        ran = subprocess.run(["git", "-C", folder, *words], env=variables, capture_output=True)
    except OSError:
        return b""
    return b"" if ran.returncode else ran.stdout
