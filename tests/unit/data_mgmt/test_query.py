"""The language of searches: what is written is what is read, and what can't be read is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from data_mgmt.query import (
    FIELDS,
    And,
    Compare,
    Exists,
    Field,
    Node,
    Not,
    Number,
    OneOf,
    Op,
    Or,
    Text,
    Truth,
    Word,
    conjuncts,
)
from data_mgmt.query.rows import OPERATORS, Row, rows_of, text_of
from data_mgmt.query.text import MAX_TEXT, parse
from vre_portal.errors import InvalidRequest

LONG = (
    "scope:cms type:dataset name:dimuon* created>=2026-01-01 size>1GB instrument=LIGO"
    " gps_start>=968000000 run in (1,2,3) NOT quality=bad (a=1 OR b=2)"
)

texts = some.text(some.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text.strip() == text
)
keys = texts.map(lambda text: Field(text, is_key=True))
values: Any = some.one_of(
    texts.map(Text),
    some.booleans().map(Truth),
    some.integers(-(10**12), 10**12).map(lambda number: Number(number, str(number))),
)
comparisons: Any = some.one_of(
    some.builds(Compare, keys, some.sampled_from([op for op in Op if op is not Op.LIKE]), values),
    some.builds(Compare, keys, some.just(Op.LIKE), texts.map(Text)),
    some.builds(Compare, some.just(Field("account", False)), some.just(Op.EQ), texts.map(Text)),
)
simple: Any = some.one_of(
    comparisons,
    some.builds(OneOf, keys, some.lists(values, min_size=1, max_size=4).map(tuple)),
    some.builds(Exists, keys),
    texts.map(Word),
)


def parsed(text: str) -> Node | InvalidRequest:
    try:
        return parse(text)
    except InvalidRequest as refused:
        return refused


def _joined(kind: type[And] | type[Or], parts: list[Any]) -> Any:
    flat = [each for part in parts for each in (part.parts if isinstance(part, kind) else [part])]
    return kind(tuple(flat))


trees: Any = some.recursive(
    simple,
    lambda inner: some.one_of(
        some.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(And, parts)),
        some.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(Or, parts)),
        inner.map(Not),
    ),
    max_leaves=8,
)


@given(trees)
@settings(max_examples=150, deadline=None)
def test_a_query_is_read_as_it_was_written(node: Node) -> None:
    assert parse(str(node)) == node


@given(some.lists(simple, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_rows_of_a_form_give_the_query_back(parts: list[Any]) -> None:
    node = parts[0] if len(parts) == 1 else And(tuple(parts))

    rows = rows_of(node)

    assert rows is not None
    assert parse(text_of(rows)) == node


@given(some.text(max_size=300) | some.text("()\"':=<>!~, \\ANDORTin*%a1-", max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    read = parsed(text)

    if isinstance(read, InvalidRequest):
        assert read.field == "q"
        assert "expected" in read.message
    else:
        assert parse(str(read)) == read


@given(some.lists(some.builds(Row, some.text(max_size=20), some.sampled_from(OPERATORS),
                              some.text(max_size=20)), max_size=4))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_into_rows_is_a_search_or_told(rows: list[Row]) -> None:
    read = parsed(text_of(rows))

    assert not isinstance(read, InvalidRequest) or read.field == "q"


def test_every_kind_of_condition_is_read() -> None:
    node = parse(LONG)

    parts = conjuncts(node)
    assert parts[0] == Compare(Field("scope", False), Op.EQ, Text("cms"))
    assert parts[2] == Compare(Field("name", False), Op.LIKE, Text("dimuon*"))
    assert parts[4] == Compare(Field("size", False), Op.GT, Number(10**9, "1GB"))
    assert isinstance(parts[7], OneOf)
    assert isinstance(parts[8], Not)
    assert isinstance(parts[9], Or)
    assert str(node) == LONG.replace("1,2,3", "1, 2, 3")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("size>big", "At character 6, before “big”: expected a size such as 500MB"),
        ("type:book", "expected file, dataset or container"),
        ("created>=tomorrow", "expected a day such as 2026-01-31"),
        ("created>=2026-02-31", "expected a day such as"),
        ("a=", "At its end: expected a value"),
        ("(a=1 OR b=2", "At its end: expected a closing parenthesis"),
        ("a=1)", "At character 4, before “)”: expected a condition, OR, or the end"),
        ('a="b', "expected a closing quote"),
        ("run in (1", "expected a comma or a closing parenthesis"),
        ("name>3", "expected = or : after name"),
        ("OR a=1", "expected a condition such as size>1GB"),
        ("NOT", "expected a condition"),
        ("x" * (MAX_TEXT + 1), "too long"),
        ("(" * 5000, "too long"),
        ("(" * 500, "fewer parentheses"),
        ("NOT " * 500 + "a=1", "fewer parentheses"),
        (" ".join(["a=1"] * 200), "at most 60 conditions"),
        (f"a in ({','.join('1' * 500)})", "at most 200 values"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(text)

    assert told in refused.value.message


def test_a_scope_before_a_colon_is_a_scope() -> None:
    within = Compare(Field("scope", False), Op.EQ, Text("cms"))

    assert parse("cms:dim*", scopes=["cms"]) == And(
        (within, Compare(Field("name", False), Op.LIKE, Text("dim*")))
    )
    assert parse("cms:dim") == Compare(Field("cms", True), Op.EQ, Text("dim"))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_key_with_the_name_of_a_field_stands_in_quotes(name: str) -> None:
    node = parse(f'"{name}"=5')

    assert node == Compare(Field(name, True), Op.EQ, Number(5, "5"))
    assert str(node) == f'"{name}"=5'


def test_units_are_powers_of_ten_or_two() -> None:
    sizes = {"1kB": 1000, "1KiB": 1024, "1.5GB": 1_500_000_000, "2T": 2 * 10**12, "7": 7}

    for text, size in sizes.items():
        assert parse(f"size={text}") == Compare(Field("size", False), Op.EQ, Number(size, text))


def test_what_has_or_has_no_rows() -> None:
    assert rows_of(parse("a=1 OR b=2")) is None
    assert rows_of(parse("NOT a=1")) is None
    assert rows_of(And()) == []
