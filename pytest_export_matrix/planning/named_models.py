"""Models named on the command line: `torchvision:NAME` and `package.module:factory`."""

from __future__ import annotations

import difflib
import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from typing import Iterator, List, Sequence

from pytest_export_matrix.compare import Detections
from pytest_export_matrix.vocabulary.entries import Architecture, Size
from pytest_export_matrix.vocabulary.errors import UsageError
from pytest_export_matrix.vocabulary.references import NAMED

SAMPLES = "pytest_export_matrix.samples"


def architecture(text: str, sizes: Sequence[Size] = (), inputs: str = "") -> Architecture:
    """The architecture that `--export-matrix-model text` stands for.

    A detector of torchvision takes a list of images and answers detections, and is exported by
    torch.export as it is and prepared; every other model is called with one batch tensor
    [N, 3, H, W]. It is exported at the first of `sizes` and run at the
    others; `inputs` is the function that makes its arguments. Raises UsageError for another form,
    and for a name that torchvision does not have.
    """
    package, _, name = text.partition(":")
    if package == "torchvision" and re.match(r"\w+\Z", name):
        found = _of_torchvision(name)
    elif NAMED.match(text):
        found = Architecture(name.replace(".", "_"), build=text)
    else:
        raise UsageError(
            f"--export-matrix-model {text}",
            "does not name a model",
            remedy="write torchvision:NAME or package.module:factory",
        )
    if inputs:
        found = replace(found, inputs=inputs)
    if sizes:
        found = replace(found, sizes=sizes[:1], other_sizes=sizes[1:] or found.other_sizes)
    return found


def _of_torchvision(name: str) -> Architecture:
    known = registered()
    if known and name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        raise UsageError(
            f"--export-matrix-model torchvision:{name}",
            f"torchvision has no model {name!r}",
            nearest=close[0] if close else None,
            remedy="torchvision.models.list_models() names all of them",
        )
    module = "pytest_export_matrix.samples.torchvision_models"
    build = f"{module}:uncalibrated"
    if not is_detector(name):
        return Architecture(name, build, keywords={"name": name})
    return Architecture(
        name,
        build,
        inputs=f"{SAMPLES}:image_list",
        outputs=Detections(),
        layout="[CHW]",
        sizes=((224, 256), (256, 224)),
        keywords={"name": name},
        preparations={"torch_export": "pytest_export_matrix.preparations.torch_export:prepare"},
        calibrate=f"{module}:calibrate",
    )


#: `@register_model(name="...")`, and the function below it, whose name counts without one.
REGISTERED = re.compile(
    r"^@register_model\((?:name=\"(\w+)\")?\).*?^def (\w+)\(", re.MULTILINE | re.DOTALL
)


def registered() -> List[str]:
    """The models that torchvision registers; none where it is not installed."""
    found = (REGISTERED.findall(path.read_text(encoding="utf-8")) for path in _files("**/*.py"))
    return [named or function for each in found for named, function in each]


def is_detector(name: str) -> bool:
    """Whether torchvision defines `name` among its detection models."""
    defined = re.compile(rf"^def {name}\(", re.MULTILINE)
    files = _files("detection/*.py")
    return any(defined.search(path.read_text(encoding="utf-8")) for path in files)


def _files(pattern: str) -> Iterator[Path]:
    """Files of torchvision's models. They are read: an import would load torch here."""
    spec = importlib.util.find_spec("torchvision")
    for folder in (spec and spec.submodule_search_locations) or []:
        yield from sorted(Path(folder, "models").glob(pattern))
