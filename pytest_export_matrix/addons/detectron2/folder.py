"""A folder to install detectron2 from without its compiled operators.

    python -m pytest_export_matrix.addons.detectron2.folder SOURCE TARGET

Package registries hold the Python files of v0.6 (`pb1-detectron2` 0.6) without the C++ sources
beside them, so they do not build. Most models need none of the compiled operators: they run with an
empty module in place of these. Models that need one (rotated boxes, deformable convolutions) fail
where they call it. The result is no detectron2 to deploy.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "detectron2"
version = "{version}"

[tool.setuptools.packages.find]
include = ["detectron2*"]

[tool.setuptools.package-data]
"*" = ["**/*.yaml", "**/*.py"]
"""
STAND_IN = '"""Stands in for the compiled operators; there are none."""\n'
#: The projects that setup.py installs as `detectron2.projects`, and their folders.
PROJECTS = {
    "point_rend": "projects/PointRend/point_rend",
    "deeplab": "projects/DeepLab/deeplab",
    "panoptic_deeplab": "projects/Panoptic-DeepLab/panoptic_deeplab",
}


def write(source: Path, target: Path) -> None:
    """Write what is installed of `source`, an unpacked distribution, into a new folder `target`.

    Raises FileNotFoundError where `source` holds no detectron2, FileExistsError where `target`
    exists.
    """
    package = target / "detectron2"
    version = _version(source / "detectron2" / "__init__.py")
    shutil.copytree(source / "detectron2", package)
    configs = source / "configs"  # a repository has them outside of the package
    if configs.is_dir():
        shutil.copytree(configs, package / "model_zoo" / "configs", dirs_exist_ok=True)
    for name, place in PROJECTS.items():
        if (source / place).is_dir():
            shutil.copytree(source / place, package / "projects" / name)
    (package / "_C.py").write_text(STAND_IN, encoding="utf-8")
    (target / "pyproject.toml").write_text(PROJECT.format(version=version), encoding="utf-8")


def _version(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith("__version__"))
    return line.split("=")[1].strip().strip("\"'")


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
