"""The errors a user meets, in the order of one run.

    options, ini, conftest hooks  -> UsageError    what was asked cannot be planned
    the cache folder              -> CacheError    results cannot be kept
    a cluster                     -> ClusterError  steps cannot be carried out on its nodes
    an environment                -> ProvisionError it cannot be built; its cells are unavailable
    reports/results.json          -> ResultsError  a results file cannot be read
    the baseline                  -> BaselineError the file of accepted outcomes cannot be read
    the tables of a document      -> DocumentError a document, or one of its markers, is wrong

What happens to one cell is never an exception here: it is that cell's result (`outcomes.Result`).
Every message reads as help: what was asked, what is wrong, the nearest right thing, what mends it.
"""

from __future__ import annotations

import difflib
import functools
from typing import Callable, Iterable, Optional, Tuple, Type


class ExportMatrixError(Exception):
    """Base of all errors of this package.

    `asked` is the input in the user's own words, `problem` what is wrong with it, `nearest` the
    right value that resembles it most, `remedy` a command or an edit that mends it.
    """

    def __init__(
        self,
        asked: str,
        problem: str,
        *,
        nearest: Optional[str] = None,
        remedy: Optional[str] = None,
    ) -> None:
        self.asked, self.problem, self.nearest, self.remedy = asked, problem, nearest, remedy
        text = f"{asked}: {problem}"
        if nearest:
            text += f"; did you mean {nearest!r}?"
        if remedy:
            text += f"\n  {remedy}"
        super().__init__(text)

    def __reduce__(self) -> Tuple[Callable[..., ExportMatrixError], Tuple[object, ...]]:
        """So that an error can be passed between processes."""
        make = functools.partial(type(self), nearest=self.nearest, remedy=self.remedy)
        return make, (self.asked, self.problem)


class UsageError(ExportMatrixError):
    """An option, an ini value or a registration that cannot be planned."""


class CacheError(ExportMatrixError):
    """The cache folder cannot be read or written."""


class ClusterError(ExportMatrixError):
    """A cluster that cannot be reached, whose nodes are not alike, or that lost too many."""


class ProvisionError(ExportMatrixError):
    """An environment that cannot be installed here."""


class ResultsError(ExportMatrixError):
    """A file that is truncated, of a newer format, or no results file."""


class DocumentError(ExportMatrixError):
    """A document whose tables cannot be written: its markers or the results do not fit."""


class BaselineError(ExportMatrixError):
    """A baseline that is missing, truncated, edited into nonsense, or of a newer format."""


def unknown(
    asked: str,
    what: str,
    value: str,
    known: Iterable[str],
    kind: Type[ExportMatrixError] = UsageError,
) -> ExportMatrixError:
    """An error for a `value` that is not `known`. It names the nearest known one."""
    names = sorted(known)
    close = difflib.get_close_matches(value, names, n=1, cutoff=0.4)
    return kind(
        asked,
        f"no {what} {value!r}",
        nearest=close[0] if close else None,
        remedy=f"known: {', '.join(names) if names else 'none'}",
    )


def in_a_line(error: BaseException) -> str:
    """The class of a library's exception and the first line of what it says, if any."""
    lines = str(error).strip().splitlines()
    return ": ".join([type(error).__name__, *lines[:1]])
