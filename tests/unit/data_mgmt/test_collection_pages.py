"""The pages and the API of collections and embargoes: forms without a script, refusals in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.collection_forms import dids_of
from data_mgmt.models import CollectionChange
from data_mgmt.services import collecting, marking
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import Conflict, InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
HELD = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}
FILE = Did("cms", "muons_1.root")
JSON = "application/json"


@pytest.fixture
def mine(alice: User, data_backend: FakeDataBackend) -> Did:
    """An open dataset of Alice's, who is in a group."""
    alice.groups = ["/escape", "/escape/cms"]
    alice.save()
    scope = f"user.{alice.handle}"
    data_backend.scopes.add(scope)
    did = data_backend.add_dataset(f"{scope}:mine", FILE)
    data_backend.open.add(did)
    data_backend.owners[did] = alice.handle
    return did


@pytest.fixture
def strange(bob: User) -> Client:
    """Bob's browser."""
    client = Client()
    sign_in(client, bob)
    return client


def api(did: Did, part: str = "") -> str:
    return f"/api/v1/data/dids/{did.scope}/{did.name}{part}"


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_a_list_is_read_however_it_is_separated() -> None:
    assert dids_of(" a:b\nc:d,a:b;e:f\r\n") == [Did("a", "b"), Did("c", "d"), Did("e", "f")]
    with pytest.raises(InvalidRequest, match="nonsense is not a DID"):
        dids_of("a:b nonsense")
    with pytest.raises(InvalidRequest, match="at most"):
        dids_of(" ".join(f"a:{n}" for n in range(10_001)))


def test_a_dataset_is_made_of_the_basket(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    browser.post("/data/basket/add", {"did": str(FILE)})
    page = text(browser, "/data/collections/new?from=basket")
    assert str(FILE) in page

    form = {"type": "dataset", "scope": mine.scope, "name": "picked", "title": "Mine"}
    answer = browser.post("/data/collections/new", form | {"dids": str(FILE)})
    work()

    change = CollectionChange.objects.get()
    assert answer["Location"] == f"/data/changes/{change.pk}/"
    assert data_backend.children[Did(mine.scope, "picked")] == [FILE]
    assert "Made" in text(browser, f"/data/changes/{change.pk}/?fragment=state")


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"name": "mine"}, 409, "exists already"),
        ({"name": "a b"}, 422, "without spaces"),
        ({"scope": "cms"}, 422, "Select a valid choice"),
        ({"dids": "nonsense"}, 422, "is not a DID"),
    ],
)
def test_a_form_says_what_is_wrong(
    browser: Client, mine: Did, changed: dict[str, str], status: int, words: str
) -> None:
    form = {"type": "dataset", "scope": mine.scope, "name": "new", "dids": ""} | changed

    answer = browser.post("/data/collections/new", form)

    assert answer.status_code == status
    assert words in answer.content.decode()


def test_a_collection_is_managed_without_a_script(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    other = "cms:muons_2.root"
    for action, form in (
        ("attach", {"put-dids": f"{other} cms:gone"}),
        ("detach", {"take-dids": other}),
        ("close", {}),
        ("reopen", {}),
        ("erase", {"typed": "mine"}),
        ("keep", {}),
    ):
        answer = browser.post(f"/data/manage/{action}", {"did": str(mine), **form})
        assert answer["Location"].startswith("/data/changes/"), action
        work()
        assert "not done" not in text(browser, answer["Location"])
    assert text(browser, "/data/changes/").count("user.alice") >= 6


@pytest.mark.parametrize(
    ("action", "form", "words"),
    [
        ("attach", {"put-dids": ""}, "required"),
        ("attach", {"put-dids": "nonsense"}, "is not a DID"),
        ("detach", {"take-dids": "nonsense"}, "is not a DID"),
        ("erase", {"typed": "other"}, "Type the name mine"),
        ("embargo", {"group": "/other", "until": "2030-01-01"}, "Select a valid choice"),
        ("embargo", {"group": "/escape", "until": "yesterday"}, "Enter a valid date"),
        ("embargo", {"group": "/escape", "until": "2001-01-01"}, "from today"),
    ],
)
def test_a_refused_form_comes_back_with_why(
    browser: Client, mine: Did, action: str, form: dict[str, str], words: str
) -> None:
    answer = browser.post(f"/data/manage/{action}", {"did": str(mine), **form})

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_others_are_told_that_it_is_not_theirs(strange: Client, mine: Did) -> None:
    page = text(strange, f"/data/manage?did={mine}")

    assert "Not yours to change" in page
    assert "<textarea" not in page
    assert strange.post("/data/manage/close", {"did": str(mine)}).status_code == 403


def test_the_loss_is_named_before_it_is_erased(
    browser: Client, alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.add_container(f"{mine.scope}:box", mine)
    browser.post("/data/requests/", {"did": str(mine), "storage": "LAPP-DISK"})
    work()

    page = text(browser, f"/data/manage?did={mine}")

    for words in ("1 files of 100", "1 rule on it ends", alice.handle, f"out of {mine.scope}:box"):
        assert words in page


def test_what_is_being_erased_says_so_and_can_be_kept(
    browser: Client, alice: User, mine: Did
) -> None:
    collecting.erase(alice, mine, typed="mine")
    work()

    page = text(browser, f"/data/{mine}")

    assert "It is being erased" in page
    assert "Keep it after all" in page


def test_an_embargo_is_set_shown_and_lifted(
    browser: Client, strange: Client, bob: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    form = {"did": str(mine), "group": "/escape/cms", "until": until.isoformat()}

    browser.post("/data/manage/embargo", form)
    work()

    assert data_backend.descriptions[mine]["embargo_until"] == until.isoformat()
    own, other = text(browser, f"/data/{mine}"), text(strange, f"/data/{mine}")
    assert "You may see its contents" in own
    assert "1 person known here may see it" in own
    assert "Proprietary" in other
    assert "Alice" in other  # whom to ask
    assert "may see it" not in other
    assert "embargo_group" in text(strange, f"/data/{mine}?tab=metadata")

    again = browser.post("/data/manage/embargo/lift", {"did": str(mine)}, follow=True)
    assert "Say that you mean it" in again.content.decode()
    browser.post("/data/manage/embargo/lift", {"did": str(mine), "sure": "yes"})
    work()
    assert "embargo_until" not in data_backend.descriptions[mine]
    assert "Proprietary" not in text(strange, f"/data/{mine}")


def test_an_earlier_end_needs_a_second_yes(alice: User, mine: Did) -> None:
    first = {"group": "/escape/cms", "until": date(2030, 6, 1)}
    marking.set_embargo(alice, mine, **first, now=NOW)  # type: ignore[arg-type]
    work()

    for wish in ({"until": date(2030, 5, 1)}, {"group": "/escape"}):
        with pytest.raises(InvalidRequest) as refused:
            marking.set_embargo(alice, mine, **{**first, **wish}, now=NOW)  # type: ignore[arg-type]
        assert refused.value.field == "sure"
    later = {**first, "until": date(2031, 1, 1)}
    assert marking.set_embargo(alice, mine, **later, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("until", [date(2030, 1, 9), date(2060, 1, 1)])
def test_a_day_is_within_bounds(alice: User, mine: Did, until: date) -> None:
    with pytest.raises(InvalidRequest) as refused:
        marking.set_embargo(alice, mine, group="/escape", until=until, now=NOW)

    assert refused.value.field == "until"


def test_nobody_locks_themselves_out(alice: User, mine: Did) -> None:
    with pytest.raises(InvalidRequest) as refused:
        marking.set_embargo(alice, mine, group="/others", until=date(2030, 2, 1), now=NOW)

    assert refused.value.field == "group"
    with pytest.raises(Conflict):
        marking.lift_embargo(alice, mine, sure=True)


def test_while_it_is_not_known_the_page_says_so(
    strange: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.fail_on("parents_of", UpstreamUnavailable("Rucio does not answer."))

    assert "Not known whether it is under embargo" in text(strange, f"/data/{mine}")


def test_the_api_tells_an_embargo(
    strange: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    assert strange.get(api(mine)).json()["embargo"] is None
    data_backend.descriptions[mine] |= HELD
    other = data_backend.add_file("cms:other.root", b"x")
    data_backend.children[mine].append(other)

    told = strange.get(api(other)).json()["embargo"]

    assert (told["did"], told["groups"], told["until"]) == (
        str(mine), ["/escape/cms"], "2999-01-31",
    )  # fmt: skip
    assert told["open"] is False
    assert "members" not in told


def test_the_api_makes_fills_closes_and_erases(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    made = Did(mine.scope, "by-api")
    wish = {"did": str(made), "type": "dataset", "dids": [str(FILE), "cms:gone"]}
    answer = browser.post("/api/v1/data/dids", wish, content_type=JSON)
    assert answer.status_code == 202
    work()
    change = browser.get(f"/api/v1/data/changes/{answer.json()['id']}").json()
    assert (change["state"], change["refused"]) == ("partly", 1)
    items = browser.get(f"/api/v1/data/changes/{change['id']}/items?limit=1").json()
    assert items["items"][0]["state"] == "done"
    assert browser.get(items["next"]).json()["items"][0]["reason"]

    more = {"dids": ["cms:muons_2.root"]}
    for send in (browser.post, browser.delete):
        assert send(api(made, "/contents"), more, content_type=JSON).status_code == 202
        work()
    assert browser.patch(api(made), {"open": False}, content_type=JSON).status_code == 202
    work()
    assert made not in data_backend.open
    assert browser.delete(api(made)).status_code == 422
    assert browser.delete(api(made) + "?confirm=by-api").status_code == 202
    work()
    assert browser.get(api(made)).json()["expires_at"]
    assert browser.patch(api(made), {"erase": False}, content_type=JSON).status_code == 202
    assert len(browser.get("/api/v1/data/changes").json()["items"]) == 6


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("patch", "", {}), (422, "open")),
        (("patch", "", {"open": True, "erase": False}), (422, "open")),
        (("patch", "", {"erase": True}), (422, "erase")),
        (
            ("patch", "", {"embargo": {"group": "/no", "until": "2999-01-01"}}),
            (422, "group"),
        ),
        (("patch", "", {"embargo": None}), (409, None)),
        (("post", "/contents", {"dids": []}), (422, "dids")),
        (("post", "/contents", {"dids": ["nonsense"]}), (422, "did")),
    ],
)
def test_the_api_says_which_part_is_wrong(
    browser: Client, mine: Did, sent: tuple[str, str, object], told: tuple[int, str | None]
) -> None:
    method, part, body = sent

    answer = getattr(browser, method)(api(mine, part), body, content_type=JSON)

    assert (answer.status_code, answer.json().get("field")) == told


def test_the_api_sets_and_lifts_an_embargo(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    wish = {"embargo": {"group": "/escape/cms", "until": "2040-01-01"}}
    assert browser.patch(api(mine), wish, content_type=JSON).status_code == 202
    work()
    assert browser.patch(api(mine), wish, content_type=JSON).status_code == 200
    lifted = {"embargo": None, "sure": True}
    assert browser.patch(api(mine), lifted, content_type=JSON).status_code == 202
    work()
    assert data_backend.descriptions[mine] == {}


def test_the_api_takes_a_bad_copy_from_data_managers(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    address = f"/api/v1/data/files/{FILE.scope}/{FILE.name}/replicas/CERN-DISK/bad"
    assert browser.post(address, {"reason": "x"}, content_type=JSON).status_code == 403
    alice.roles = ["member", "datamanager"]
    alice.save()
    data_backend.data_managers.add(alice.handle)

    refused = browser.post(address, {"reason": "x"}, content_type=JSON)
    assert (refused.status_code, refused.json()["field"]) == (422, "may_lose")
    done = browser.post(address, {"reason": "x", "may_lose": True}, content_type=JSON)
    assert done.status_code == 202
    assert "A copy is damaged" in text(browser, f"/data/manage?did={FILE}")
    form = {"did": str(FILE), "storage": "CERN-DISK", "reason": ""}
    assert browser.post("/data/manage/bad", form).status_code == 422


def test_another_persons_change_is_not_there(alice: User, strange: Client, mine: Did) -> None:
    change = collecting.set_open(alice, mine, is_open=False)

    for address in (f"/data/changes/{change.pk}/", f"/api/v1/data/changes/{change.pk}/items"):
        assert strange.get(address).status_code == 404
    assert str(mine) not in text(strange, "/data/changes/")
