"""Headers that Caffe2's own name, and that the wheel of PyTorch 1.10 does not hold.

Protobuf's have to be of the version inside of torch: the sources of grpcio-tools 1.34.1 hold those
of 3.13.0. MKL's come as a wheel of headers alone. Nothing of either is compiled.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile

from pytest_export_matrix.vocabulary.outcomes import Failure, Outcome

SOURCES, HEADERS = "grpcio-tools==1.34.1", "mkl-include==2021.4.0"
#: pip asks a source for its metadata, and its setup.py wants the setuptools of its time.
DOWNLOAD = ("download", "--no-deps", "--no-build-isolation", "--no-binary", "grpcio-tools")
PROTOBUF, MKL = "/third_party/protobuf/src/google/", "/data/include/"


def fetch(folder: str) -> None:
    """Download both and put `google/protobuf/...` and `mkl_*.h` into `folder`.

    Raises Failure, with the outcome unavailable, where they cannot be had.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as place:
        # An environment has no pip. One of its own has that of the standard library.
        venv.create(os.path.join(place, "venv"), with_pip=True)
        python = os.path.join(place, "venv", "bin", os.path.basename(sys.executable))
        ended = subprocess.run(
            [python, "-m", "pip", *DOWNLOAD, "--dest", place, SOURCES, HEADERS],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if ended.returncode:
            lines = [line for line in ended.stdout.splitlines() if line.startswith("ERROR")]
            why = lines[0] if lines else f"exit code {ended.returncode}"
            reason = f"pip could not download the headers ({SOURCES}, {HEADERS}): {why}"
            raise Failure(reason, Outcome.UNAVAILABLE, ended.stdout)
        (archive,) = glob.glob(os.path.join(place, "*.tar.gz"))
        with tarfile.open(archive) as sources:
            for member in sources.getmembers():
                _, found, rest = member.name.partition(PROTOBUF)
                if found and member.isfile() and rest.endswith((".h", ".inc")):
                    content = sources.extractfile(member)
                    assert content is not None
                    _write(os.path.join(folder, "google", rest), content.read())
        (wheel,) = glob.glob(os.path.join(place, "*.whl"))
        with zipfile.ZipFile(wheel) as headers:
            for name in headers.namelist():
                _, found, rest = name.partition(MKL)
                if found and rest.endswith(".h"):
                    _write(os.path.join(folder, rest), headers.read(name))


def _write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
