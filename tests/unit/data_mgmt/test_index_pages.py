"""Search in the index as people and programs meet it: page, API, stream, exports."""

from __future__ import annotations

import csv
import json
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt import search_pages
from data_mgmt.models import IndexedScope
from data_mgmt.services import exporting, index_search
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.streams import NDJSON
from tests.unit.data_mgmt.indexed import DATASETS, read_all
from vre_portal import streaming
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
API = "/api/v1/data"


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
    assert "change it there and search again" in answer.text
    assert "Try again" not in answer.text, "the same search would fail again"
    assert "shown as a list of conditions" not in answer.text
    assert "type%3Adataset%20size%3E1GB" in answer.text, "examples of how it is written"


def test_a_search_with_more_conditions_than_the_form_holds_loses_none(
    browser: Client, index: object
) -> None:
    most = browser.get(f"/data/?q={'h1 ' * search_pages.MOST_ROWS}").text
    more = browser.get(f"/data/?q={'h1 ' * (search_pages.MOST_ROWS + 1)}").text

    assert most.count('name="f"') == search_pages.MOST_ROWS
    assert 'name="f"' not in more
    assert "shown as a list of conditions" in more
    assert "ligo:h1_o1" in more


def test_a_file_says_which_scopes_it_lacks(browser: Client, index: FakeDataBackend) -> None:
    index.add_dataset("astro:m13")
    cache.clear()

    for kind in ("txt", "csv"):
        text = browser.get(f"/data/export?as={kind}&q=type:dataset").getvalue().decode()
        whole = browser.get(f"/data/export?as={kind}&q=scope:ligo").getvalue().decode()
        assert "not in the index yet: astro" in text.splitlines()[-1]
        assert "#" not in whole


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
