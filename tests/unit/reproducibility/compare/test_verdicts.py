"""Verdicts as they are kept: bounded, whole again when they are read, and old ones as well."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reproducibility.compare import (
    Comparison,
    Difference,
    HistogramFigure,
    ImageFigure,
    Inputs,
    Level,
    OutputVerdict,
    StatisticalTest,
    Surroundings,
    Tolerance,
    Verdict,
    judge,
)
from reproducibility.compare.values import MAX_JSON

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
kinds = st.sampled_from(["value", "length", "type", "absent", "new"])
differences = st.builds(
    Difference, texts, kinds, texts, texts, st.none() | finite, st.none() | finite
)
tests = st.builds(StatisticalTest, texts, st.sampled_from(["chi2", "kolmogorov-smirnov"]),
                  finite, st.floats(0, 1), st.floats(0, 1), st.integers(0, 99),
                  st.tuples(st.integers(0, 9), st.integers(0, 9)))  # fmt: skip
histograms = st.builds(HistogramFigure, texts, st.just((0.0, 1.0)), st.tuples(finite),
                       st.tuples(finite), st.booleans())  # fmt: skip
figures = histograms | st.builds(ImageFigure, texts, texts, st.integers(1, 9), st.integers(1, 9))


def several(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


counts = st.integers(0, 10**15)
comparisons = st.builds(
    Comparison, texts, counts, counts, counts, st.none() | differences, st.none() | differences,
    several(differences), several(tests), several(figures), several(texts),
)  # fmt: skip
tolerances = st.builds(Tolerance, st.floats(0, 1), st.floats(0, 1), st.booleans())
outputs = st.builds(OutputVerdict, texts, st.sampled_from(Level), texts, texts, texts,
                    st.none() | comparisons, st.none() | tolerances)  # fmt: skip


@given(st.lists(outputs, max_size=3), st.sampled_from(Surroundings), st.sampled_from(Inputs))
def test_a_verdict_comes_back_from_json_as_it_was(
    judged: list[OutputVerdict], environment: Surroundings, inputs: Inputs
) -> None:
    verdict = judge(judged, environment=environment, inputs=inputs)

    told = json.loads(json.dumps(verdict.as_json(), allow_nan=False))

    assert Verdict.from_json(told) == verdict


def test_a_verdict_of_the_time_when_only_bytes_were_compared_still_loads() -> None:
    output = {"path": "fit.json", "level": "different", "expected_sha256": "0" * 64,
              "sha256": "1" * 64, "detail": "1 of 3 lines differ."}  # fmt: skip
    old = {"level": "different", "environment": "exact", "inputs": "verified", "outputs": [output]}

    verdict = Verdict.from_json(old)

    assert verdict.level is Level.DIFFERENT
    assert verdict.environment is Surroundings.EXACT
    assert verdict.outputs[0].detail == "1 of 3 lines differ."
    assert verdict.outputs[0].comparison is None


def test_a_comparison_that_is_too_long_loses_its_figures_first() -> None:
    picture = ImageFigure("x", "A" * 80_000, 9, 9)
    wide = Difference("\U0001f600" * 200, "value", "\U0001f600" * 80, "\U0001f600" * 80)

    bounded = Comparison("x", figures=(picture,) * 4, differences=(wide,) * 20).bounded()

    assert len(json.dumps(bounded.as_json())) <= MAX_JSON
    assert len(bounded.differences) == 20
    assert len(bounded.figures) == 1


def test_the_levels_are_told_as_the_api_has_them() -> None:
    assert [level.value for level in Level] == [
        "bit-identical", "content-identical", "numerically-equal", "statistically-compatible",
        "different", "missing",
    ]  # fmt: skip
    assert [each.value for each in Surroundings] == [
        "exact", "same-lock", "substituted", "unknown",
    ]  # fmt: skip
