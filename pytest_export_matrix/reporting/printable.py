"""Text of others on a terminal: nothing in it moves the cursor, or is a command to CI. Pure."""

from __future__ import annotations

import re

#: Control characters but the line end and the tab, and what changes the direction of writing.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: A line of GitHub Actions' log that begins so is a workflow command.
COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)


def printable(text: str) -> str:
    """`text` with escapes in place of control characters, such as \\x1b, and no commands."""
    shown = CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)
    return COMMAND.sub(r"\1\\::", shown)
