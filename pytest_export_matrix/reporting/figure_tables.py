"""Results -> figures: milliseconds, units of eager's noise, what inputs see. Pure."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from pytest_export_matrix.reporting.grades import fit
from pytest_export_matrix.reporting.grids import Grid, narrow, unique
from pytest_export_matrix.reporting.names import shown
from pytest_export_matrix.results.result import Result
from pytest_export_matrix.vocabulary.outcomes import Sight


def latency_grids(results: Sequence[Result]) -> List[Grid]:
    """Milliseconds of a call at the exported size with one image; a column for each runtime."""
    grids: List[Grid] = []
    ran = [r for r in results if r.passed and (r.cell.resolution, r.cell.batch) == ("fixed", "1")]
    for device in unique(result.cell.device for result in ran):
        here = [result for result in ran if result.cell.device == device]
        columns = unique(result.cell.runtime for result in here)
        rows: Dict[Tuple[str, ...], Dict[str, str]] = {}
        for result in here:
            cell, calls = result.cell, result.latency.values()
            way = (cell.architecture, cell.captured, shown(cell.format))
            milliseconds = " / ".join(f"{1000 * seconds:.0f}" for seconds in calls)
            rows.setdefault(way, {})[cell.runtime] = milliseconds
        header = ["Architecture", "Export method", "Format", *map(fit, map(shown, columns))]
        lines = [
            [*map(fit, way), *(found.get(name, "") for name in columns)]
            for way, found in rows.items()
        ]
        grids += narrow(Grid(f"Latency on {device}", header, lines, device), labels=3)
    return grids


def required_grids(results: Sequence[Result]) -> List[Grid]:
    """How many units of eager's noise the outputs of passing cells needed at most: a row for each
    output, a column for each runtime."""
    grids: List[Grid] = []
    passed = [result for result in results if result.passed]
    for device in unique(result.cell.device for result in passed):
        here = [result for result in passed if result.cell.device == device]
        columns = unique(result.cell.runtime for result in here)
        most: Dict[str, Dict[str, float]] = {}
        for result in here:
            for output, figures in result.deviation.items():
                if isinstance(figures, dict) and "noise" in figures and "required" in figures:
                    found = most.setdefault(output, {})
                    before = found.get(result.cell.runtime, 0.0)
                    found[result.cell.runtime] = max(before, figures["required"])
        rows = [
            [fit(output), *(f"{found[name]:.1f}" if name in found else "" for name in columns)]
            for output, found in sorted(most.items())
        ]
        if rows:
            header = ["Output", *map(fit, map(shown, columns))]
            grids += narrow(Grid(f"Required on {device}", header, rows, device), labels=1)
    return grids


def inputs_grids(results: Sequence[Result]) -> List[Grid]:
    """What the sample inputs of each architecture see; no table where nobody asked."""
    rows = [
        [
            fit(name),
            str(sight.tensors),
            "not known" if sight.problem else sight.percent,
            str(len(sight.unseen)),
        ]
        for name, sight in _sights(results).items()
    ]
    return [Grid("Inputs", ["Architecture", "Tensors", "Seen", "Not seen"], rows)] if rows else []


def inputs_notes(results: Sequence[Result]) -> List[str]:
    """The tensors that are not seen, by architecture."""
    sights = _sights(results)
    notes = [f"{name}: not known: {s.problem}" for name, s in sights.items() if s.problem]
    return notes + [f"{name} does not see {s.names}" for name, s in sights.items() if s.unseen]


def _sights(results: Sequence[Result]) -> Dict[str, Sight]:
    return {result.cell.architecture: result.sight for result in results if result.sight}
