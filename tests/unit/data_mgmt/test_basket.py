"""The basket: picked anywhere, bounded, emptied and put back, exported, copied as a whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import BasketItem, ReplicaRequest
from data_mgmt.services import basket
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded, UpstreamUnavailable
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
BASKET = "/data/basket/"
REPLICATE = "/data/basket/replicate"
API = "/api/v1/data/basket"
MUONS = [Did("cms", f"muons_{number}.root") for number in (1, 2, 3)]
WISH = {"storage": "LAPP-DISK", "lifetime_days": "", "comment": ""}


def held(user: User) -> list[str]:
    return sorted(str(item.did) for item in basket.contents(user))


def test_rows_of_a_search_are_picked_into_the_basket(browser: Client, alice: User) -> None:
    text = browser.get("/data/?scope=cms&name=muons").text
    assert text.count('form="pick"') == 3

    answer = browser.post(
        "/data/basket/add",
        {"did": ["cms:muons_1.root", "cms:muons_2.root"], "next": "/data/?scope=cms&name=muons"},
        follow=True,
    )

    assert held(alice) == ["cms:muons_1.root", "cms:muons_2.root"]
    assert "2 put into the basket." in answer.text
    assert "Basket: 2" in answer.text


@pytest.mark.parametrize("address", ["/data/cms:dimuon", "/data/cms:all?tab=contents"])
def test_pages_of_data_lead_into_the_basket(browser: Client, address: str) -> None:
    assert 'action="/data/basket/add"' in browser.get(address).text


@pytest.mark.parametrize("view", ["", "&view=path"])
def test_files_of_a_dataset_are_picked_one_by_one(browser: Client, view: str) -> None:
    page = browser.get(f"/data/cms:dimuon?tab=files{view}").text

    assert 'value="cms:muons_1.root" form="pick"' in page
    assert '<form id="pick"' in page


def test_favourites_lead_into_the_basket(browser: Client, alice: User, dimuon: Did) -> None:
    services.star(alice, dimuon)

    assert 'form="pick"' in browser.get("/data/favourites/").text


def test_the_basket_tells_type_and_size(browser: Client, alice: User, dimuon: Did) -> None:
    basket.add(alice, [dimuon, MUONS[0]])

    text = browser.get(BASKET).text

    assert "2 items together of 700 B." in text
    assert "dataset" in text
    assert "600 B" in text
    assert "In the basket" in browser.get("/data/cms:dimuon").text


def test_what_is_in_it_and_what_does_not_exist_is_told(alice: User, dimuon: Did) -> None:
    basket.add(alice, [dimuon])

    added = basket.add(alice, [dimuon, MUONS[0], MUONS[0], Did("cms", "gone")])

    assert (added.new, added.known, added.missing) == (1, 1, (Did("cms", "gone"),))


def test_nothing_picked_is_told(browser: Client, alice: User) -> None:
    answer = browser.post("/data/basket/add", {"next": "/data/"}, follow=True)

    assert "Pick something first." in answer.text
    with pytest.raises(NotFound):
        basket.add(alice, [Did("cms", "gone")])


def test_the_five_hundred_and_first_is_refused_and_nothing_is_put_in(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    files = [data_backend.add_file(f"cms:run_{number:03d}") for number in range(501)]
    basket.add(alice, files[:499])

    answer = browser.post("/data/basket/add", {"did": [*map(str, files[499:])]}, follow=True)

    assert "The basket holds at most 500; it has 499, and 2 more do not fit." in answer.text
    assert basket.contents(alice).count() == 499
    basket.add(alice, files[499:500])
    with pytest.raises(QuotaExceeded):
        basket.add(alice, files[500:])


def test_an_open_collection_is_counted_when_it_is_put_in(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.uncounted.add(dimuon)

    basket.add(alice, [dimuon])

    assert BasketItem.objects.get().bytes == 600


def test_without_a_size_the_page_says_so(
    browser: Client, alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.uncounted.add(dimuon)
    data_backend.fail_on("get_did", UpstreamUnavailable("Rucio does not answer"))

    basket.add(alice, [dimuon])

    assert "The size of 1 is not known." in browser.get(BASKET).text


def test_it_is_opened_in_a_session_unless_it_holds_too_many(browser: Client, alice: User) -> None:
    basket.add(alice, MUONS)
    asked = "&amp;".join(f"dataset=cms%3Amuons_{number}.root" for number in (3, 2, 1))
    assert f'href="/sessions/new?{asked}"' in browser.get(BASKET).text

    BasketItem.objects.bulk_create(
        BasketItem(user=alice, did_scope="cms", did_name=f"more_{n}", did_type="file")
        for n in range(basket.OPENED)
    )

    page = browser.get(BASKET).text
    assert "A session opens at most 20 at once; here are 23." in page
    assert "/sessions/new" not in page


def test_rows_of_a_search_lead_to_a_session(browser: Client) -> None:
    page = browser.get("/data/?scope=cms&name=muons").text

    assert 'href="/sessions/new?dataset=cms%3Amuons_1.root"' in page


def test_checked_rows_are_removed(browser: Client, alice: User) -> None:
    basket.add(alice, MUONS)

    browser.post("/data/basket/remove", {"did": [str(MUONS[0]), "cms:not-in-it"]})

    assert held(alice) == [str(did) for did in MUONS[1:]]


def test_an_emptied_basket_is_put_back(browser: Client, alice: User) -> None:
    basket.add(alice, MUONS)

    text = browser.post("/data/basket/empty", follow=True).text
    assert "3 were in it" in text
    assert held(alice) == []
    browser.post("/data/basket/restore")

    assert held(alice) == [str(did) for did in MUONS]


def test_what_was_emptied_long_ago_is_not_offered(browser: Client, alice: User) -> None:
    basket.add(alice, MUONS)
    basket.empty(alice)
    BasketItem.objects.update(emptied_at=timezone.now() - timedelta(hours=2))

    assert "Put back" not in browser.get(BASKET).text
    assert basket.restore(alice) == 0


def test_what_was_emptied_can_be_picked_again(alice: User) -> None:
    basket.add(alice, MUONS)
    basket.empty(alice)

    basket.add(alice, MUONS[:1])
    basket.restore(alice)

    assert held(alice) == [str(did) for did in MUONS]


def test_the_basket_is_exported_as_list_and_as_csv(
    browser: Client, alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    formula = data_backend.add_file("cms:=1+1", b"x")
    basket.add(alice, [dimuon, formula])

    listed = browser.get("/data/basket/export?format=txt")
    sheet = browser.get("/data/basket/export?format=csv")

    assert sorted(listed.text.split()) == ["cms:=1+1", "cms:dimuon"]
    assert listed["Content-Disposition"] == 'attachment; filename="basket.txt"'
    assert sheet.text.splitlines()[0] == "scope,name,type,files,bytes"
    assert "cms,dimuon,dataset,3,600" in sheet.text
    assert "cms,'=1+1,file" in sheet.text
    assert browser.get("/data/basket/export?format=metalink").status_code == 422


def test_the_form_adds_up_what_would_move(browser: Client, alice: User, dimuon: Did) -> None:
    basket.add(alice, [dimuon, MUONS[0]])

    text = browser.get(f"{REPLICATE}?storage=LAPP-DISK").text

    assert 'value="LAPP-DISK" checked' in text
    assert "Moves 700 B in 4 files to LAPP-DISK." in text
    assert "Moves 700 B" in browser.get("/data/basket/estimate?storage=LAPP-DISK").text


def test_what_is_there_is_not_moved(browser: Client, alice: User) -> None:
    basket.add(alice, MUONS)

    text = browser.get("/data/basket/estimate?storage=CERN-DISK").text

    assert "Everything is at CERN-DISK already" in text


def test_each_did_gets_a_request_of_its_own(browser: Client, alice: User, dimuon: Did) -> None:
    basket.add(alice, [dimuon, MUONS[0]])

    answer = browser.post(REPLICATE, {**WISH, "lifetime_days": "30", "comment": "for the talk"})

    rows = ReplicaRequest.objects.visible_to(alice)
    assert answer.status_code == 200
    assert "2 requests are on their way." in answer.text
    assert all(f'href="/data/requests/{row.pk}/"' in answer.text for row in rows)
    assert {(row.lifetime_days, row.comment) for row in rows} == {(30, "for the talk")}
    assert Operation.objects.filter(kind="data.replicate").count() == 2
    assert AuditEvent.objects.filter(action="replica-request.requested").count() == 2
    work()
    assert all(row.rule_id for row in rows.all())


def test_a_duplicate_is_told_as_already_there_with_a_link(
    browser: Client, alice: User, dimuon: Did
) -> None:
    earlier = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    basket.add(alice, [dimuon, MUONS[0]])

    text = browser.post(REPLICATE, WISH).text
    again = browser.post(REPLICATE, WISH).text

    assert "1 request is on its way, 1 is already there." in text
    assert f'href="/data/requests/{earlier.pk}/"' in text
    assert "2 are already there" in again
    assert ReplicaRequest.objects.count() == 2


def test_what_fits_no_more_and_what_is_gone_is_told_beside_the_others(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 350)
    gone = data_backend.add_file("cms:gone.root", b"x")
    basket.add(alice, [*MUONS, gone])
    del data_backend.types[gone]
    BasketItem.objects.filter(did_name="muons_3.root").update(created_at=timezone.now())

    text = browser.post(REPLICATE, WISH).text

    assert "1 request is on its way, 3 could not be asked for." in text
    assert "It is not in Rucio any more." in text
    assert "Your quota at LAPP-DISK does not suffice." in text
    assert [row.did_name for row in ReplicaRequest.objects.all()] == ["muons_3.root"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"storage": ""}, (422, "Pick the storage")),
        ({"lifetime_days": "0"}, (422, "from 1 to 3650 days")),
        ({"storage": "NOWHERE"}, (404, "There is no storage NOWHERE")),
    ],
)
def test_a_wish_that_makes_no_sense_keeps_the_form(
    browser: Client, alice: User, dimuon: Did, change: dict[str, str], told: tuple[int, str]
) -> None:
    basket.add(alice, [dimuon])

    answer = browser.post(REPLICATE, WISH | change)

    assert answer.status_code == told[0]
    assert told[1] in answer.text
    assert not ReplicaRequest.objects.exists()


def test_an_empty_basket_is_not_replicated(browser: Client, data_backend: FakeDataBackend) -> None:
    assert browser.get(REPLICATE)["Location"] == BASKET
    assert browser.post(REPLICATE, WISH)["Location"] == BASKET


def test_the_api_fills_lists_and_empties_it(browser: Client, alice: User) -> None:
    def put(dids: list[str]) -> Any:
        return browser.post(API, json.dumps({"dids": dids}), content_type="application/json")

    made = put(["cms:dimuon", "cms:muons_1.root", "cms:gone"])

    assert (made.status_code, made.json()) == (201, {"new": 2, "known": 0, "missing": ["cms:gone"]})
    items = {row["did"]: row for row in browser.get(API).json()["items"]}
    assert (items["cms:dimuon"]["did_type"], items["cms:dimuon"]["bytes"]) == ("dataset", 600)
    assert browser.delete(f"{API}?did=cms:dimuon").status_code == 204
    assert held(alice) == ["cms:muons_1.root"]
    assert browser.delete(API).status_code == 204
    assert browser.get(API).json()["items"] == []
    assert put([]).status_code == 422


def test_the_basket_of_others_is_not_shown(browser: Client, bob: User, dimuon: Did) -> None:
    basket.add(bob, [dimuon])

    assert "cms:dimuon" not in browser.get(BASKET).text
    assert browser.get(API).json()["items"] == []
    with pytest.raises(InvalidRequest):
        basket.add(bob, [])
