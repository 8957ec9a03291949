"""CSV and JSON: what is read, and what is told of what can't be."""

from __future__ import annotations

import pytest

from reproducibility.points.formats import Format, format_of
from tests.unit.reproducibility.points.making import loaded, refused, told


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_cells_are_parted_by_commas_semicolons_or_tabs(mark: str) -> None:
    points = loaded(f"mass{mark}label\n1.5{mark}a b\n")

    assert points.columns == ("mass", "label")
    assert points.rows == ((1.5, "a b"),)


def test_the_delimiter_is_that_of_the_header() -> None:
    points = loaded('mass;label\n1.5;"a,b,c;d"\n')

    assert points.rows == ((1.5, "a,b,c;d"),)


def test_a_mark_in_quotes_is_no_delimiter() -> None:
    points = loaded('"a,b,c";mass\nx;1\n', {"a,b,c": "", "mass": 1.0})

    assert points.columns == ("a,b,c", "mass")


def test_a_name_over_two_lines_has_no_delimiter_in_it() -> None:
    points = loaded('"a\t\nb",mass\nx,1\n', {"a\t\nb": "", "mass": 1.0})

    assert points.columns == ("a\t\nb", "mass")


def test_a_bar_is_no_delimiter() -> None:
    assert "is mass meant?" in refused("mass|x\n1|2\n").message


def test_what_spreadsheets_write_is_read() -> None:
    points = loaded('\ufeffmass;label\r\n1.5;"say ""hi"""\r\n2;"two\r\nlines"\r\n')

    assert points.rows == ((1.5, 'say "hi"'), (2.0, "two\r\nlines"))


def test_rows_are_counted_by_the_lines_they_begin_at() -> None:
    faulty = refused('\nlabel,mass\n"a\nb",1\n\nc,x\n')

    assert told(faulty) == [(6, "mass", "give a number.")]


@pytest.mark.parametrize(
    "content", ['mass\n"1\n', 'mass\n1\n"2"3\n', "label\n" + "x" * 200_000 + "\n"]
)
def test_a_row_that_is_no_csv_is_told(content: str) -> None:
    faulty = refused(content)

    assert faulty.faults[0].row in {2, 3}
    assert "can't be read" in faulty.message


def test_what_was_found_before_a_broken_row_is_told_too() -> None:
    faulty = refused('mass\nx\n"2\n')

    assert [fault[0] for fault in told(faulty)] == [3, 2]


@pytest.mark.parametrize(
    "content", ["mass\n1\n".encode("utf-16"), b"mass\n1\n\xff\n", b"\x80", b'["\xff"]']
)
def test_what_is_not_utf_8_says_how_to_save_it(content: bytes) -> None:
    assert "UTF-8" in refused(content).message


def test_json_is_a_list_of_objects_in_any_order_of_keys() -> None:
    points = loaded(' [{"mass": 1, "events": 2}, {"events": 3, "mass": 2.5}]')

    assert points.columns == ("mass", "events")
    assert points.rows == ((1.0, 2), (2.5, 3))


def test_json_is_columns_and_rows() -> None:
    points = loaded('{"rows": [[1, "a"]], "columns": ["mass", "label"]}')

    assert list(points) == [{"mass": 1.0, "label": "a"}]


@pytest.mark.parametrize(
    ("content", "row", "column", "says"),
    [
        ('[{"mass": 1, "mass": 2}]', 1, "mass", "twice"),
        ('[{"mass": 1}, {"mass": 2, "events": 2, "events": 3}]', 2, "events", "twice"),
        ('{"columns": [], "columns": []}', None, "columns", "twice"),
        ('[{"mass": 1}, {"mass": 2, "events": 1}]', 2, "events", "same keys"),
        ('[{"mass": 1, "events": 1}, {"mass": 2}]', 2, "events", "same keys"),
        ('[{"mass": 1}, 7]', 2, "", "list of objects"),
        ("[{}]", 1, "", "list of objects"),
        ('{"mass": 1}', None, "", "list of objects"),
        ('{"columns": "mass", "rows": []}', None, "", "list of objects"),
        ('{"columns": [1], "rows": [[1]]}', None, "", "list of names"),
        ('{"columns": ["mass"], "rows": [1]}', 1, "", "list of objects"),
        ('{"columns": ["mass"], "rows": [[1, 2]]}', 1, "", "more cells"),
        ('[{"mass": 1},\n\n{"mass": }]', None, "", "Line 3 is not JSON"),
        ('[{"mass": 1}', None, "", "Line 1 is not JSON"),
    ],
)
def test_what_json_gets_wrong_is_told(
    content: str, row: int | None, column: str, says: str
) -> None:
    ((at, where, reason),) = told(refused(content))

    assert (at, where) == (row, column)
    assert says in reason


def test_what_can_not_be_shown_of_a_file_is_a_hole_in_the_message() -> None:
    faulty = refused('[{"ma\\ud800ss\\u202e": 1}]')

    assert faulty.faults[0].column == "ma\ufffdss\ufffd"


def test_without_an_interpreter_for_previews_small_texts_are_read_and_no_more() -> None:
    large = "events\n" + "\n".join(str(number) for number in range(200_000))

    assert len(loaded("events\n1\n", python=None)) == 1
    assert "Give a smaller one as CSV" in refused(large, python=None).message
    assert "Give a smaller one as CSV" in refused(b"PAR1", python=None).message


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"PAR1\0", Format.PARQUET),
        (b"\xef\xbb\xbf\n [", Format.JSON),
        (b"{", Format.JSON),
        (b"mass,events", Format.CSV),
        (b"", Format.CSV),
        (b'"[a]"', Format.CSV),
    ],
)
def test_the_first_bytes_tell_the_format(beginning: bytes, kind: Format) -> None:
    assert format_of(beginning) is kind
