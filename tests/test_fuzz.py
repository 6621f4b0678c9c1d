"""Whatever others write, it is taken or refused with a word; nothing else happens.

`readers` lists all that is read. `pytest -m long tests/test_fuzz.py -s` draws a million inputs.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from miniatures.readers import READERS

MANY = int(os.environ.get("FUZZ_INPUTS", "1000000"))


@pytest.mark.parametrize("name", READERS)
def test_what_others_write_is_taken_or_refused(name: str) -> None:
    @settings(max_examples=150)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        READERS[name].takes(seed)

    holds()


@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_a_million_inputs_are_taken_or_refused_and_half_are_taken(name: str) -> None:
    count = MANY // len(READERS)
    taken = sum(READERS[name].takes(seed) for seed in range(count))
    print(f"\n{name}: {count} inputs, {100 * taken / count:.0f} % taken")
    assert taken >= count / 2
