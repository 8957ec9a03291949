"""Whatever a file or a field holds: it gives points or faults, and nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from reproducibility.points import plans
from reproducibility.points.limits import MOST_FAULTS
from reproducibility.points.plans import Plan, Way
from reproducibility.points.values import Faulty, Points
from tests.unit.reproducibility.points.making import DEFAULTS, loaded, unhurried

names = st.sampled_from([*DEFAULTS, "masss", "", "\ud800"])
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([10**400, "1e999", "\ud800", "\0", "2026-11-27", "'=1"])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=5
)
rows = st.lists(st.lists(values, max_size=4), max_size=4)
documents = (
    st.lists(st.dictionaries(names, values, max_size=4), max_size=4)
    | st.fixed_dictionaries({"columns": st.lists(names, max_size=4), "rows": rows})
    | values
)
#: Pieces of which tables are made.
syntax = st.lists(
    st.sampled_from([*DEFAULTS, *",;\t\n\r\"'[]{}:=", "1", "1.5", "true", "nan", "\0", "\ufeff"]),
    max_size=40,
).map("".join)
fields = st.lists(
    st.sampled_from(["log ", "uniform ", "choice ", *':,".-+e 019', "1e9", "0.1", "a", "nan"]),
    max_size=12,
).map("".join)


def outcome(give: Callable[[], Points]) -> Points | Faulty:
    try:
        return give()
    except Faulty as faulty:
        return faulty


def sound(found: Points | Faulty) -> None:
    """Check that what came can be shown and stored."""
    if isinstance(found, Points):
        assert len(found) > 0
        assert set(found.columns) <= set(DEFAULTS)
        json.dumps(list(found), allow_nan=False, ensure_ascii=False).encode()
    else:
        assert 0 < len(found.faults) <= MOST_FAULTS
        json.dumps(found.as_problem(), ensure_ascii=False).encode()


@unhurried
@given(st.binary(max_size=300).filter(lambda held: not held.startswith(b"PAR1")))
def test_any_bytes_give_points_or_faults(content: bytes) -> None:
    sound(outcome(lambda: loaded(content)))


@unhurried
@given(syntax)
def test_anything_like_a_table_gives_points_or_faults(text: str) -> None:
    sound(outcome(lambda: loaded(text)))


@unhurried
@given(documents)
def test_any_json_gives_points_or_faults(document: object) -> None:
    sound(outcome(lambda: loaded(json.dumps(document))))


@unhurried
@given(st.sampled_from(Way), st.dictionaries(names, fields, max_size=3), st.integers(-1, 50))
def test_any_fields_give_as_many_points_as_are_counted_or_faults(
    way: Way, said: dict[str, str], number: int
) -> None:
    wanted = Plan(way, said, number, seed=1)

    found = outcome(lambda: plans.make(wanted, DEFAULTS))

    sound(found)
    if isinstance(found, Points):
        assert len(found) == plans.count(wanted, DEFAULTS)
