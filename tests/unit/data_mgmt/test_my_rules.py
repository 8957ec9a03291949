"""All rules of one's own account: found, in order, in parts, changed several at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from data_mgmt.backends import RuleState
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RuleAction
from data_mgmt.services.keyset import cut
from tests.factories import make_user
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.conftest import give_token
from tests.unit.data_mgmt.deciding import browser_of
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
PAGE = "/data/requests/rules/"
CHANGE = f"{PAGE}change"
API = "/api/v1/data/rules"
NOW = datetime.now(UTC)


def a_rule(
    fake: FakeDataBackend, user: User, did: Did, storage: str = "LAPP-DISK", **values: object
) -> str:
    """Return a rule of a user's that some tool has made."""
    who = replace(fake.service_credential(), account=user.handle)
    made = fake.add_rule(who, did, storage=storage)
    kept = fake.rules[made]
    kept.rule = replace(kept.rule, **values)  # type: ignore[arg-type]
    return made


@pytest.fixture
def three(alice: User, data_backend: FakeDataBackend) -> dict[str, str]:
    """Three rules of Alice's, and one of somebody else."""
    files = [Did("cms", f"muons_{number}.root") for number in (1, 2, 3)]
    data_backend.set_limit("root", "LAPP-DISK", 10**9)
    other = give_token(make_user("olga"), data_backend)
    a_rule(data_backend, other, Did("cms", "dimuon"))
    return {
        "old": a_rule(data_backend, alice, files[0], created_at=NOW - timedelta(days=9)),
        "stuck": a_rule(
            data_backend, alice, files[1], state=RuleState.STUCK, error="No such file",
            created_at=NOW - timedelta(days=5), expires_at=NOW + timedelta(days=2),
        ),
        "new": a_rule(
            data_backend, alice, files[2], "CERN-DISK", state=RuleState.OK,
            created_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=60),
        ),
    }  # fmt: skip


def names(client: Client, query: str = "") -> list[str]:
    return [item["did"][-6] for item in client.get(f"{API}?{query}").json()["items"]]


def test_all_rules_of_the_account_are_listed_and_nobody_elses(
    browser: Client, three: dict[str, str]
) -> None:
    text = browser.get(PAGE).text

    assert "3 rules hold 600 B." in text
    assert "cms:muons_1.root" in text
    assert "No such file" in text
    assert "cms:dimuon" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "321"),
        ("state=stuck", "2"),
        ("state=preparing", "1"),
        ("storage=CERN-*", "3"),
        ("scope=cms", "321"),
        ("scope=c?s", ""),
        ("name=muons_1*", "1"),
        ("name=*[12]*", ""),
        ("within_days=3", "2"),
        ("within_days=90", "32"),
        ("sort=ending", "231"),
        ("sort=largest", "321"),
        ("sort=name", "123"),
        ("sort=name&state=ok", "3"),
    ],
)
def test_rules_are_filtered_and_in_order(
    browser: Client, three: dict[str, str], query: str, found: str
) -> None:
    assert "".join(names(browser, query)) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=lost", "state"),
        ("sort=luck", "sort"),
        ("within_days=0", "within_days"),
        ("within_days=soon", "within_days"),
        ("scope=" + "x" * 251, "scope"),
        ("cursor=%FF", "cursor"),
        ("cursor=WzEsMl0", "cursor"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused_by_name(
    browser: Client, three: dict[str, str], query: str, field: str
) -> None:
    told = browser.get(f"{API}?{query}")
    page = browser.get(f"{PAGE}?{query}")

    assert (told.status_code, page.status_code) == (422, 422)
    assert told.json()["field"] == field
    assert f"{field}: " in page.text


@pytest.mark.parametrize("sort", ["newest", "ending", "largest", "name"])
def test_the_parts_have_every_rule_once(browser: Client, three: dict[str, str], sort: str) -> None:
    whole = names(browser, f"sort={sort}")
    seen: list[str] = []
    address = f"{API}?sort={sort}&limit=1"
    while address:
        answer = browser.get(address).json()
        seen += [item["did"][-6] for item in answer["items"]]
        address = answer["next"]

    assert seen == whole


def test_the_next_part_keeps_the_question(browser: Client, three: dict[str, str]) -> None:
    text = unescape(browser.get(f"{PAGE}?name=muons*&sort=name&limit=2").text)

    assert "name=muons%2A&sort=name&limit=2&cursor=" in text


def test_what_open_datasets_hold_is_counted_as_far_as_it_is_known(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    rules = []
    for number in range(2):
        did = data_backend.add_dataset(f"cms:open_{number}", Did("cms", "muons_1.root"))
        data_backend.uncounted.add(did)
        rules.append(a_rule(data_backend, alice, did))

    one = browser.get(f"{PAGE}?limit=1").text
    both = browser.get(PAGE).text
    question = browser.post(CHANGE, {"rule": rules, "action": "extend"}).text

    assert "2 rules hold at least " in one
    assert "at least" not in both
    assert "200 B are kept" in question
    assert question.count("100 B at LAPP-DISK") == 2


def test_a_rule_leads_to_its_request(browser: Client, asked: ReplicaRequest) -> None:
    assert f'href="/data/requests/{asked.pk}/"' in browser.get(PAGE).text
    assert browser.get(API).json()["items"][0]["request"] == str(asked.pk)


def test_rucio_silent_is_told(browser: Client, alice: User, data_backend: FakeDataBackend) -> None:
    data_backend.fail_on("find_rules", UpstreamUnavailable("Rucio does not answer."))

    answer = browser.get(PAGE)

    assert answer.status_code == 503
    assert "Rucio does not answer." in answer.text


def test_an_account_without_rules_is_told_what_to_do(browser: Client, alice: User) -> None:
    assert "Your account holds nothing yet" in browser.get(PAGE).text


def test_several_are_asked_about_then_deleted_and_each_outcome_told(
    browser: Client, three: dict[str, str], data_backend: FakeDataBackend, alice: User
) -> None:
    told = {"rule": [three["old"], three["new"]], "action": "end"}

    question = browser.post(CHANGE, told).text
    kept = len(data_backend.rules)
    answer = browser.post(CHANGE, told | {"confirmed": "yes"})
    under_way = browser.get(answer["Location"]).text
    work()
    outcome = browser.get(answer["Location"]).text

    assert "Delete 2 rules now?" in question
    assert "Of 400 B" in question
    assert kept == 4
    assert "2 are still on their way." in under_way
    assert set(data_backend.rules) == set(data_backend.rules) - {three["old"], three["new"]}
    assert "All is done: 2 rules." in outcome
    assert outcome.count(">deleted<") == 2
    assert AuditEvent.objects.filter(action="rule.end", actor=alice.pk).count() == 2


def test_several_are_extended(
    browser: Client, three: dict[str, str], data_backend: FakeDataBackend
) -> None:
    told = {"rule": [three["old"], three["stuck"]], "action": "extend"}

    question = browser.post(CHANGE, told).text
    wrong = browser.post(CHANGE, told | {"confirmed": "yes", "lifetime_days": "many"})
    browser.post(CHANGE, told | {"confirmed": "yes", "lifetime_days": "30"})
    work()

    assert "Extend 2 rules" in question
    assert wrong.status_code == 422
    for key in ("old", "stuck"):
        end = data_backend.rules[three[key]].rule.expires_at
        assert end is not None
        assert timedelta(days=29) < end - NOW < timedelta(days=31)


def test_a_lifetime_that_rucio_cuts_is_told(
    browser: Client, three: dict[str, str], data_backend: FakeDataBackend
) -> None:
    data_backend.longest_lifetime = timedelta(days=7)
    told = {"rule": three["old"], "action": "extend", "confirmed": "yes", "lifetime_days": "30"}

    answer = browser.post(CHANGE, told)
    work()

    assert "Rucio keeps it only until" in browser.get(answer["Location"]).text


def test_later_means_in_an_hour(
    browser: Client, three: dict[str, str], data_backend: FakeDataBackend
) -> None:
    browser.post(CHANGE, {"rule": three["old"], "action": "end_later", "confirmed": "yes"})
    work()

    end = data_backend.rules[three["old"]].rule.expires_at
    assert end is not None
    assert end - datetime.now(UTC) < timedelta(minutes=65)


def test_a_rule_of_a_request_ends_through_it(
    browser: Client, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    answer = browser.post(CHANGE, {"rule": asked.rule_id, "action": "end", "confirmed": "yes"})
    outcome = browser.get(answer["Location"]).text
    work()

    asked.refresh_from_db()
    assert asked.state == "cancelled"
    assert asked.rule_id not in data_backend.rules
    assert "Asked for through its request." in outcome


def test_what_is_gone_meanwhile_is_told_and_no_error(
    browser: Client, three: dict[str, str], data_backend: FakeDataBackend
) -> None:
    answer = browser.post(CHANGE, {"rule": three["old"], "action": "end", "confirmed": "yes"})
    data_backend.remove(three["old"])
    work()

    assert "nothing to do" in browser.get(answer["Location"]).text


def test_the_rules_of_others_are_not_changed(
    bob: User, three: dict[str, str], data_backend: FakeDataBackend
) -> None:
    stranger = browser_of(bob)
    told = {"rule": three["old"], "action": "end", "confirmed": "yes"}
    body = {"rules": [str(UUID(three["old"]))], "action": "end"}

    text = stranger.post(CHANGE, told, follow=True).text
    answer = stranger.post(f"{API}/actions", json.dumps(body), content_type="application/json")

    assert "None of these rules is there any more." in text
    assert (answer.status_code, answer.json()["field"]) == (422, "rules")
    assert not RuleAction.objects.exists()
    assert three["old"] in data_backend.rules


@pytest.mark.parametrize("told", [{}, {"rule": "x"}])
def test_nothing_chosen_is_told(browser: Client, alice: User, told: dict[str, str]) -> None:
    text = browser.post(CHANGE, {**told, "action": "end"}, follow=True).text

    assert "Choose at least one." in text or "rule: this is no id." in text


def test_an_unknown_action_is_refused(browser: Client, alice: User) -> None:
    assert browser.post(CHANGE, {"action": "approve"}).status_code == 422


def test_the_api_changes_several_and_tells_the_outcome(
    browser: Client, three: dict[str, str], bob: User
) -> None:
    def post(body: object) -> Any:
        return browser.post(f"{API}/actions", json.dumps(body), content_type="application/json")

    rules = [str(UUID(key)) for key in three.values()]
    without = post({"rules": rules, "action": "extend"})
    answer = post({"rules": rules, "action": "extend", "lifetime_days": None})
    batch = answer.json()["batch"]
    work()

    assert (without.status_code, without.json()["field"]) == (422, "lifetime_days")
    assert answer.status_code == 202
    told = browser.get(f"{API}/actions/{batch}").json()["items"]
    assert [item["state"] for item in told] == ["done"] * 3
    assert browser_of(bob).get(f"{API}/actions/{batch}").status_code == 404


def test_a_part_of_a_list_goes_on_behind_what_is_gone() -> None:
    rows = [(float(n), f"{n:02d}") for n in range(10)]

    first, cursor = cut(rows, lambda row: row, limit=4)
    second, _more = cut([row for row in rows if row not in first], lambda row: row, limit=4,
                        cursor=cursor)  # fmt: skip

    assert [*first, *second] == rows[:8]


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyJhIl0", "W1tdXQ"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        cut([(1.0, "a")], lambda row: row, limit=1, cursor=cursor)
