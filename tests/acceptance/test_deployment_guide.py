"""The code of docs/deployment.md runs as it stands, and fails where the guide says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "deployment.md"
CODE = re.compile(r"(?:^<!-- fails: (\w+) -->\n)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_the_code_of_the_deployment_guide_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names: Dict[str, Any] = {}
    examples = CODE.findall(GUIDE.read_text(encoding="utf-8"))
    for failure, code in examples:
        if not failure:
            exec(code, names)
            continue
        with pytest.raises(Exception) as error:
            exec(code, names)
        assert type(error.value).__name__ == failure
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"traced.pt", "traced.onnx", "scripted.pt"}
    assert [failure for failure, _ in examples if failure]
