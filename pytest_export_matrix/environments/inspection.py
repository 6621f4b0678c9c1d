"""What is installed in an environment. Run by the environment's own interpreter, with nothing but
the standard library: `python -I inspection.py` prints it as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from importlib import metadata
from typing import Any, Dict, List

#: Groups of entry points, and beginnings of their names up to a dot or an underscore, that tools of
#: a developer read, and nothing inside a worker. An entry point of any other group counts as used.
OF_TOOLS = (
    *("console_scripts", "gui_scripts", "pytest11", "pyinstaller40", "egg_info", "pkg_config"),
    *("babel", "distutils", "flake8", "hatch", "jupyter", "keyring", "markdown", "mkdocs"),
    *("pygments", "pylint", "setuptools", "sphinx", "tox", "virtualenv"),
)
#: A requirement that counts only where somebody asked for more than the package.
EXTRA = r"\bextra\s*=="


def inspect() -> Dict[str, Any]:
    """The fields of `packages.Packages`, with the direct_url.json of each package that has one, and
    the digest of its list of files, in place of its revision. Of two packages with one name, the
    first on the path counts, as it does for an import."""
    names: Dict[str, str] = {}
    versions, origins, modules, requires = {}, {}, {}, {}  # type: Any, Any, Any, Any
    entry_points: List[str] = []
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"] or ""
        key = plain(name)
        if key in names:
            continue
        names[key], versions[key] = name, distribution.version
        needed = [each for each in distribution.requires or () if not re.search(EXTRA, each)]
        requires[key] = sorted({plain(project(each)) for each in needed})
        for module in _modules(distribution):
            modules.setdefault(module, []).append(key)
        origin = distribution.read_text("direct_url.json")
        if origin:
            record = (distribution.read_text("RECORD") or "").encode()
            origins[key] = {**json.loads(origin), "record": hashlib.sha256(record).hexdigest()}
        entry_points += [
            f"{each.group}: {each.name} = {each.value}"
            for each in distribution.entry_points
            if not re.match(rf"({'|'.join(OF_TOOLS)})([._]|$)", each.group)
        ]
    return {
        "python": platform.python_version(),
        "platform": platform_name(),
        "start": [*sorted(entry_points), *_path_files()],
        "names": names,
        "versions": versions,
        "origins": origins,
        "modules": modules,
        "requires": requires,
    }


def platform_name() -> str:
    return f"{platform.system()}-{platform.machine()}"


def plain(name: str) -> str:
    """A project's name in normal form: the same for all its spellings."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project(requirement: str) -> str:
    """The project that a requirement is for: "onnxruntime" of "onnxruntime==1.20.*"."""
    return re.match(r"\s*([\w.-]*)", requirement)[1]  # type: ignore[index]


def _modules(distribution: metadata.Distribution) -> List[str]:
    """The top-level modules of a package. Its list of files is read as text: that of torch has
    thousands of lines."""
    listed = distribution.read_text("RECORD") or distribution.read_text("installed-files.txt") or ""
    tops = {re.split("[/,]", line, maxsplit=1)[0].split(".")[0] for line in listed.splitlines()}
    tops |= set((distribution.read_text("top_level.txt") or "").split())
    return sorted(top for top in tops if top.isidentifier() and top != "__pycache__")


def _path_files() -> List[str]:
    """The .pth files of the folders that modules are imported from, each with its digest: Python
    runs them when it starts, and installations that point to a folder consist of them."""
    found = []
    for folder in sys.path:
        if os.path.basename(folder) not in ("site-packages", "dist-packages"):
            continue
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if name.endswith(".pth"):
                with open(os.path.join(folder, name), "rb") as file:
                    found.append(f"{name} {hashlib.sha256(file.read()).hexdigest()}")
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(inspect()))
