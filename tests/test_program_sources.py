"""The sources of a runtime's program, found without importing anything."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_export_matrix.execution.steps.build_program import ABOVE, SHARED, sources
from pytest_export_matrix.runtimes.libtorch import SOURCES, python_in


def test_the_sources_of_a_package_are_all_its_files(tmp_path: Path) -> None:
    package = tmp_path / "engine"
    (package / "src").mkdir(parents=True)
    (package / "__pycache__").mkdir()
    for name in ("__init__.py", "CMakeLists.txt", "src/main.cpp", "__pycache__/x.pyc"):
        (package / name).write_text("raise SystemExit\n")
    (tmp_path / "other.py").write_text("")
    found = {str(path.relative_to(package)) for path in sources("engine:build", [str(tmp_path)])}
    assert found == {"__init__.py", "CMakeLists.txt", "src/main.cpp"}
    assert "engine" not in sys.modules


def test_the_source_of_a_module_is_its_file_alone(tmp_path: Path) -> None:
    for name in ("engine.py", "other.py"):
        (tmp_path / name).write_text("")
    assert sources("engine:build", [str(tmp_path)]) == [tmp_path / "engine.py"]


def test_a_missing_module_has_no_sources(tmp_path: Path) -> None:
    assert sources("engine.inner:build", [str(tmp_path)]) == []


def test_the_sources_of_libtorch_are_in_the_package() -> None:
    found = sources("pytest_export_matrix.runtimes.libtorch:build", [str(ABOVE)])
    assert {path.name for path in found} == {"__init__.py", *SOURCES}


def test_what_programs_share_is_a_source_of_each() -> None:
    found = {path.name for path in sources(SHARED, [str(ABOVE)])}
    assert {"serve.hpp", "serve.mjs", "tensors.mjs", "program.py"} <= found


def test_the_empty_stand_in_library_does_not_count_as_python() -> None:
    files = ["/cache/libtorch_python.so", "/lib/libc.so.6", "/torch/lib/libtorch_python.so"]
    assert python_in([*files, "/lib/libpython3.11.so.1.0"], "/cache") == [
        "/torch/lib/libtorch_python.so",
        "/lib/libpython3.11.so.1.0",
    ]
