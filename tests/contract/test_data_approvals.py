"""What data managers do, as the fake claims and as Rucio does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts.credentials import Credential
from data_mgmt.backends import Did, Rule, RuleState
from data_mgmt.backends.approvals import RuleQuestion
from tests.contract.managers import Two, two_people
from tests.contract.test_data_backend import KINDS
from vre_portal.errors import Forbidden, NotFound

UNKNOWN = "0" * 32
TAPE = "CNAF-TAPE"
SMALL = Did("astro", "m13")


@pytest.fixture(scope="module", params=KINDS)
def two(request: pytest.FixtureRequest) -> Iterator[Two]:
    """A researcher and a data manager."""
    yield from two_people(request.param)


@dataclass
class Asked:
    """A rule that waits."""

    two: Two
    did: Did
    id: str

    def now(self) -> Rule:
        return self.two.backend.get_rule(self.two.who, self.id)

    def is_there(self) -> bool:
        try:
            self.now()
        except NotFound:
            return False
        return True


@pytest.fixture
def asked(two: Two) -> Iterator[Asked]:
    """A rule of the researcher's, on a dataset of its own, that waits for approval."""
    did = two.new_dataset(two.who, f"contract-{uuid.uuid4().hex[:8]}")
    made = two.backend.add_rule(
        two.who,
        did,
        storage=TAPE,
        lifetime_seconds=86400,
        comment="for the thesis",
        ask_approval=True,
    )
    rule = Asked(two, did, made)
    yield rule
    if rule.is_there():
        two.backend.deny_rule(two.manager, made, "the test is over")
    if rule.is_there():
        two.backend.cancel_rule(two.who, made)


def waiting(two: Two, **question: str) -> list[str]:
    found = two.backend.find_rules(
        two.manager, RuleQuestion(state=RuleState.WAITING_APPROVAL, **question)
    )
    return [rule.id for rule in found]


def test_what_waits_is_listed_to_everybody(two: Two, asked: Asked) -> None:
    question = RuleQuestion(state=RuleState.WAITING_APPROVAL)

    found = {rule.id: rule for rule in two.backend.find_rules(two.manager, question)}

    rule = found[asked.id]
    assert (rule.did, rule.storage, rule.account) == (asked.did, TAPE, two.who.account)
    assert (rule.comment, rule.state) == ("for the thesis", RuleState.WAITING_APPROVAL)


def test_a_found_rule_tells_the_size_of_its_data(two: Two) -> None:
    service = two.backend.service_credential()

    rules = two.backend.find_rules(service, RuleQuestion(scope="astro", name="m13*"))

    assert {bool(rule.bytes) for rule in rules if rule.did == SMALL} <= {True}


def test_rules_are_found_by_storage_scope_and_name(two: Two, asked: Asked) -> None:
    scope, name = asked.did.scope, asked.did.name
    fitting = {
        "storage": [TAPE, "*-TAPE"],
        "scope": [scope, f"{scope[:6]}*", f"*{scope[-4:]}"],
        "name": [name, "contract-*", f"*{name[-6:]}"],
    }
    differing = {
        "storage": ["CNAF-TAP", "*-DISK", "CNAF?TAPE"],
        "scope": [scope[:-1], "cms*"],
        "name": [name[:-1], name.upper(), f"[c]{name[1:]}"],
    }

    for part, texts in fitting.items():
        assert [text for text in texts if asked.id not in waiting(two, **{part: text})] == []
    for part, texts in differing.items():
        assert [text for text in texts if asked.id in waiting(two, **{part: text})] == []


def test_rules_are_found_by_account_and_state(two: Two, asked: Asked) -> None:
    assert asked.id in waiting(two, account=two.who.account)
    assert asked.id in waiting(two, account=f"{two.who.account[:4]}*")
    assert asked.id not in waiting(two, account=two.manager.account)
    ok = two.backend.find_rules(two.who, RuleQuestion(RuleState.OK, account=two.who.account))
    assert asked.id not in [rule.id for rule in ok]


def test_an_approved_rule_goes_on_and_twice_is_once(two: Two, asked: Asked) -> None:
    two.backend.approve_rule(two.manager, asked.id)
    two.backend.approve_rule(two.manager, asked.id)

    assert asked.now().state is not RuleState.WAITING_APPROVAL


def test_a_denied_rule_is_gone(two: Two, asked: Asked) -> None:
    two.backend.deny_rule(two.manager, asked.id, "no room")

    assert not asked.is_there()


def test_denying_leaves_what_was_approved(two: Two, asked: Asked) -> None:
    two.backend.approve_rule(two.manager, asked.id)

    two.backend.deny_rule(two.manager, asked.id, "too late")

    assert asked.is_there()


def test_a_researcher_decides_nothing(two: Two, asked: Asked) -> None:
    with pytest.raises(Forbidden):
        two.backend.approve_rule(two.who, asked.id)
    with pytest.raises(Forbidden):
        two.backend.deny_rule(two.who, asked.id, "mine")

    assert asked.now().state is RuleState.WAITING_APPROVAL


def test_an_unknown_rule_is_not_decided(two: Two) -> None:
    for who in (two.manager, two.who):
        with pytest.raises(NotFound):
            two.backend.approve_rule(who, UNKNOWN)
        with pytest.raises(NotFound):
            two.backend.deny_rule(who, UNKNOWN, "no")


def test_a_data_manager_sets_the_quota_of_others(two: Two) -> None:
    before = _limit(two, two.who)
    assert before is not None

    two.backend.grant_quota(two.manager, two.who.account, TAPE, before + 4096)
    raised = _limit(two, two.who)
    two.backend.grant_quota(two.manager, two.who.account, TAPE, before)

    assert raised == before + 4096
    assert _limit(two, two.manager) == before


def _limit(two: Two, asking: Credential) -> int | None:
    rows = two.backend.usage(asking, account=two.who.account)
    return next(row.limit for row in rows if row.storage == TAPE)


def test_a_researcher_sets_no_quota(two: Two) -> None:
    with pytest.raises(Forbidden):
        two.backend.grant_quota(two.who, two.who.account, TAPE, 1)


def test_there_is_no_quota_of_nobody_nor_nowhere(two: Two) -> None:
    with pytest.raises(NotFound):
        two.backend.grant_quota(two.manager, f"nobody-{uuid.uuid4().hex[:6]}", TAPE, 1)
    with pytest.raises(NotFound):
        two.backend.grant_quota(two.manager, two.who.account, "NOWHERE", 1)
