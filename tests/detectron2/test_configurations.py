"""The table of configurations: one row per model, and the reasons below."""

from __future__ import annotations

from states import failed, passed, result, results

from pytest_export_matrix.addons.detectron2 import configurations
from pytest_export_matrix.vocabulary.cells import Cell
from pytest_export_matrix.vocabulary.outcomes import Outcome, Stage


def cell(model: str, resolution: str, ending: str = "_0_6") -> Cell:
    way = ("tracing_adapter" + ending, "torchscript", "pytorch", "cpu")
    return Cell(f"detectron2{ending}_{model}", *way, resolution, "1")


def test_each_model_has_a_row_that_says_what_fails() -> None:
    text = configurations.render(
        results(
            [
                passed(0.0, cell("a", "fixed")),
                passed(0.0, cell("a", "dynamic")),
                passed(0.0, cell("b", "fixed")),
                failed(cell("b", "dynamic"), Stage.RUN, reason="RuntimeError: no"),
                failed(cell("c", "dynamic"), Stage.RUN, reason="RuntimeError: no"),
            ]
        )
    )
    assert "3 models run, 1 of them without a failure." in text
    assert "**tracing_adapter_0_6, TorchScript**\n\n| model | PyTorch |\n" in text
    assert "| a | ● ● – – |\n| b | ● ○ – – ¹ |\n| c | – ○ – – ¹ |\n" in text
    assert "The four marks: fixed size, other sizes, batch of 2, any batch.\n" in text
    assert "- ¹ 2 cells failed at run: no (detectron2_0_6_b-" in text


def test_a_model_that_could_not_be_run_has_no_row() -> None:
    absent = result(cell("a", "fixed"), Outcome.UNAVAILABLE, reason="no compiler")
    other = passed(0.0, cell("a", "fixed", ""))
    text = configurations.render(results([absent, other]))
    assert "Not run: no compiler" in text
    assert text.count("| a | ● – – – |") == 1


def test_a_reason_is_shown_as_text() -> None:
    text = configurations.render(
        results([failed(cell("a", "fixed"), Stage.RUN, reason="a | b <script> [x](y)")])
    )
    assert r"a &#124; b &lt;script&gt; \[x\](y)" in text
