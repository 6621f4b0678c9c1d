"""detectron2 v0.6 from a package registry, in the environments that the entries describe.

    python from_registry.py FOLDER        FOLDER/venv/bin/python is its interpreter with torch 1.10,
                                          FOLDER/today/bin/python with the torch of today

That package has no C++ sources: `pytest_export_matrix.addons.detectron2.folder` does without them.
Anything that is installed already is left alone.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tarfile
from pathlib import Path

from pytest_export_matrix.addons.detectron2 import folder
from pytest_export_matrix.addons.detectron2.entries import entries
from pytest_export_matrix.environments import provisioned, records
from pytest_export_matrix.vocabulary.entries import Environment

DISTRIBUTION = "pb1-detectron2==0.6"


def build(place: Path) -> None:
    source, cache = place / "source", place / "cache"
    (wanted,) = (each for each in entries("", str(source)) if isinstance(each, Environment))
    if not source.exists():
        # Its setup.py imports torch even to say what it needs.
        requirements = (*wanted.requirements, "pip")
        before = dataclasses.replace(
            wanted, name="before", requirements=requirements, afterwards=()
        )
        provisioned.provide(cache, before, watch=print)
        _write(str(records.python(cache, before)), place, source)
    _install(cache, wanted, place / "venv")
    (current,) = (each for each in entries(str(source), "") if isinstance(each, Environment))
    # What v0.6 calls Image.LINEAR is gone since.
    requirements = (*current.requirements, "pillow<10")
    _install(cache, dataclasses.replace(current, requirements=requirements), place / "today")


def _install(cache: Path, wanted: Environment, link: Path) -> None:
    record = provisioned.provide(cache, wanted, watch=print)
    link.unlink(missing_ok=True)
    link.symlink_to(records.place_of(cache, wanted) / record.venv)


def _write(python: str, place: Path, source: Path) -> None:
    words = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", str(place)]
    subprocess.run([python, "-m", "pip", "download", *words, DISTRIBUTION], check=True)
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(place / "unpacked")
    (unpacked,) = (place / "unpacked").iterdir()
    folder.write(unpacked, source)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
