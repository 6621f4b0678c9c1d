"""Installing a program of Node.js. https://docs.npmjs.com/cli/commands/npm-install"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Dict, Sequence

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

#: What has to be on the path for `install` and the program to work.
COMMANDS = ("node", "npm")
MANIFEST = "package.json"
#: Without the packages' install scripts, which fetch more from elsewhere.
INSTALL = ("npm", "install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
#: What every such program imports: tensors of ONNX Runtime, and the lines of a program.
SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "javascript")


def install(sources: str, names: Sequence[str], out: str) -> Dict[str, str]:
    """Copy the files `names` of the folder `sources`, its package.json and the shared modules into
    the folder `out`, and install there what the package.json depends on.

    Returns the versions of these packages and of Node.js. Raises Failure, with the outcome
    unavailable, where npm fails.
    """
    shutil.copytree(SHARED, out, dirs_exist_ok=True)
    for name in (*names, MANIFEST):
        shutil.copyfile(os.path.join(sources, name), os.path.join(out, name))
    with open(os.path.join(out, MANIFEST), encoding="utf-8") as file:
        packages = list(json.load(file)["dependencies"])
    ended = subprocess.run(
        INSTALL,
        cwd=out,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if ended.returncode:
        lines = [line for line in ended.stdout.splitlines() if line.startswith("npm error")]
        why = lines[0] if lines else f"exit code {ended.returncode}"
        reason = f"npm could not install {' and '.join(packages)}: {why}"
        raise Failure(reason, Outcome.UNAVAILABLE, ended.stdout)
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, encoding="utf-8")
    versions = {"node": node.stdout.strip().lstrip("v")}
    for name in packages:
        manifest = os.path.join(out, "node_modules", name, MANIFEST)
        with open(manifest, encoding="utf-8") as file:
            versions[name] = json.load(file)["version"]
    return versions
