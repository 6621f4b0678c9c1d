"""What others wrote is shown on a terminal, and does nothing there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from miniatures.findings import HOSTILE

from pytest_export_matrix.reporting.printable import CONTROL, printable


def test_control_characters_are_shown_as_escapes() -> None:
    assert printable("\x1b[31mred\x1b[0m \x00 \u202ereversed") == (
        "\\x1b[31mred\\x1b[0m \\x00 \\u202ereversed"
    )


def test_lines_and_tabs_stay() -> None:
    assert printable("a\n\tb ✅ é") == "a\n\tb ✅ é"


def test_a_workflow_command_in_a_reason_is_none() -> None:
    text = "no operator\n::error title=x::owned\n  ::warning::too\nstd::vector"
    assert printable(text) == (
        "no operator\n\\::error title=x::owned\n  \\::warning::too\nstd::vector"
    )


@given(st.text() | st.sampled_from(HOSTILE))
def test_nothing_that_moves_the_cursor_is_left(text: str) -> None:
    shown = printable(text)
    assert not CONTROL.search(shown)
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    assert printable(shown) == shown
