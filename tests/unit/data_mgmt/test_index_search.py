"""Search in the index: what is found, by whom, how far, and its facets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt import index_rows
from data_mgmt.models import IndexedDid, IndexedScope
from data_mgmt.query.text import parse
from data_mgmt.services import index_facets, index_keys, index_search
from data_mgmt.services.index_search import Extent
from data_mgmt.services.index_sql import expression
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt import indexed

pytestmark = pytest.mark.django_db
API = "/api/v1/data"


def over(*scopes: str) -> Extent:
    return Extent(scopes, tuple(IndexedScope.objects.filter(pk__in=scopes)), True)


EVERYWHERE = ("cms", "ligo", "virgo")


def found(text: str, *, limit: int = 100) -> list[str]:
    page = index_search.search(over(*EVERYWHERE), parse(text), limit=limit)
    return [row.info.did.name for row in page.rows]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("h1", ["h1_o1", "h1_o2"]),
        ("V1", ["V1_O2", "v1"]),
        ("100%", ["l1_100%_o1"]),
        ("1_o", ["h1_o1", "h1_o2", "V1_O2"]),
        ("h1*1", ["h1_o1"]),
        ("name:v1", ["v1"]),
        ("name~v1*", ["V1_O2", "v1"]),
        ("type:file size>=5000", ["frame-1.gwf"]),
        ("size>4KiB size<1MB", ["frame-1.gwf"]),
        ("scope:virgo", ["V1_O2", "v1"]),
        ("scope:vir*", ["V1_O2", "v1"]),
        ("scope in (cms, virgo) type:dataset", ["dimuon", "V1_O2", "v1"]),
        ("instrument=LIGO quality=bad", ["h1_o2"]),
        ("instrument~lig* NOT quality=good", ["h1_o2", "l1_100%_o1"]),
        ("quality!=bad", ["h1_o1", "V1_O2"]),
        ("quality exists", ["h1_o1", "h1_o2", "V1_O2"]),
        ("NOT instrument exists type:dataset", []),
        ("gps_start>=968000001", ["h1_o2", "l1_100%_o1"]),
        ("gps_start<968000001", ["h1_o1"]),
        ("gps_start=968000001.5", ["l1_100%_o1"]),
        ("run=3", ["l1_100%_o1"]),
        ('run="3"', ["l1_100%_o1"]),
        ('run="1"', []),
        ("run in (1, 2)", ["h1_o1", "h1_o2"]),
        ("open_data=true", ["v1"]),
        ('"size"=5', ["v1"]),
        ('"a b/c"="x y"', ["V1_O2"]),
        ("taken=2015-09-14", ["h1_o1"]),
        ("taken<=2015-09-14", ["h1_o1"]),
        ("taken>2015-09-14", ["h1_o2"]),
        ("taken>=2015-09-14T09:50:45 taken<2015-09-14T09:50:46", ["h1_o1"]),
        ("quality>=c", ["h1_o1", "V1_O2"]),
        ("(run=1 OR run=2) instrument=LIGO", ["h1_o1", "h1_o2"]),
        ("NOT (run=1 OR run=2) instrument=LIGO", ["l1_100%_o1"]),
        ("created>=2026-01-02 type:dataset scope:ligo", ["h1_o1", "h1_o2", "l1_100%_o1"]),
        ("created<2026-01-02", []),
        ("created=2026-01-02 account:root scope:virgo", ["V1_O2", "v1"]),
        ("nobody_knows=1", []),
        ("nobody_knows!=1", []),
        ("files=3", ["all", "dimuon"]),
        ("open:no scope:virgo", ["V1_O2", "v1"]),
    ],
)
def test_a_search_finds_what_it_says(index: FakeDataBackend, text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize("text", [
    "a=\"'; DROP TABLE data_mgmt_indexeddid; --\"", "\"k' || 1\"=1", "name:\"%' OR '1'='1\"",
    '"a%s"=1 b="%(x)s"', r'x="\\"', "k~%_*", '"\'"exists', "gps_start>=1e300", "size<9PB",
    "gps_start=123456789012345678901234567890",
])  # fmt: skip
def test_hostile_texts_are_values_and_nothing_else(index: FakeDataBackend, text: str) -> None:
    rows = IndexedDid.objects.count()

    index_search.search(over(*EVERYWHERE), parse(text), limit=10)
    index_search.count(over(*EVERYWHERE), parse(text))
    index_facets.facets(over(*EVERYWHERE), parse(text))

    assert IndexedDid.objects.count() == rows


def a_heap(scope: str, count: int, **metadata: Any) -> None:
    IndexedDid.objects.bulk_create(
        IndexedDid(scope=scope, name=f"n{n:05d}", type="file", bytes=n,
                   metadata={**metadata, "n": n, "half": "low" if n < count / 2 else "high"})
        for n in range(count)
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "kind=a", "half=high", "n>=150", "n=177", "scope:b", "zzz"])
def test_pages_hold_everything_once_and_in_order_however_it_is_found(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_search, "WALKED", 20)
    monkeypatch.setattr(index_search, "SORTED", 60)
    a_heap("a", 200, kind="a")
    a_heap("b", 100, kind="b")
    node, extent = parse(text), over("a", "b", "c")

    pages = [*index_search.pages(extent, node, rows=17)]

    names = [(row.info.did.scope, row.info.did.name) for page in pages for row in page.rows]
    wanted = IndexedDid.objects.filter(expression(node)).order_by("scope", "name")
    assert names == [*wanted.values_list("scope", "name")]
    assert all(len(page.rows) == 17 for page in pages[:-1])


@pytest.fixture
def without_virgo(index: FakeDataBackend, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Rucio that gives the scope `virgo` to everybody but Alice."""
    everything = type(index).list_scopes

    def without_virgo(self: FakeDataBackend, credential: Any) -> tuple[str, ...]:
        scopes = everything(self, credential)
        mine = credential.account == alice.handle
        return tuple(scope for scope in scopes if scope != "virgo" or not mine)

    monkeypatch.setattr(type(index), "list_scopes", without_virgo)
    cache.clear()


@pytest.mark.usefixtures("without_virgo")
def test_a_scope_that_rucio_does_not_give_to_a_person_is_not_searched(browser: Client) -> None:
    page = browser.get("/data/?q=instrument=VIRGO").text
    listed = browser.get(f"{API}/dids?q=type:dataset").json()["items"]
    named = browser.get(f"{API}/dids?q=scope:virgo").json()["items"]
    facets = json.dumps(browser.get(f"{API}/facets?q=").json())
    written = browser.get("/data/export?as=csv&q=type:dataset").getvalue().decode()

    assert "virgo:v1" not in page
    assert "VIRGO" not in facets
    assert "virgo" not in written
    assert {item["scope"] for item in listed} == {"cms", "ligo"}
    assert named == []


def test_counts_are_exact_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    a_heap("a", 30)
    monkeypatch.setattr(index_search, "COUNTED", 20)

    assert index_search.count(over("a"), parse("n<5")) == index_search.Count(5, False)
    assert index_search.count(over("a"), parse("")) == index_search.Count(20, True)


def test_facets_count_the_most_used_keys(index: FakeDataBackend) -> None:
    told = index_facets.facets(over(*EVERYWHERE), parse("type:dataset"))

    counts = {
        facet.field.name: {value.text: value.count for value in facet.values}
        for facet in told.facets
    }
    assert counts["instrument"] == {"LIGO": 3, "VIRGO": 2, "CMS": 1}
    assert counts["scope"] == {"ligo": 3, "virgo": 2, "cms": 1}
    assert not told.is_cut
    conditions = [str(value.condition) for facet in told.facets for value in facet.values]
    assert "instrument=LIGO" in conditions
    assert "type:dataset" in conditions


def test_facets_of_much_say_how_much_was_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    a_heap("a", 30, kind="a")
    monkeypatch.setattr(index_facets, "SAMPLED", 20)

    told = index_facets.facets(over("a"), parse(""))

    assert (told.counted, told.is_cut) == (20, True)


@pytest.mark.django_db(transaction=True)
def test_a_key_on_many_gets_an_index_for_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_keys, "MANY", 10)
    a_heap("a", 30, **{"odd' key": 1, "day": "2026-01-01"})
    row = IndexedScope(scope="a")
    index_keys.summarise(row)
    row.save()

    made = index_keys.index_ranges()

    assert len(made) == 6  # of n, odd' key and day, two each
    assert index_keys.index_ranges() == []
    try:
        assert [
            row.info.did.name for row in index_search.search(over("a"), parse("n>28"), limit=9).rows
        ] == ["n00029"]
    finally:
        drop(made)


def drop(names: list[str]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP INDEX {name}")


@pytest.mark.usefixtures("without_virgo")
def test_of_a_hidden_scope_no_key_no_count_and_no_line_is_told(
    browser: Client, alice: User, bob: User
) -> None:
    page = browser.get("/data/?q=type:dataset").text
    lines = b"".join(index_rows.lines(alice, "type:dataset", ""))

    assert "4 found in 2 scopes" in page
    assert "virgo" not in page.lower()
    assert "open_data" not in page, "a key of that scope alone"
    assert b"virgo" not in lines
    assert browser.get("/data/scopes/virgo/").status_code == 404
    for kind in ("txt", "csv"):
        answer = browser.get(f"/data/export?as={kind}&q=name:v1")
        assert answer.status_code == 422, "nothing is found"
    assert browser.get("/data/export?as=metalink&q=virgo:v1").status_code == 422
    assert "virgo" in index_search.visible_scopes(bob)


def test_texts_that_no_two_have_are_no_facet(index: FakeDataBackend) -> None:
    for number in range(6):
        index.add_dataset(f"notes:n{number}", note=f"about {number}", series="a" * (number % 2 + 1))
    indexed.read_all()

    told = index_facets.facets(over("notes"), parse(""))

    assert [facet.field.name for facet in told.facets] == ["series"]
