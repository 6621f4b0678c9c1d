"""Models named on the command line: `torchvision:NAME` and `package.module:factory`."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from pytest_export_matrix.compare import Detections
from pytest_export_matrix.vocabulary.entries import Architecture
from pytest_export_matrix.vocabulary.errors import UsageError
from pytest_export_matrix.vocabulary.references import NAMED

SAMPLES = "pytest_export_matrix.samples"


def architecture(text: str) -> Architecture:
    """The architecture that `--export-matrix-model text` stands for.

    A detector of torchvision takes a list of images and answers detections; every other model is
    called with one batch tensor [N, 3, H, W]. Raises UsageError for another form.
    """
    package, _, name = text.partition(":")
    if package == "torchvision" and re.match(r"\w+\Z", name):
        build = "pytest_export_matrix.samples.torchvision_models:build"
        if is_detector(name):
            return Architecture(
                name,
                build,
                inputs=f"{SAMPLES}:image_list",
                outputs=Detections(),
                layout="[CHW]",
                sizes=((224, 256), (256, 224)),
                keywords={"name": name},
            )
        return Architecture(name, build, keywords={"name": name})
    if NAMED.match(text):
        return Architecture(name.replace(".", "_"), build=text)
    raise UsageError(
        f"--export-matrix-model {text}",
        "does not name a model",
        remedy="write torchvision:NAME or package.module:factory",
    )


def is_detector(name: str) -> bool:
    """Whether torchvision defines `name` among its detection models. This reads its files: an
    import would load torch into this process."""
    spec = importlib.util.find_spec("torchvision")
    for folder in (spec and spec.submodule_search_locations) or []:
        for path in Path(folder, "models", "detection").glob("*.py"):
            if re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
                return True
    return False
