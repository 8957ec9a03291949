"""Subscriptions: in words, made by data managers, edited by owners, each change once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
    SubscriptionWish,
)
from data_mgmt.backends.values import Did
from data_mgmt.models import SubscriptionChange
from data_mgmt.services import subscriptions
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.deciding import a_manager, browser_of
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import Conflict, InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
PAGE = "/data/requests/subscriptions/"
API = "/api/v1/data/subscriptions"
FORM = {
    "name": "muons-to-lapp",
    "scope": "cms",
    "pattern": "muons*",
    "excluded_pattern": "",
    "types": ["dataset"],
    "metadata": "project=dimuon26\ncampaign=a\ncampaign=b*",
    "comment": "for the group",
    "lifetime_days": "",
    "rules-TOTAL_FORMS": "2",
    "rules-INITIAL_FORMS": "1",
    "rules-0-storage": "LAPP-DISK",
    "rules-0-copies": "1",
    "rules-0-keep_days": "30",
    "rules-0-activity": "User Subscriptions",
    "rules-1-storage": "",
    "rules-1-copies": "1",
    "rules-1-keep_days": "",
    "rules-1-activity": "User Subscriptions",
}
BODY = {
    "name": "muons-to-lapp",
    "scopes": ["cms"],
    "pattern": "muons*",
    "metadata": {"project": ["dimuon26"]},
    "rules": [{"storage": "LAPP-DISK", "keep_days": 30}],
}


@pytest.fixture
def dana(data_backend: FakeDataBackend) -> User:
    """A data manager."""
    return a_manager(data_backend)


@pytest.fixture
def desk(dana: User) -> Client:
    """Dana's browser."""
    return browser_of(dana)


def a_wish(**more: Any) -> SubscriptionWish:
    wanted = SubscriptionFilter(scopes=("cms$",), types=("dataset",))
    rule = SubscriptionRule("LAPP-DISK", 1, 30 * 86400, "User Subscriptions")
    return SubscriptionWish(wanted, (rule,), **more)


@pytest.fixture
def alices(data_backend: FakeDataBackend, alice: User) -> Subscription:
    """A subscription that an operator made for Alice's account."""
    who = data_backend.service_credential()
    key = data_backend.add_subscription(who, alice.handle, "hers", a_wish(comment="c"))
    return data_backend.get_subscription(who, key)


def address(found: Subscription) -> str:
    return f"{PAGE}{UUID(found.id)}/"


def kept(fake: FakeDataBackend, user: User, name: str = "muons-to-lapp") -> Subscription:
    return fake.subscriptions[user.handle, name]


def test_a_data_manager_makes_one_by_the_form(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    answer = desk.post(f"{PAGE}new", FORM, follow=True)
    under_way = answer.text
    work()

    assert "muons-to-lapp is being made." in under_way
    made = kept(data_backend, dana)
    assert made.filter == SubscriptionFilter(
        scopes=("cms$",),
        types=("dataset",),
        pattern="muons.*$",
        metadata={"project": ("dimuon26$",), "campaign": ("a$", "b.*$")},
    )
    assert made.rules == (SubscriptionRule("LAPP-DISK", 1, 30 * 86400, "User Subscriptions"),)
    text = desk.get(PAGE).text
    assert "muons-to-lapp" in text
    assert "LAPP-DISK for 30 days" in text
    assert Event.objects.get(user=dana).text == "Made the subscription muons-to-lapp"
    event = AuditEvent.objects.get(action="subscription.create")
    assert (event.actor, event.detail["name"]) == (dana.pk, "muons-to-lapp")


def test_new_data_makes_a_rule_that_its_page_shows(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    desk.post(f"{PAGE}new", {**FORM, "metadata": ""})
    work()
    data_backend.take_up(data_backend.add_dataset("cms:muons_new"))
    data_backend.take_up(data_backend.add_dataset("cms:other"))

    text = desk.get(address(kept(data_backend, dana))).text

    assert "cms:muons_new" in text
    assert "cms:other" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "a/b"}, "name: use 1 to 64 letters"),
        ({"name": ""}, "id_name_error"),
        ({"scope": "", "pattern": "", "metadata": ""}, "scope: say which data it is about"),
        ({"metadata": "instrument=CMS"}, "metadata: Rucio holds instrument not against"),
        ({"metadata": "project"}, "metadata: write project as key=value."),
        ({"pattern": "re:("}, "pattern: re:( is no regular expression."),
        ({"rules-0-storage": "NOWHERE"}, "No storage is meant by NOWHERE."),
        ({"rules-0-storage": ""}, "storage: give 1 to 10 places"),
        ({"rules-0-copies": "2"}, "copies: LAPP-DISK has room for 1"),
        ({"rules-0-copies": "0"}, "copies: give a number from 1 to 10"),
        ({"rules-0-keep_days": "0"}, "keep_days"),
        ({"rules-0-activity": "Luck"}, "activity"),
        ({"lifetime_days": "-1"}, "lifetime_days"),
        ({"types": ["file"]}, "types"),
        ({"comment": "x" * 251}, "comment"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    desk: Client, change: dict[str, Any], message: str
) -> None:
    answer = desk.post(f"{PAGE}new", {**FORM, **change})

    assert answer.status_code == 422
    assert message in answer.text
    assert not SubscriptionChange.objects.exists()


def test_a_star_copies_to_each_storage(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    told = {**FORM, "rules-0-storage": "type=DISK", "rules-0-copies": "*"}

    desk.post(f"{PAGE}new", told)
    work()

    assert kept(data_backend, dana).rules[0].copies == 0


def test_a_name_is_taken_once(desk: Client, dana: User, data_backend: FakeDataBackend) -> None:
    desk.post(f"{PAGE}new", FORM)
    work()

    again = desk.post(f"{PAGE}new", FORM)

    assert again.status_code == 409
    assert "You have a subscription muons-to-lapp already." in again.text


def test_others_are_told_who_makes_them(browser: Client, data_backend: FakeDataBackend) -> None:
    page = browser.get(PAGE).text
    form = browser.get(f"{PAGE}new").text
    answer = browser.post(f"{PAGE}new", FORM)

    assert "You have no subscription" in page
    assert "New subscription" not in page
    assert "Only data managers make subscriptions" in form
    assert answer.status_code == 403
    assert data_backend.subscriptions == {}


def test_an_owner_sees_edits_and_retires_their_own(
    browser: Client, alice: User, alices: Subscription, data_backend: FakeDataBackend
) -> None:
    shown = browser.get(f"{address(alices)}edit").text
    told = {**FORM, "comment": "mine", "rules-0-keep_days": "60"}
    browser.post(f"{address(alices)}edit", told)
    work()
    edited = kept(data_backend, alice, "hers")
    browser.post(f"{address(alices)}retire")
    work()

    assert 'value="LAPP-DISK"' in shown
    assert 'name="name"' not in shown
    assert (edited.comment, edited.rules[0].lifetime_seconds) == ("mine", 60 * 86400)
    assert kept(data_backend, alice, "hers").state is SubscriptionState.RETIRED
    page = browser.get(address(alices)).text
    assert "retired" in page
    assert "Edit and go on" in page
    assert "With 1 retired one" in browser.get(PAGE).text
    assert "hers" not in browser.get(PAGE).text
    assert "hers" in browser.get(f"{PAGE}?retired=1").text
    again = browser.post(f"{address(alices)}retire", follow=True).text
    assert "It is retired already." in again


def test_what_other_tools_wrote_of_it_is_kept(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    wanted = SubscriptionFilter(scopes=("c[mM]s",), accounts=("tier0",), extra={"split_rule": True})
    rule = SubscriptionRule("LAPP-DISK", 1, None, "Express", {"weight": "x"})
    who = data_backend.service_credential()
    wish = SubscriptionWish(wanted, (rule,), priority=1)
    key = data_backend.add_subscription(who, alice.handle, "theirs", wish)

    form = browser.get(f"{PAGE}{UUID(key)}/edit").text
    told = {**FORM, "scope": "re:c[mM]s", "rules-0-activity": "Express", "metadata": ""}
    browser.post(f"{PAGE}{UUID(key)}/edit", told)
    work()

    found = kept(data_backend, alice, "theirs")
    assert 'value="re:c[mM]s"' in form
    assert (found.filter.accounts, found.filter.extra) == (("tier0",), {"split_rule": True})
    assert found.filter.scopes == ("c[mM]s",)
    assert (found.rules[0].extra, found.rules[0].activity) == ({"weight": "x"}, "Express")
    assert found.priority == 1


def test_a_subscription_is_its_owners_and_data_managers_only(
    bob: User, desk: Client, alices: Subscription
) -> None:
    stranger = browser_of(bob)

    for part in ("", "edit"):
        assert stranger.get(address(alices) + part).status_code == 404
    for part in ("edit", "retire"):
        assert stranger.post(address(alices) + part, FORM).status_code == 404
    assert stranger.get(f"{API}/{UUID(alices.id)}").status_code == 404
    assert stranger.delete(f"{API}/{UUID(alices.id)}").status_code == 404
    assert "hers" not in stranger.get(PAGE).text
    assert "hers" in desk.get(PAGE).text
    assert not SubscriptionChange.objects.exists()


def test_a_worker_killed_after_the_call_makes_no_second(
    dana: User, data_backend: FakeDataBackend
) -> None:
    change = subscriptions.add(dana, "once", a_wish())
    made = data_backend.add_subscription(
        data_backend.service_credential(), dana.handle, "once", a_wish()
    )
    work()

    change.refresh_from_db()
    assert (change.state, change.subscription) == ("done", UUID(made))


def test_two_changes_at_once_are_one_and_a_message(alice: User, alices: Subscription) -> None:
    subscriptions.retire(alice, alices)

    with pytest.raises(Conflict, match="Another change of it"):
        subscriptions.edit(alice, alices, a_wish())


def test_a_change_that_rucio_refuses_is_told(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    desk.post(f"{PAGE}new", FORM)
    data_backend.fail_on("add_subscription", InvalidRequest("Rucio does not take this."))
    work()

    assert "Rucio does not take this." in desk.get(PAGE).text
    assert Event.objects.get(user=dana).level == "error"


def test_a_change_waits_while_rucio_is_away(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    desk.post(f"{PAGE}new", FORM)
    data_backend.fail_on("add_subscription", UpstreamUnavailable("Rucio does not answer."))
    work()
    data_backend.fail_on("add_subscription", None)
    work()

    assert kept(data_backend, dana).state is SubscriptionState.ACTIVE


def send(client: Client, method: str, where: str, body: object) -> Any:
    return getattr(client, method)(where, json.dumps(body), content_type="application/json")


def test_the_api_makes_shows_edits_and_retires(
    desk: Client, dana: User, data_backend: FakeDataBackend
) -> None:
    made = send(desk, "post", API, BODY)
    work()
    (item,) = desk.get(API).json()["items"]
    one = f"{API}/{item['id']}"
    body = {key: value for key, value in BODY.items() if key != "name"}
    edited = send(desk, "put", one, {**body, "comment": "new"})
    work()
    shown = desk.get(one).json()
    retired = desk.delete(one)
    work()

    assert (made.status_code, made.json()["state"]) == (202, "waiting")
    assert item["sentence"].startswith("Whenever a new dataset named muons* with project=dimuon26")
    assert item["scopes"] == ["cms"]
    assert item["rules"] == [
        {"storage": "LAPP-DISK", "copies": "1", "keep_days": 30, "activity": ""}
    ]
    assert (edited.status_code, retired.status_code) == (202, 202)
    assert shown["comment"] == "new"
    assert desk.get(one).json()["state"] == "retired"
    assert desk.delete(one).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"rules": []}, "rules"),
        ({"rules": [{"storage": "NOWHERE"}]}, "storage"),
        ({"rules": [{"storage": "LAPP-DISK", "copies": "many"}]}, "copies"),
        ({"rules": [{"storage": "LAPP-DISK", "activity": "Luck"}]}, "activity"),
        ({"metadata": {"instrument": ["CMS"]}}, "metadata"),
        ({"types": ["file"]}, "types"),
        ({"scopes": [], "pattern": "", "metadata": {}}, "scope"),
        ({"scopes": ["re:["]}, "scope"),
        ({"lifetime_days": 0}, "lifetime_days"),
    ],
)
def test_the_api_names_the_field(desk: Client, change: dict[str, Any], field: str) -> None:
    answer = send(desk, "post", API, {**BODY, **change})

    assert answer.status_code == 422
    assert field in answer.text


def test_the_api_lets_only_data_managers_make_one(browser: Client, alice: User) -> None:
    assert send(browser, "post", API, BODY).status_code == 403
    assert browser.get(API).json()["items"] == []


def test_a_subscription_of_a_dataset_made_before_makes_no_rule(
    dana: User, data_backend: FakeDataBackend
) -> None:
    subscriptions.add(dana, "later", a_wish())
    work()

    assert subscriptions.rules_of(dana, data_backend.subscriptions[dana.handle, "later"]) == ()
    assert Did("cms", "dimuon") in data_backend.types
