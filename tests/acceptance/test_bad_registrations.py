"""Registrations that are wrong: one clear message, exit code 4, nothing run."""

from __future__ import annotations

import pytest

BODY = """
import pytest_export_matrix as em

def pytest_export_matrix_register(registry):
    {}
"""
WRONG = {
    "two of one name": (
        "for _ in range(2): registry.add(em.Architecture('vit', build='models:build'))",
        ["registration of architecture 'vit': that name is registered already", "rename one"],
    ),
    "name of a built-in": (
        "registry.add(em.Runtime('onnxruntime', formats=['onnx'], session='mine:Session'))",
        ["registration of runtime 'onnxruntime'", "registered already"],
    ),
    "name with a blank": (
        "registry.add(em.Architecture('my detector', build='models:build'))",
        ["a name holds only letters, digits, _ and .", "try 'my_detector'"],
    ),
    "name that is a number": (
        "registry.add(em.Architecture(3, build='models:build'))",
        ["a name holds only letters"],
    ),
    "reference without a module": (
        "registry.add(em.Architecture('vit', build='build'))",
        ["build='build' does not name something", "package.module:name"],
    ),
    "reference that is a function": (
        "registry.add(em.Architecture('vit', build=print))",
        ["does not name something", "package.module:name"],
    ),
    "no entry": ("registry.add('vit')", ["a str cannot be registered", "Architecture"]),
    "class of an entry": ("registry.add(em.Runtime)", ["cannot be registered"]),
    "unknown output kind": (
        "registry.add(em.Architecture('vit', build='models:build', outputs='tensor'))",
        ["no output kind 'tensor'", "did you mean 'tensors'?"],
    ),
    "output kind that is not called": (
        "registry.add(em.Architecture('vit', build='models:build', outputs=em.Detections))",
        ["is no output kind", "outputs=Detections()"],
    ),
    "overlap that is a share": (
        "registry.add(em.Architecture('vit', 'models:build', outputs=em.Detections(None, 0.002)))",
        ["Detections(mask_iou=0.002): an overlap", "for instance mask_iou=0.998"],
    ),
    "sizes that are none": (
        "registry.add(em.Architecture('vit', build='models:build', sizes=(224, 224)))",
        ["sizes is no list of (height, width)"],
    ),
    "no sizes": (
        "registry.add(em.Architecture('vit', build='models:build', sizes=()))",
        ["sizes is no list of (height, width)"],
    ),
    "layout of no dimensions": (
        "registry.add(em.Architecture('vit', build='models:build', layout='images'))",
        ["layout='images'", "NCHW"],
    ),
    "formats that are one word": (
        "registry.add(em.Runtime('mine', formats='onnx', session='mine:Session'))",
        ["formats", "'onnx'"],
    ),
    "two environments of one name": (
        "for v in '12': registry.add(em.Environment('old', requirements=['numpy==1.' + v]))",
        ["registration of environment 'old': that name is registered already", "numpy==1.1"],
    ),
    "unknown environment of a runtime": (
        "registry.add(em.Environment('old')); registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Runtime('r', ['onnx'], session='m:S', environment='odl'))",
        ["registration of runtime 'r': no environment 'odl'; did you mean 'old'?"],
    ),
    "unknown environment of an exporter": (
        "registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Exporter('e', 'onnx', 'm:c', 'm:l', '.x', environment='defualt'))",
        ["registration of exporter 'e/onnx': no environment 'defualt'", "mean 'default'?"],
    ),
    "runtime of an unknown method": (
        "registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Runtime('r', ['onnx'], session='m:S', methods=['tracin']))",
        ["registration of runtime 'r': no method 'tracin'", "mean 'tracing'?"],
    ),
    "exporter for an unknown runtime": (
        "registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Exporter('e', 'onnx', 'm:c', 'm:l', '.x', runtimes=['onnxruntim']))",
        ["exporter 'e/onnx': no runtime 'onnxruntim'", "mean 'onnxruntime'?"],
    ),
    "format that nobody writes": (
        "registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Runtime('r', formats=['onxx'], session='m:S'))",
        ["registration of runtime 'r': no format 'onxx'; did you mean 'onnx'?"],
    ),
    "runtime without formats": (
        "registry.add(em.Runtime('r', formats=[], session='m:S'))",
        ["registration of runtime 'r': formats names none", 'formats=["onnx"]'],
    ),
    "family of no architecture": (
        "registry.add(em.Architecture('a', build='m:b', family='mine')); "
        "registry.add(em.Exporter('e', 'onnx', 'm:c', 'm:l', '.x', family='nobody'))",
        ["registration of exporter 'e/onnx': no family 'nobody'", "known: mine"],
    ),
    "architecture that nobody exports": (
        "registry.add(em.Architecture('a', build='m:b')); "
        "registry.add(em.Architecture('b', build='m:b', family='mine'))",
        ["registration of architecture 'b'", "it has no cell", "family"],
    ),
    "methods that are one word": (
        "registry.add(em.Runtime('mine', ['onnx'], session='mine:Session', methods='tracing'))",
        ["methods='tracing' is no list of names"],
    ),
    "name with a slash": (
        "registry.add(em.Runtime('a/b', ['onnx'], session='m:S'))",
        ["a name holds only letters", "try 'a_b'"],
    ),
    "keywords that are none": (
        "registry.add(em.Architecture('a', build='m:b', keywords=None))",
        ["registration of architecture 'a': keywords=None is no mapping"],
    ),
    "profiles of another shape": (
        "registry.add(em.Architecture('a', build='m:b', profiles={'slim': 3}))",
        ["profiles={'slim': 3} is not understood", '{"slim": {"width": 8}'],
    ),
    "environment that is none": (
        "registry.add(em.Architecture('a', build='m:b', environment=None))",
        ["environment=None is no text", "leave environment out"],
    ),
    "methods that hold a list": (
        "registry.add(em.Runtime('mine', ['onnx'], session='mine:S', methods=[['tracing']]))",
        ["methods=[['tracing']] is no list of names"],
    ),
    "another method's preparations that are no text": (
        "registry.add(em.Exporter('e', 'onnx', 'm:c', 'm:l', '.onnx', prepared_as={}))",
        ["prepared_as={} is no text", "leave prepared_as out"],
    ),
    "layout that is none": (
        "registry.add(em.Architecture('a', build='m:b', layout=None))",
        ["layout=None names no dimensions", "NCHW"],
    ),
    "layouts that are numbers": (
        "registry.add(em.Architecture('a', build='m:b', layout=[3]))",
        ["layout=[3] names no dimensions"],
    ),
    "suffix that leads elsewhere": (
        "registry.add(em.Exporter('e', 'onnx', 'm:c', 'm:l', '/../../evil'))",
        ["suffix='/../../evil' is none of a file", 'suffix=".onnx"'],
    ),
    "report outside of the folder": (
        "registry.add(em.Reporter('p', '../escaped.txt', 'm:render'))",
        ["filename='../escaped.txt' is no name of a file in the reports folder"],
    ),
    "hook that exits": (
        "raise SystemExit(0)",
        ["pytest_export_matrix_register", "conftest.py:4", "SystemExit(0)"],
    ),
    "environment of no Python": (
        "registry.add(em.Environment('old', python='python3.9'))",
        ["registration of environment 'old'", "is no version of Python 3", 'python="3.9"'],
    ),
    "hook that raises": (
        "raise OSError('no such dataset')",
        ["pytest_export_matrix_register", "conftest.py:4", "no such dataset"],
    ),
    "hook with a misspelt argument": (
        "registry.add(em.Architecture('vit', biuld='models:build'))",
        ["conftest.py:4", "biuld"],
    ),
    "nothing registered": ("pass", ["no architecture is registered", "--export-matrix-model"]),
}


@pytest.mark.parametrize(("statement", "messages"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_registration_is_refused_and_named(
    pytester: pytest.Pytester, statement: str, messages: list[str]
) -> None:
    pytester.makeconftest(BODY.format(statement))

    result = pytester.runpytest_inprocess("--export-matrix", "--export-matrix-cache=cache")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    shown = "\n".join(result.outlines + result.errlines)
    assert "Traceback" not in shown and "INTERNALERROR" not in shown
    for message in messages:
        assert message in shown


def test_a_project_without_any_registration_is_told_what_to_do(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--export-matrix", "--export-matrix-cache=cache")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no architecture is registered*", "*--export-matrix-model*"])
