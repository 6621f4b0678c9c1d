"""A source without compiled operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_export_matrix.addons.detectron2 import folder


def source(root: Path) -> Path:
    files = {
        "detectron2/__init__.py": '__version__ = "0.6"\n',
        "detectron2/model_zoo/__init__.py": "",
        "configs/COCO/net.yaml": "MODEL: {}\n",
        "projects/PointRend/point_rend/__init__.py": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_the_folder_holds_the_python_files_and_a_stand_in(tmp_path: Path) -> None:
    folder.write(source(tmp_path / "source"), tmp_path / "target")
    found = {str(p.relative_to(tmp_path / "target")) for p in (tmp_path / "target").rglob("*.*")}
    assert found == {
        "pyproject.toml",
        "detectron2/__init__.py",
        "detectron2/_C.py",
        "detectron2/model_zoo/__init__.py",
        "detectron2/model_zoo/configs/COCO/net.yaml",
        "detectron2/projects/point_rend/__init__.py",
    }
    assert 'version = "0.6"' in (tmp_path / "target" / "pyproject.toml").read_text("utf-8")


def test_a_folder_without_detectron2_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder.write(tmp_path, tmp_path / "target")
    assert not (tmp_path / "target").exists()
