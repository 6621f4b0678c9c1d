"""The code of the guide runs as it stands, and fails where the guide says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, FrozenSet

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CODE = re.compile(r"(?:^<!-- fails: (\w+) -->\n)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The files that the code of a page writes, and how the examples end that fail.
PAGES = {
    "exporting.md": (
        {"traced.pt", "traced.onnx", "scripted.pt", "exported.pt2"},
        {"GuardOnDataDependentSymNode", "TorchExportError"},
    ),
    "limits.md": (set(), set()),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("page", "files", "failures"), [(k, *v) for k, v in PAGES.items()])
def test_the_code_of_the_guide_runs(
    page: str,
    files: FrozenSet[str],
    failures: FrozenSet[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: Dict[str, Any] = {}
    examples = CODE.findall((DOCS / page).read_text(encoding="utf-8"))
    assert examples
    for failure, code in examples:
        if not failure:
            exec(code, names)
            continue
        with pytest.raises(Exception) as error:
            exec(code, names)
        assert type(error.value).__name__ == failure
    assert {path.name for path in tmp_path.iterdir()} == files
    assert {failure for failure, _ in examples if failure} == failures


def test_every_page_of_the_guide_with_code_is_run() -> None:
    guide = ("deployment.md", "exporting.md", "support.md", "limits.md", "architectures.md")
    with_code = {name for name in guide if CODE.search((DOCS / name).read_text("utf-8"))}
    assert with_code == set(PAGES)
