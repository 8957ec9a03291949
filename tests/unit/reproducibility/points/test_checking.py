"""A table against the declared parameters: points, or every fault by row and column."""

from __future__ import annotations

from typing import Any

import pytest

from reproducibility.points.checking import check
from reproducibility.points.limits import MOST_COLUMNS, MOST_FAULTS, MOST_ROWS
from reproducibility.points.tables import Table
from reproducibility.points.values import Faulty
from tests.unit.reproducibility.points.making import DEFAULTS, loaded, refused, told


def test_each_column_has_the_type_of_its_default() -> None:
    points = loaded("mass,events,label,quick,day\n1,2,007,TRUE,2026-01-31\n")

    assert points.rows == ((1.0, 2, "007", True, "2026-01-31"),)
    assert [type(value) for value in points.rows[0]] == [float, int, str, bool, str]


def test_absent_columns_are_no_fault() -> None:
    points = loaded("events\n1\n2\n")

    assert list(points) == [{"events": 1}, {"events": 2}]


def test_a_parameter_without_a_default_takes_what_yaml_would_read() -> None:
    points = loaded("free\n7\n2.5\ntrue\nword\n")

    assert points.rows == ((7,), (2.5,), (True,), ("word",))


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("events", "many", "give a whole number"),
        ("events", "2.5", "give a whole number"),
        ("events", "3.0", "give a whole number"),
        ("events", "1_000", "give a whole number"),
        ("events", "٣", "give a whole number"),
        ("events", "9223372036854775808", "64 bits"),
        ("events", "true", "give a whole number"),
        ("mass", "heavy", "give a number"),
        ("mass", "1;5", "give a number"),
        ("mass", '"1,5"', "decimal point, not a comma"),
        ("mass", "nan", "finite"),
        ("mass", "-INF", "finite"),
        ("mass", "1e999", "finite"),
        ("mass", "0x10", "give a number"),
        ("quick", "1", "true or false"),
        ("quick", "yes", "true or false"),
        ("day", "tomorrow", "a date such as 2026-11-27"),
        ("day", "2026-02-30", "a date such as 2026-11-27"),
        ("day", "2026-01-31 12:00:00", "a date such as 2026-11-27"),
        ("label", "a\0b", "can't be used"),
        ("label", "x" * 1001, "at most 1,000 characters"),
        ("free", "nan", "finite"),
    ],
)
def test_a_wrong_value_is_told_by_row_and_column(column: str, cell: str, says: str) -> None:
    other = "events" if column != "events" else "mass"
    faulty = refused(f"{other},{column}\n1,{cell}\n")

    ((row, where, reason),) = told(faulty)

    assert (row, where) == (2, column)
    assert says in reason


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1.5", "give a whole number"),
        ('"1"', None),
        ("true", "give a whole number"),
        ("null", "empty"),
        ("[1]", "one value"),
        ("NaN", "give a whole number"),
        ("9" * 5000, "give a whole number"),
    ],
)
def test_values_of_json_have_types_already(value: str, says: str | None) -> None:
    document = f'[{{"events": {value}, "mass": 1}}]'

    if says is None:
        assert loaded(document).rows == ((1, 1.0),)
    else:
        assert says in told(refused(document))[0][2]


def test_a_whole_number_that_no_float_holds_is_refused_for_a_float() -> None:
    exact, not_exact = 2**53, 2**53 + 1

    assert loaded(f'[{{"mass": {exact}}}]').rows == ((float(exact),),)
    assert "last digit" in told(refused(f'[{{"mass": {not_exact}}}]'))[0][2]


def test_an_unknown_column_names_the_nearest() -> None:
    faulty = refused("event,label\n1,a\n")

    assert told(faulty) == [(1, "event", "no such parameter; is events meant?")]
    assert faulty.message == "Row 1, event: no such parameter; is events meant?"


def test_a_column_like_no_other_lists_what_there_is() -> None:
    faulty = refused("zzz\n1\n")

    assert "there are: mass, events, label" in faulty.message


def test_spaces_around_a_name_are_no_part_of_it() -> None:
    assert loaded("mass , events\n1,2\n").columns == ("mass", "events")


def test_a_list_can_not_be_set_by_a_table() -> None:
    faulty = refused("cuts,mass\n1,1\n")

    assert told(faulty)[0][:2] == (1, "cuts")
    assert "list or an object" in faulty.message


def test_a_column_that_stands_twice_is_told() -> None:
    assert told(refused("mass,mass\n1,2\n")) == [(1, "mass", "this column stands there 2 times.")]


def test_a_point_that_stands_twice_is_told_with_both_rows() -> None:
    faulty = refused("mass,events\n1,2\n3,4\n1.0,02\n1e0,2\n")

    assert told(faulty) == [
        (4, "", "the same point stands in row 2."),
        (5, "", "the same point stands in row 2."),
    ]


def test_empty_cells_and_rows_are_told() -> None:
    faulty = refused("mass,events\n,2\n1,\n,\n")

    assert [fault[:2] for fault in told(faulty)] == [(2, "mass"), (3, "events"), (4, "")]
    assert all("empty" in fault[2] for fault in told(faulty))


def test_rows_of_other_lengths_are_told() -> None:
    faulty = refused("mass,events\n1\n1,2,3\n")

    assert told(faulty) == [
        (2, "", "the row has fewer cells (1) than there are columns (2)."),
        (3, "", "the row has more cells than there are columns."),
    ]


def test_faults_of_columns_and_of_cells_are_told_together() -> None:
    faulty = refused("evnts,mass\n1,heavy\n")

    assert [fault[:2] for fault in told(faulty)] == [(1, "evnts"), (2, "mass")]


def test_fifty_faults_are_told_and_the_others_counted() -> None:
    faulty = refused("mass\n" + "x\n" * 73)

    assert len(faulty.faults) == MOST_FAULTS
    assert faulty.more == 23
    assert faulty.message == "Row 2, mass: give a number. There are 72 more faults."
    assert faulty.as_problem()["more"] == 23
    assert faulty.as_problem()["faults"][1] == {
        "row": 3, "column": "mass", "reason": "give a number.",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", ["", "\n \n", "mass\n", "[]", '{"columns": ["mass"], "rows": []}']
)
def test_a_table_without_a_point_is_refused(content: str) -> None:
    assert "no point" in refused(content).message


def test_too_many_rows_are_told_by_their_number_without_being_kept() -> None:
    rows = ((number, [number]) for number in range(1, 2 * MOST_ROWS + 1))

    with pytest.raises(Faulty) as caught:
        check(Table(("events",), rows), DEFAULTS)

    assert caught.value.message == "These are 200,000 points; a table has at most 100,000."


def test_too_many_columns_are_told_by_their_number() -> None:
    names = [f"p{number}" for number in range(MOST_COLUMNS + 1)]
    defaults: dict[str, Any] = dict.fromkeys(names, 1)

    faulty = refused(f"{','.join(names)}\n{','.join('1' * len(names))}\n", defaults)

    assert "201 columns; at most 200" in faulty.message


def test_too_many_cells_are_refused() -> None:
    names = [f"p{number}" for number in range(MOST_COLUMNS)]
    rows = ((number, [number] * MOST_COLUMNS) for number in range(1, 20_002))

    with pytest.raises(Faulty, match="4,000,000 cells"):
        check(Table(tuple(names), rows), dict.fromkeys(names, 1))
