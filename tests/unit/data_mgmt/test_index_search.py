"""Search in the index: what is found, by whom, how far; facets, exports, streams, the page."""

from __future__ import annotations

import csv
import json
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt.models import IndexedDid, IndexedScope
from data_mgmt.query.text import parse
from data_mgmt.services import exporting, harvest, index_facets, index_keys, index_search
from data_mgmt.services.index_search import Extent
from data_mgmt.services.index_sql import expression
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.streams import NDJSON
from vre_portal import streaming
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
API = "/api/v1/data"
DATASETS: dict[str, dict[str, Any]] = {
    "ligo:h1_o1": {"instrument": "LIGO", "gps_start": 968000000, "quality": "good", "run": 1,
                   "taken": "2015-09-14T09:50:45"},
    "ligo:h1_o2": {"instrument": "LIGO", "gps_start": 1164556817, "quality": "bad", "run": 2,
                   "taken": "2016-11-30"},
    "ligo:l1_100%_o1": {"instrument": "LIGO", "gps_start": 968000001.5, "run": "3"},
    "virgo:v1": {"instrument": "VIRGO", "gps_start": "unknown", "open_data": True, "size": 5},
    "virgo:V1_O2": {"instrument": "VIRGO", "a b/c": "x y", "quality": "good"},
}  # fmt: skip


@pytest.fixture
def index(alice: User, data_backend: FakeDataBackend) -> FakeDataBackend:
    """Datasets of three scopes, all in the index."""
    data_backend.add_file("ligo:frame-1.gwf", b"x" * 5000)
    for did, metadata in DATASETS.items():
        data_backend.add_dataset(did, **metadata)
    read_all()
    return data_backend


def read_all() -> None:
    harvest.find_scopes()
    for scope in IndexedScope.objects.values_list("scope", flat=True):
        harvest.harvest(scope)


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


def test_a_scope_that_rucio_does_not_give_to_a_person_is_not_searched(
    browser: Client, index: FakeDataBackend, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = type(index).list_scopes

    def without_virgo(self: FakeDataBackend, credential: Any) -> tuple[str, ...]:
        scopes = everything(self, credential)
        mine = credential.account == alice.handle
        return tuple(scope for scope in scopes if scope != "virgo" or not mine)

    monkeypatch.setattr(type(index), "list_scopes", without_virgo)
    cache.clear()

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


def test_the_page_shows_what_is_found_with_facets_age_and_builder(
    browser: Client, index: FakeDataBackend
) -> None:
    text = browser.get("/data/?q=instrument%3DLIGO%20run%20in%20(1,%202)").text

    assert 'href="/data/ligo:h1_o1"' in text
    assert "ligo:l1_100" not in text
    assert "2 found in" in text
    assert "Index as of" in text
    assert 'value="instrument=LIGO run in (1, 2)"' in text
    assert '<option value="in" selected>' in text
    assert 'aria-current="true"' in text
    assert "asked live" not in text
    assert 'value="ligo:h1_o1" form="pick"' in text


def test_a_facet_adds_its_condition_and_takes_it_away(
    browser: Client, index: FakeDataBackend
) -> None:
    plain = unquote(browser.get("/data/?q=type:dataset").text)
    chosen = unquote(browser.get("/data/?q=type:dataset instrument=LIGO").text)

    assert 'href="?q=type:dataset+instrument=LIGO"' in plain
    assert 'href="?q=type:dataset" aria-current="true"' in chosen


def test_the_builder_leads_to_the_text_and_needs_no_script(browser: Client, index: object) -> None:
    rows = {"f": ["instrument", "run", ""], "o": ["=", ">=", "="], "v": ["LIGO H1", "2", ""]}

    searched = browser.get("/data/", rows)
    removed = browser.get("/data/", rows | {"remove": "0"})
    added = browser.get("/data/", rows | {"add": "1"}, follow=True)

    assert unquote(searched["Location"]) == '/data/?q=instrument="LIGO+H1"+run>=2'
    assert unquote(removed["Location"]) == "/data/?q=run>=2"
    assert added.text.count('name="f"') == 3


def test_a_wrong_search_is_told_at_its_place_and_kept(browser: Client, index: object) -> None:
    answer = browser.get("/data/?q=size>big")

    assert answer.status_code == 422
    assert "At character 6" in answer.text
    assert 'value="size&gt;big"' in answer.text


def test_what_has_or_is_changed_in_the_text(browser: Client, index: object) -> None:
    text = browser.get("/data/?q=run=1 OR run=2").text

    assert "shown as a list of conditions" in text
    assert "ligo:h1_o2" in text


def test_an_unknown_key_is_told(browser: Client, index: object) -> None:
    assert "has the key colour" in browser.get("/data/?q=colour=red").text


def test_a_scope_that_was_not_read_is_asked_live(browser: Client, index: FakeDataBackend) -> None:
    index.add_dataset("astro:m13", instrument="DSS")
    cache.clear()

    live = browser.get("/data/?q=m13 type:dataset").text
    both = browser.get("/data/?q=o1").text
    metadata = browser.get("/data/?q=instrument=LIGO").text

    assert "asked live: astro" in live
    assert 'href="/data/astro:m13"' in live
    assert "ligo:h1_o1" in both
    assert "asked live: astro" in both
    assert "Not wholly read into the index yet: astro" in metadata


def test_the_index_answers_while_rucio_does_not(browser: Client, index: FakeDataBackend) -> None:
    browser.get("/data/?q=h1")
    index.fail_on("*", UpstreamUnavailable("Rucio is down.", service="rucio"))

    assert "ligo:h1_o1" in browser.get("/data/?q=h1").text


def test_the_api_gives_pages_of_a_search(browser: Client, index: object) -> None:
    names: list[str] = []
    address: str | None = f"{API}/dids?q=type:dataset&limit=2"
    while address:
        answer = browser.get(address).json()
        names += [f"{row['scope']}:{row['name']}" for row in answer["items"]]
        address = answer["next"]

    assert names == sorted(["cms:dimuon", *DATASETS])


def test_the_api_names_the_field_of_a_wrong_search(browser: Client, index: object) -> None:
    answer = browser.get(f"{API}/dids?q=(a=1")

    assert answer.status_code == 422
    assert answer.json()["field"] == "q"
    assert browser.get(f"{API}/facets?q=(a=1").status_code == 422


def test_the_api_tells_facets_with_their_conditions(browser: Client, index: object) -> None:
    told = browser.get(f"{API}/facets?q=scope:ligo").json()

    assert (told["total"], told["cut"], told["unread"]) == (4, False, [])
    (facet,) = [each for each in told["facets"] if each["field"] == "quality"]
    assert {value["condition"] for value in facet["values"]} == {"quality=good", "quality=bad"}


def prepared(alice: User, query: str) -> streaming.Prepared:
    client = Client()
    sign_in(client, alice)
    from tests.streams import cookie_of, scope_of

    sent = {"host": "testserver", "accept": NDJSON, "cookie": cookie_of(client)}
    wanted = streaming.wanted_of(scope_of(f"{API}/dids", query, sent))
    assert wanted is not None
    return streaming.prepare_stream(wanted)


def test_a_search_streams_from_the_index(
    alice: User, index: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_mgmt.index_rows.ROWS_AT_ONCE", 2)

    parts = [*(prepared(alice, "q=type:dataset").rows.parts or ())]
    rest = b"".join(prepared(alice, "q=type:dataset&cursor=ligo:h1_o2").rows.parts or ())

    rows = [json.loads(line) for line in b"".join(parts).splitlines()]
    assert [f"{row['scope']}:{row['name']}" for row in rows] == sorted(["cms:dimuon", *DATASETS])
    assert rows[0] == {"scope": "cms", "name": "dimuon", "did_type": "dataset", "bytes": 600,
                       "length": 3}  # fmt: skip
    assert len(parts) == 3
    assert rest.count(b"\n") == 3


def test_a_wrong_search_is_refused_before_it_streams(alice: User, index: object) -> None:
    with pytest.raises(InvalidRequest):
        prepared(alice, "q=(a")


def test_a_result_is_saved_as_a_list_and_a_table(browser: Client, index: FakeDataBackend) -> None:
    listed = browser.get("/data/export?as=txt&q=scope:ligo").getvalue().decode()
    table = browser.get("/data/export?as=csv&q=scope:ligo").getvalue().decode()

    assert listed.splitlines() == [
        "ligo:frame-1.gwf", "ligo:h1_o1", "ligo:h1_o2", "ligo:l1_100%_o1",
    ]  # fmt: skip
    rows = [*csv.DictReader(table.splitlines())]
    assert rows[1]["name"] == "h1_o1"
    assert json.loads(rows[1]["metadata"])["instrument"] == "LIGO"


def test_a_table_holds_no_formula(browser: Client, index: FakeDataBackend) -> None:
    index.add_file("ligo:=1+1")
    IndexedScope.objects.all().delete()
    read_all()

    assert ",'=1+1," in browser.get("/data/export?as=csv&q=1+1 scope:ligo").getvalue().decode() or (
        "'=1+1" in browser.get("/data/export?as=csv&q=scope:ligo").getvalue().decode()
    )


def test_a_long_result_is_cut_in_words(
    browser: Client, index: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)

    for kind in ("txt", "csv"):
        text = browser.get(f"/data/export?as={kind}&q=scope:ligo").getvalue().decode()
        assert "the first 2 only, there are more" in text


@pytest.mark.parametrize(
    ("query", "told"),
    [("q=zzz", "Nothing is found"), ("q=h1&as=pdf", "as is one of"), ("q=(a", "expected")],
)
def test_what_can_not_be_saved_is_told(
    browser: Client, index: object, query: str, told: str
) -> None:
    answer = browser.get(f"/data/export?{query}")

    assert answer.status_code == 422
    assert told in answer.text


def test_a_metalink_of_too_many_is_refused(
    browser: Client, index: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_LINKED", 1)

    answer = browser.get("/data/export?as=metalink&q=scope:ligo")

    assert answer.status_code == 422
    assert "narrow the search" in answer.text


def test_a_metalink_names_the_files(browser: Client, index: object) -> None:
    text = browser.get("/data/export?as=metalink&q=dimuon").getvalue().decode()

    assert text.count("<file ") == 3


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("scope=cms&name=dim&type=dataset", "scope:cms dim type:dataset"),
        ("scope=cms&filter=energy_tev.gte=13,instrument=CMS", "energy_tev>=13 instrument=CMS"),
    ],
)
def test_a_search_of_one_scope_stands_in_the_line_too(
    browser: Client, index: object, address: str, text: str
) -> None:
    page = browser.get(f"/data/?{address}").text

    assert text.replace(">", "&gt;") in page


def test_a_search_is_saved_whole(browser: Client, index: object) -> None:
    answer = browser.post(
        "/data/searches/", {"name": "Good", "query": "q=quality=good type:dataset&after=ligo:h1_o1"}
    )

    assert unquote(answer["Location"]) == "/data/?q=quality=good+type:dataset"


def test_two_people_see_their_own_scopes_one_after_the_other(
    index: FakeDataBackend, bob: User, alice: User
) -> None:
    assert index_search.visible_scopes(alice) == index_search.visible_scopes(bob)
    index.scopes.discard("virgo")
    assert "virgo" in index_search.visible_scopes(bob), "kept for a minute"
    cache.clear()
    assert "virgo" not in index_search.visible_scopes(bob)
