"""Comparing: what is quoted, and a run that is as good as its worst output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.compare import (
    Inputs,
    Level,
    OutputVerdict,
    Surroundings,
    Verdict,
    judge,
)
from reproducibility.compare.excerpts import excerpts
from reproducibility.services.verdicts import in_words


def test_in_a_long_line_the_part_that_differs_is_quoted() -> None:
    line = "x" * 200

    quoted = excerpts(f"{line}1", f"{line}2")

    assert quoted == (f"…{'x' * 20}1", f"…{'x' * 20}2")


@given(st.text(max_size=200), st.text(max_size=200))
def test_what_is_quoted_of_two_lines_is_short_and_differs_as_they_do(old: str, new: str) -> None:
    quoted = excerpts(old, new)

    assert all(len(each) <= 62 for each in quoted)
    assert (quoted[0] == quoted[1]) == (old == new)


def output(level: Level) -> OutputVerdict:
    return OutputVerdict("x", level, "0" * 64)


def judged(*levels: Level) -> Verdict:
    return judge(
        [output(level) for level in levels],
        environment=Surroundings.SUBSTITUTED,
        inputs=Inputs.VERIFIED,
    )


@given(st.lists(st.sampled_from(Level), min_size=1))
def test_a_run_is_as_good_as_its_worst_output(levels: list[Level]) -> None:
    assert judged(*levels).level is max(levels, key=list(Level).index)


def test_without_outputs_nothing_is_reproduced() -> None:
    assert judged().level is Level.MISSING


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ([Level.BIT_IDENTICAL] * 3, "3 of 3 outputs bit-identical."),
        ([Level.BIT_IDENTICAL, Level.DIFFERENT], "1 of 2 outputs bit-identical, 1 different."),
        (
            [Level.MISSING, Level.DIFFERENT, Level.DIFFERENT],
            "0 of 3 outputs bit-identical, 2 different, 1 missing.",
        ),
    ],
)
def test_a_verdict_is_a_sentence(levels: list[Level], says: str) -> None:
    assert in_words(judged(*levels)) == says
