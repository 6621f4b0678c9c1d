"""Files of the repository that are pages of the site, though they lie outside of its sources.

On GitHub a link leads to the file itself. Here each is copied to `published/` before the pages are
read, and links to it lead there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List

ROOT = Path(__file__).parents[2]
FOLDER = "published"
#: name of the page -> the file
PAGES = {
    "beside_detectron2": "reports/detectron2/beside_detectron2.md",
    "configurations": "reports/detectron2/zoo/configurations.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "inputs_of_the_suite": "reports/inputs.md",
    "planted_faults": "reports/mutants.md",
    "engines_of_the_suite": "reports/engines/engines.md",
    "models_in_engines": "reports/engines/support_table.md",
    "torchvision_detectors": "reports/detectors/support_table.md",
    "torch_export_of_detectron2": "reports/detectron2/torch_export/support_table.md",
}
#: Tables have no title of their own.
TITLES = {
    "inputs_of_the_suite": "What the inputs reach",
    "models_in_engines": "Each model in each engine",
    "torchvision_detectors": "Every detector of torchvision",
    "torch_export_of_detectron2": "detectron2's models by torch.export",
}


def copy(app: Any) -> None:
    folder = Path(app.srcdir, FOLDER)
    folder.mkdir(exist_ok=True)
    for name, file in PAGES.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        if name in TITLES:
            text = f"# {TITLES[name]}\n\n" + re.sub("^###", "##", text, flags=re.M)
        page = folder / f"{name}.md"
        # A page that is as it was need not be built again.
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def relink(app: Any, name: str, content: List[str]) -> None:
    """Let the links of a page to these files lead to their pages."""
    for page, file in PAGES.items():
        content[0] = re.sub(rf"\]\(\.\./{re.escape(file)}", f"]({FOLDER}/{page}.md", content[0])


def setup(app: Any) -> Dict[str, Any]:
    app.connect("config-inited", lambda app, config: copy(app))
    app.connect("source-read", relink)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
