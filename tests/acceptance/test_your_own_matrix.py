"""The example of docs/your-own-matrix.md that takes texts, as a reader would copy it."""

from __future__ import annotations

import re
from pathlib import Path

from miniatures.project import Project, cell

PAGE = Path(__file__).parents[2] / "docs" / "your-own-matrix.md"
EXAMPLE = re.compile(r"<!-- the tests run this -->(.*?)^## ", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)
WAYS = (
    ("torch_export", "pt2", "pytorch"),
    ("torch_export", "onnx", "onnxruntime"),
    ("tracing", "torchscript", "pytorch"),
)


def test_a_model_of_texts_a_mask_and_a_number_is_exported_for_any_length_and_batch(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path / "project")
    (example,) = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    for name, text in FILE.findall(example):
        (project.root / name).write_text(text, encoding="utf-8")
    cells = [
        cell("tagger", method, format, runtime, resolution="dynamic", batch="dynamic")
        for method, format, runtime in WAYS
    ]
    run = project.run(cells=cells)
    assert run.outcomes == dict.fromkeys(cells, "passed"), run.output
