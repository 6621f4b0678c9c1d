"""What an engine answers is kept as it came, read with distrust, and compared call by call."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from pytest_export_matrix import Tensors
from pytest_export_matrix.compare.answers import Comparison, KeptCase
from pytest_export_matrix.vocabulary.outcomes import Failure
from pytest_export_matrix.worker.calls import copy_inputs, keep_answer, read_answers, read_inputs
from pytest_export_matrix.worker.messages import AskedCase
from pytest_export_matrix.worker.tasks.compare import LEAKS, compare_calls

LEAF: Dict[str, Any] = {"leaf": 0}


def floats(*values: float) -> Any:
    return np.array(values, np.float32)


def kept(folder: Path, *answers: Any) -> List[Any]:
    for number, answer in enumerate(answers):
        keep_answer(str(folder), number, answer)
    return read_answers(str(folder), len(answers))


def test_an_answer_keeps_its_structure_and_its_values(tmp_path: Path) -> None:
    answer = [{"boxes": floats(1, 2), "empty": floats()}, (np.int64(3), None, {2: np.array(True)})]
    (found,) = kept(tmp_path, answer)
    assert found[0]["boxes"].tolist() == [1, 2] and found[0]["empty"].shape == (0,)
    assert found[0]["boxes"].dtype == np.float32
    assert found[1][0] == 3 and found[1][1] is None and found[1][2][2]


def test_an_answer_is_kept_as_it_was_when_it_came(tmp_path: Path) -> None:
    buffer = floats(1)
    keep_answer(str(tmp_path), 0, buffer)
    buffer[0] = 2
    keep_answer(str(tmp_path), 1, buffer)
    assert [each.tolist() for each in read_answers(str(tmp_path), 2)] == [[1], [2]]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (np.array(["cat"]), "an array of dtype <U3, which holds no numbers"),
        (np.array([None]), "an array of dtype object, which holds no numbers"),
        ({(1, 2): floats(1)}, "a dict whose keys are not all texts or numbers"),
        ({b"boxes": floats(1)}, "a dict whose keys are not all texts or numbers"),
    ],
)
def test_an_answer_that_no_file_can_hold_is_a_failure(
    tmp_path: Path, answer: Any, reason: str
) -> None:
    with pytest.raises(Failure, match=reason):
        keep_answer(str(tmp_path), 0, answer)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_answer_is_a_failure(tmp_path: Path) -> None:
    keep_answer(str(tmp_path), 1, floats(1))
    with pytest.raises(Failure, match="without an answer to 2 of 3 calls"):
        read_answers(str(tmp_path), 3)


def test_one_answer_too_many_is_a_failure(tmp_path: Path) -> None:
    kept(tmp_path, floats(1), floats(2))
    with pytest.raises(Failure, match=r"more than its answers: '1\.npz'"):
        read_answers(str(tmp_path), 1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: np.savez(path, **{"0": floats(1)}),
        lambda path: np.savez(path, structure=np.array("{")),
        lambda path: np.savez(path, structure=np.array('{"leaf": 4}')),
        lambda path: np.savez(path, **{"0": np.array([None]), "structure": np.array("{}")}),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_failure(tmp_path: Path, spoil: Any) -> None:
    kept(tmp_path, floats(1))
    spoil(tmp_path / "0.npz")
    with pytest.raises(Failure, match=r"the answer 0\.npz cannot be read: "):
        read_answers(str(tmp_path), 1)


def test_an_answer_of_words_that_the_engine_wrote_itself_is_a_failure(tmp_path: Path) -> None:
    words = {"0": np.array(["cat"]), "structure": np.array('{"leaf": 0}')}
    np.savez(tmp_path / "0.npz", **words)
    with pytest.raises(Failure, match="holds an array of dtype <U3"):
        read_answers(str(tmp_path), 1)


def test_an_answer_that_is_a_link_is_a_failure(tmp_path: Path) -> None:
    np.savez(tmp_path / "elsewhere.npz", structure=np.array("{}"))
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "0.npz").symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(Failure, match="no file of its own"):
        read_answers(str(tmp_path / "answers"), 1)


def test_of_a_case_an_engine_gets_the_inputs_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", input_0=floats(1), input_1=floats(2), output_0=floats(3))
    copy_inputs(str(tmp_path), str(tmp_path / "inputs.npz"))
    with np.load(tmp_path / "inputs.npz") as copied:
        assert sorted(copied.files) == ["input_0", "input_1"]
    case = read_inputs(AskedCase(str(tmp_path / "inputs.npz"), {"tuple": []}, "a spot"))
    assert [array.tolist() for array in case.input] == [[1], [2]]
    assert case.output == [] and case.place == "at [1], [1] (a spot)"


class TestComparing:
    """Two cases, x and y, whose right answers are 1 and 2."""

    X = KeptCase([floats(0)], [floats(1)], {"tuple": [LEAF]}, LEAF, "")
    Y = KeptCase([floats(0, 0)], [floats(2)], {"tuple": [LEAF]}, LEAF, "a spot")

    def compared(self, *answers: float) -> Comparison:
        """The comparison of the answers to x, y, x, y."""
        calls = [0, 1, 0, 1][: len(answers)]
        return compare_calls([self.X, self.Y], calls, [*map(floats, answers)], Tensors())

    def test_answers_that_are_right_each_time_are_right(self) -> None:
        assert self.compared(1, 2, 1, 2) == self.compared(1, 2)
        assert self.compared(1, 2, 1, 2).reason == ""

    def test_an_answer_that_is_wrong_when_asked_again_shows_that_state_leaks(self) -> None:
        found = self.compared(1, 2, 1.5, 2)
        assert found.reason.startswith(f"{LEAKS}; 1 of 2 inputs answered wrongly; at [1] (asked")
        assert "(asked again after the call at [2] (a spot)): output: 1 of 1 values" in found.reason
        assert found.failed_on == ["ordinary"] and found.deviating == ["output"]
        assert found.deviation["output"]["max_abs"] == pytest.approx(0.5)

    def test_the_call_that_came_before_is_named_and_so_are_the_inputs(self) -> None:
        found = self.compared(1, 2, 1, 3)
        assert "at [2] (a spot, asked again after the call at [1]): " in found.reason
        assert found.failed_on == ["a spot"]

    def test_an_answer_that_was_wrong_at_first_shows_no_leak(self) -> None:
        assert self.compared(3, 2, 3, 2) == self.compared(3, 2)
        assert self.compared(3, 2, 4, 2).reason == self.compared(3, 2).reason

    def test_a_leak_is_said_beside_another_wrong_answer(self) -> None:
        found = self.compared(3, 2, 3, 5)
        first, *others = found.reason.splitlines()
        assert first.startswith("1 of 2 inputs answered wrongly; at [1]: ")
        assert others[0].startswith(LEAKS)
        assert found.failed_on == ["ordinary", "a spot"]
        assert found.deviation == self.compared(3, 2).deviation

    def test_flat_answers_are_put_into_the_structure_of_their_case(self) -> None:
        into = {"dict": [["a", {"leaf": 0}]]}
        cases = [
            KeptCase([floats(0)], [floats(1)], {"tuple": [LEAF]}, into, ""),
            KeptCase([floats(0)], [floats(2)], {"tuple": [LEAF]}, LEAF, ""),
        ]
        found = compare_calls(cases, [0, 1, 0], [*map(floats, (1, 2, 9))], Tensors(), [into, LEAF])
        assert LEAKS in found.reason and found.deviating == ["a"]
