"""Single values are read from JSON and CSV files; what can't be read says why."""

from __future__ import annotations

import pytest

from reproducibility.services.campaigns.results import (
    MOST_RESULTS,
    Declared,
    NoResult,
    Value,
    checked,
    keys_of,
    value_at,
)
from vre_portal.errors import InvalidRequest

FIT = b'{"mass": {"value": 91.19, "fits": [{"chi2": 49.9}, null]}, "note": "good", "bad": 1e999}'
TABLE = b"low,pairs\n60,12\n70,3.5\n80,many\n"


@pytest.mark.parametrize(
    ("path", "content", "where", "value"),
    [
        ("fit.json", FIT, "mass.value", 91.19),
        ("fit.json", FIT, "mass.fits[0].chi2", 49.9),
        ("fit.json", FIT, "mass.fits[1]", None),
        ("fit.json", FIT, "note", "good"),
        ("a.JSON", b"[1, 2, 3]", "[-1]", 3),
        ("table.csv", TABLE, "low[0]", 60),
        ("table.csv", TABLE, "pairs[1]", 3.5),
        ("table.csv", TABLE, "pairs[-1]", "many"),
        ("bom.csv", b"\xef\xbb\xbfx\n1\n", "x[0]", 1),
    ],
)
def test_a_value_is_found(path: str, content: bytes, where: str, value: Value) -> None:
    assert value_at(path, content, where) == value


@pytest.mark.parametrize(
    ("path", "content", "where", "told"),
    [
        ("fit.json", FIT, "width", "There is no width"),
        ("fit.json", FIT, "mass[0]", "There is no mass"),
        ("fit.json", FIT, "mass.fits[9]", "There is no mass.fits"),
        ("fit.json", FIT, "mass.fits.chi2", "There is no mass.fits.chi2"),
        ("fit.json", FIT, "mass", "no single value"),
        ("fit.json", FIT, "bad", "no finite number"),
        ("fit.json", b"{", "mass", "can't be read"),
        ("fit.json", b"[" * 100_000, "[0]", "can't be read"),
        ("fit.json", b"\xff\xfe", "mass", "can't be read"),
        ("table.csv", TABLE, "high[0]", "There is no high"),
        ("table.csv", TABLE, "pairs", "no single value"),
        ("table.csv", TABLE, "pairs[3]", "There is no pairs"),
    ],
)
def test_what_is_not_there_says_why(path: str, content: bytes, where: str, told: str) -> None:
    with pytest.raises(NoResult, match=told):
        value_at(path, content, where)


@pytest.mark.parametrize("where", ["", ".", "a..b", "a[", "a[x]", "a[1", "a[--1]", "a[9999999999]"])
def test_a_place_that_says_nothing_is_refused(where: str) -> None:
    with pytest.raises(NoResult, match="no place"):
        keys_of(where)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ([Declared("", "fit.json", "mass")], "a name"),
        ([Declared("bins", "fit.json", "mass")], "stands twice"),
        ([Declared("m", "fit.json", "mass"), Declared("m", "fit.json", "x")], "stands twice"),
        ([Declared("m", "fit.root", "mass")], "from .json and .csv"),
        ([Declared("m", "../fit.json", "mass")], "from .json and .csv"),
        ([Declared("m", "fit.json", "a[x]")], "no place"),
        ([Declared(f"m{n}", "f.json", "a") for n in range(MOST_RESULTS + 1)], "At most"),
    ],
)
def test_results_that_can_not_be_read_are_refused_before(
    declared: list[Declared], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told) as refused:
        checked(declared, ["bins"])

    assert refused.value.field == "results"
