"""Favourites, recent DIDs and saved searches: one's own, bounded, and of use without a script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import merging
from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import Favourite, RecentDid, SavedSearch
from tests.factories import sign_in
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

pytestmark = pytest.mark.django_db
PAGE = "/data/cms:dimuon"
API = "/api/v1/data"


def starred(browser: Client, did: str = "cms:dimuon", star: str = "on") -> Any:
    return browser.post("/data/favourites/", {"did": did, "star": star, "next": PAGE})


def sent(browser: Client, method: str, path: str, body: dict[str, object]) -> Any:
    ask = getattr(browser, method)
    return ask(f"{API}/{path}", json.dumps(body), content_type="application/json")


def test_a_star_is_given_on_the_page_and_taken_again(
    browser: Client, alice: User, dimuon: Did
) -> None:
    answer = starred(browser)

    assert answer["Location"] == PAGE
    assert [kept.did for kept in services.favourites(alice)] == [dimuon]
    assert 'value="off"' in browser.get(PAGE).text
    starred(browser, star="off")
    assert services.favourites(alice) == []
    assert 'value="on"' in browser.get(PAGE).text


def test_a_second_star_changes_nothing(browser: Client, alice: User) -> None:
    starred(browser)
    starred(browser)

    assert Favourite.objects.visible_to(alice).count() == 1


def test_favourites_stand_on_the_data_page_and_on_home(browser: Client) -> None:
    starred(browser)

    for address in ("/data/", "/", "/data/favourites/"):
        assert 'href="/data/cms:dimuon"' in browser.get(address).text
    assert "Pinned" in browser.get("/").text


def test_favourites_of_others_are_not_shown(browser: Client, bob: User, dimuon: Did) -> None:
    services.star(bob, dimuon)

    assert "cms:dimuon" not in browser.get("/data/favourites/").text
    assert browser.get(f"{API}/favourites").json()["items"] == []


def test_there_are_only_so_many_favourites(alice: User, dimuon: Did) -> None:
    services.star(alice, dimuon)
    Favourite.objects.bulk_create(
        Favourite(user=alice, did_scope="cms", did_name=f"run_{number}") for number in range(499)
    )

    services.star(alice, dimuon)
    with pytest.raises(QuotaExceeded, match="Remove one first"):
        services.star(alice, Did("cms", "another"))


@pytest.mark.parametrize("did", [Did("s" * 31, "x"), Did("cms", "a\x00b"), Did("cms", "a\ud800")])
def test_what_no_row_can_hold_is_refused(alice: User, did: Did) -> None:
    with pytest.raises(InvalidRequest):
        services.star(alice, did)


def test_a_way_back_leads_to_this_portal_only(browser: Client) -> None:
    wish = {"did": "cms:dimuon", "star": "on", "next": "https://evil.test/"}

    assert browser.post("/data/favourites/", wish)["Location"] == "/"


def test_what_was_opened_is_listed_the_last_first(browser: Client, alice: User) -> None:
    browser.get(PAGE)
    browser.get("/data/cms:all")
    browser.get("/data/cms:no-such-thing")

    assert [str(row.did) for row in services.recent(alice)] == ["cms:all", "cms:dimuon"]
    assert "Opened lately" in browser.get("/data/").text


def test_a_did_is_recorded_once_a_minute(alice: User, dimuon: Did) -> None:
    services.opened(alice, dimuon)
    first = RecentDid.objects.get().created_at

    services.opened(alice, dimuon)
    soon = RecentDid.objects.get().created_at
    cache.clear()
    services.opened(alice, dimuon)

    assert soon == first
    assert RecentDid.objects.get().created_at > first


def test_only_the_last_twenty_are_remembered(alice: User) -> None:
    for number in range(22):
        services.opened(alice, Did("cms", f"run_{number}"))

    rows = [row.did.name for row in services.recent(alice)]
    assert (len(rows), rows[0], rows[-1]) == (20, "run_21", "run_2")
    assert RecentDid.objects.count() == 20


def test_what_was_opened_can_be_forgotten(browser: Client, alice: User) -> None:
    browser.get(PAGE)

    browser.post("/data/recent/forget")

    assert services.recent(alice) == []
    browser.get(PAGE)
    assert len(services.recent(alice)) == 1


def test_a_search_is_saved_from_its_page_and_opened_again(browser: Client, alice: User) -> None:
    assert "Save this search" in browser.get("/data/?scope=cms&name=dim").text

    answer = browser.post(
        "/data/searches/", {"name": " Dimuons ", "query": "name=dim&scope=cms&type=&after=x"}
    )

    assert answer["Location"] == "/data/?name=dim&scope=cms"
    assert services.searches(alice)[0].name == "Dimuons"
    assert 'href="/data/?name=dim&amp;scope=cms"' in browser.get("/data/").text
    assert "cms:dimuon" in browser.get(answer["Location"]).text


@pytest.mark.parametrize(
    ("query", "line"),
    [("q=scope%3Acms+name%3Adim", "scope:cms name:dim"), ("scope=cms&name=dim", "scope:cms dim")],
)
def test_a_saved_search_stands_as_one_would_write_it(
    browser: Client, alice: User, query: str, line: str
) -> None:
    services.save_search(alice, name="Dimuons", query=query)

    assert line in browser.get("/data/searches/").text


def test_the_same_search_saved_again_gets_the_new_name(alice: User) -> None:
    services.save_search(alice, name="Old", query="scope=cms&name=dim")

    services.save_search(alice, name="New", query="name=dim&scope=cms")

    assert [kept.name for kept in services.searches(alice)] == ["New"]


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [("", "scope=cms", "name"), ("x" * 101, "scope=cms", "name"), ("x", "after=y", "query"),
     ("x", "name=" + "y" * 1000, "query")],
)  # fmt: skip
def test_a_search_needs_a_name_and_something_to_search(
    alice: User, name: str, query: str, field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        services.save_search(alice, name=name, query=query)

    assert caught.value.field == field


def test_a_search_without_a_name_is_told_on_its_page(browser: Client) -> None:
    answer = browser.post("/data/searches/", {"name": "", "query": "scope=cms"}, follow=True)

    assert "Give the search a name" in answer.text
    assert answer.request["QUERY_STRING"] == "scope=cms"


def test_a_saved_search_is_renamed_and_deleted(browser: Client, alice: User) -> None:
    kept = services.save_search(alice, name="Old", query="scope=cms")

    browser.post(f"/data/searches/{kept.pk}/rename", {"name": "New"})
    assert "New" in browser.get("/data/searches/").text
    browser.post(f"/data/searches/{kept.pk}/rename", {"name": ""})
    assert services.find_search(alice, kept.pk).name == "New"
    browser.post(f"/data/searches/{kept.pk}/delete")

    with pytest.raises(NotFound):
        services.find_search(alice, kept.pk)


def test_the_api_keeps_favourites(browser: Client) -> None:
    made = sent(browser, "post", "favourites", {"did": "cms:dimuon"})
    listed = browser.get(f"{API}/favourites").json()
    gone = browser.delete(f"{API}/favourites?did=cms:dimuon")

    assert (made.status_code, made.json()["did"]) == (201, "cms:dimuon")
    assert [row["did"] for row in listed["items"]] == ["cms:dimuon"]
    assert (gone.status_code, browser.get(f"{API}/favourites").json()["items"]) == (204, [])
    assert browser.delete(f"{API}/favourites").status_code == 422


def test_the_api_keeps_what_was_opened(browser: Client) -> None:
    sent(browser, "post", "recent", {"did": "cms:all"})

    assert [row["did"] for row in browser.get(f"{API}/recent").json()["items"]] == ["cms:all"]
    assert browser.delete(f"{API}/recent").status_code == 204
    assert browser.get(f"{API}/recent").json()["items"] == []


def test_the_api_keeps_searches(browser: Client) -> None:
    made = sent(browser, "post", "searches", {"name": "Dimuons", "query": "scope=cms"}).json()
    address = f"searches/{made['id']}"

    renamed = sent(browser, "patch", address, {"name": "Muons"}).json()

    assert renamed == made | {"name": "Muons"}
    assert browser.get(f"{API}/{address}").json() == renamed
    assert browser.get(f"{API}/searches").json()["items"] == [renamed]
    assert browser.delete(f"{API}/{address}").status_code == 204
    assert browser.get(f"{API}/{address}").status_code == 404


def test_two_accounts_become_one_with_what_both_keep(alice: User, bob: User, dimuon: Did) -> None:
    other = Did("cms", "all")
    for person in (alice, bob):
        services.star(person, dimuon)
        services.opened(person, dimuon)
        services.save_search(person, name=person.handle, query="scope=cms")
        services.basket.add(person, [dimuon])
    services.star(bob, other)
    services.basket.add(bob, [other])

    merging.merge(survivor=alice, absorbed=bob)

    assert {kept.did for kept in services.favourites(alice)} == {dimuon, other}
    assert {item.did for item in services.basket.contents(alice)} == {dimuon, other}
    assert [kept.name for kept in services.searches(alice)] == [alice.handle]
    assert [row.did for row in services.recent(alice)] == [dimuon]
    assert not Favourite.objects.visible_to(bob).exists()


def test_all_goes_with_the_account(alice: User, dimuon: Did) -> None:
    services.star(alice, dimuon)
    services.opened(alice, dimuon)
    services.save_search(alice, name="All", query="scope=cms")
    services.basket.add(alice, [dimuon])

    alice.delete()

    assert not any(model.objects.exists() for model in (Favourite, RecentDid, SavedSearch))


def test_a_stranger_to_a_search_finds_none(alice: User, bob: User) -> None:
    kept = services.save_search(alice, name="Mine", query="scope=cms")
    browser = Client()
    sign_in(browser, bob)

    for answer in (
        browser.post(f"/data/searches/{kept.pk}/delete"),
        browser.delete(f"{API}/searches/{kept.pk}"),
    ):
        assert answer.status_code == 404
    assert services.searches(alice) == [kept]
