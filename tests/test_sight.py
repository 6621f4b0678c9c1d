"""What the inputs of a model see: in words, in the results file, on a terminal, in documents."""

from __future__ import annotations

from dataclasses import replace

import pytest
from states import cells, result, results

from pytest_export_matrix.reporting import terminal
from pytest_export_matrix.reporting.document_tables import content, parse
from pytest_export_matrix.results.combine import combine
from pytest_export_matrix.results.file import dumps, loads
from pytest_export_matrix.results.results import Results
from pytest_export_matrix.vocabulary.outcomes import Sight

UNSEEN = [f"p{level}.{name}" for level in (5, 6, 7) for name in ("weight", "bias")]
ALL, MOST, UNKNOWN = Sight(4), Sight(64, UNSEEN), Sight(problem="killed by SIGSEGV")


def of(**sights: Sight) -> Results:
    """Results of an architecture for each of `sights`, two cells each."""
    return results(
        result(cell, sight=sight) for name, sight in sights.items() for cell in cells(name)[:2]
    )


def test_the_first_tensors_that_are_not_seen_are_named() -> None:
    assert ALL.words == "4 of 4 tensors (100 %)"
    assert MOST.words == (
        "58 of 64 tensors (90 %); not: p5.weight, p5.bias, p6.weight, p6.bias, p7.weight and 1 more"
    )


def test_one_unseen_tensor_of_a_thousand_is_not_rounded_away() -> None:
    assert Sight(1000, ["p7.bias"]).words == "999 of 1000 tensors (99 %); not: p7.bias"


def test_a_model_without_tensors_has_nothing_to_be_seen() -> None:
    assert Sight().share == 1.0


def test_the_results_file_holds_it_once_an_architecture() -> None:
    found = of(all=ALL, most=MOST)
    text = dumps(found)
    assert text.count("p7.bias") == 1
    assert loads(text, "results.json").sights == found.sights == {"all": ALL, "most": MOST}


def test_results_without_it_can_be_read() -> None:
    text = dumps(of(all=ALL)).replace(' "sights": {\n', ' "other": {\n')
    assert loads(text, "results.json").sights == {}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (MOST, replace(MOST, unseen=UNSEEN[4:]), replace(MOST, unseen=UNSEEN[4:])),
        (replace(MOST, unseen=UNSEEN[:1]), replace(MOST, unseen=UNSEEN[1:2]), Sight(64)),
        (MOST, UNKNOWN, MOST),
        (UNKNOWN, MOST, MOST),
        (MOST, Sight(65), MOST),
    ],
)
def test_what_one_shard_sees_the_whole_matrix_sees(
    one: Sight, other: Sight, together: Sight
) -> None:
    whole = cells("net")
    files = [
        results([result(cell, sight=sight) for cell in part], whole=whole, shard=shard)
        for part, sight, shard in ((whole[:5], one, "1/2"), (whole[5:], other, "2/2"))
    ]
    combined = combine([("1.json", files[0]), ("2.json", files[1])]).results
    assert combined.sights == {"net": together}
    assert {each.sight.words for each in combined.cells if each.sight} == {together.words}


def test_a_terminal_warns_below_the_percentage_that_the_project_asks_for() -> None:
    found = of(all=ALL, most=MOST, unknown=UNKNOWN, ones=Sight(1))
    said = list(terminal.sights(found, percent=95, width=140))
    assert said == [
        ("yellow", f"the inputs of most see {MOST.words}"),
        ("yellow", "what the inputs of unknown see is not known: killed by SIGSEGV"),
        ("", "all tensors are seen by the inputs of 2 models"),
    ]
    assert ("", f"the inputs of most see {MOST.words}") in terminal.sights(
        found, percent=90, width=140
    )
    assert list(terminal.sights(of(all=ALL), 100)) == [
        ("", "all tensors are seen by the inputs of 1 model")
    ]
    assert list(terminal.sights(results([result()]), percent=100)) == []


def test_documents_show_it_as_a_table() -> None:
    table = content(parse("table=inputs", "a.md"), of(all=ALL, most=MOST), "r.json", "a.md")
    (grid,) = table.grids
    assert grid.rows == [
        ["all", "4", "100 %", "0"],
        ["most", "64", "90 %", "6"],
    ]
    assert f"most does not see {', '.join(UNSEEN[:5])} and 1 more" in table.notes
    empty = content(parse("table=inputs", "a.md"), results([result()]), "r.json", "a.md")
    assert "--export-matrix-sees" in empty.notes[0]
