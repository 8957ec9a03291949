"""What is exported comes back as the same points."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reproducibility.points.export import as_csv, as_json
from reproducibility.points.values import Points, Value
from tests.unit.reproducibility.points.making import loaded, unhurried

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(letters, min_size=1, max_size=20)
#: What CSV can't tell from the table itself: nothing but blank in the first line.
names = texts.filter(lambda name: name == name.strip() and name[0] not in "\ufeff[{P")
columns: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (1.5, st.floats(allow_nan=False, allow_infinity=False)),
    (1, st.integers(-(2**63), 2**63 - 1)),
    (True, st.booleans()),
    ("text", texts),
    ("formula", st.sampled_from(["=1+1", "-1", "+a", "@x", "'=1", "''-", "'plain", "\tx", "\r"])),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Points, dict[str, Any]]:
    """Points of any types, and the parameters that they are of."""
    named = draw(st.lists(names, min_size=1, max_size=5, unique_by=str.strip))
    chosen = [draw(st.sampled_from(columns)) for _ in named]
    row: st.SearchStrategy[tuple[Value, ...]] = st.tuples(*(values for _, values in chosen))
    rows = draw(st.lists(row, min_size=1, max_size=8, unique=True))
    defaults = {name: default for name, (default, _) in zip(named, chosen, strict=True)}
    return Points(tuple(named), tuple(rows)), defaults


@unhurried
@given(tables())
def test_csv_comes_back_as_it_was(table: tuple[Points, dict[str, Any]]) -> None:
    points, defaults = table

    again = loaded("".join(as_csv(points)), defaults)

    assert again == points


@unhurried
@given(tables())
def test_json_comes_back_as_it_was(table: tuple[Points, dict[str, Any]]) -> None:
    points, defaults = table

    again = loaded(as_json(points), defaults)

    assert again == points


def test_csv_is_as_the_rfc_has_it() -> None:
    points = Points(("mass", "label", "quick"), ((1e-07, 'a "b", c', True), (-2.0, "d", False)))

    assert list(as_csv(points)) == [
        "mass,label,quick\r\n", '1e-07,"a ""b"", c",true\r\n', "-2.0,d,false\r\n",
    ]  # fmt: skip


def test_no_text_is_a_formula_and_every_number_stays() -> None:
    points = Points(("mass", "=label"), ((-1.5, "=HYPERLINK()"), (2.0, "'@x"), (3.0, "'tis")))

    assert "".join(as_csv(points)).splitlines() == [
        "mass,'=label", "-1.5,'=HYPERLINK()", "2.0,''@x", "3.0,'tis",
    ]  # fmt: skip


def test_json_has_columns_and_rows() -> None:
    points = Points(("mass",), ((0.1,), (0.2,)))

    assert json.loads(as_json(points)) == {"columns": ["mass"], "rows": [[0.1], [0.2]]}
