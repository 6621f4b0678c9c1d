"""The cells as comma-separated values, one row each, for a spreadsheet.

A spreadsheet takes a value that begins with = + - @ for a formula; an apostrophe before it makes it
text (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
from typing import List

from pytest_export_matrix.cells import AXES
from pytest_export_matrix.outcomes import Result
from pytest_export_matrix.reporters.markup import clean
from pytest_export_matrix.results import Results

FORMULA = ("=", "+", "-", "@")
COLUMNS = (
    *("id", *AXES, "language", "environment", "outcome", "stage", "ending"),
    *("worst_deviation", "seconds", "reason", "repro"),
)


def render(results: Results) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(value) for value in _row(result)] for result in results.cells)
    return file.getvalue()


def _row(result: Result) -> List[object]:
    return [
        *(result.cell.id, *result.cell.axes.values(), result.language, result.environment),
        *(result.outcome, result.stage or "", result.ending),
        "" if result.worst is None else result.worst,
        round(sum(result.seconds.values()), 3),
        *(result.headline, result.repro),
    ]


def _text(value: object) -> object:
    text = clean(str(value))
    return f"'{text}" if text.startswith(FORMULA) else text
