"""Members act as their groups: where, as whom it is shown, and no longer than they are members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import AccountState, AuditEvent, BackendAccount, User
from data_mgmt import services
from data_mgmt.backends import Did, DidType
from data_mgmt.models import ReplicaRequest
from data_mgmt.services import acting, collecting, provisioning
from data_mgmt.services.asking import Terms
from tests.factories import sign_in
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded, UpstreamUnavailable

pytestmark = pytest.mark.django_db
GROUP = "/escape/cms"


@pytest.fixture(autouse=True)
def groups(data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One group has an account in Rucio, with room at LAPP."""
    monkeypatch.setenv("VRE_RUCIO_GROUPS", f'{{"{GROUP}": "cms"}}')
    get_config.cache_clear()
    data_backend.scopes.add("group.cms")
    data_backend.set_limit("cms", "LAPP-DISK", GIB)
    yield
    get_config.cache_clear()


def join(user: User, data_backend: FakeDataBackend) -> User:
    user.groups = ["/escape", GROUP]
    user.save()
    data_backend.acts_for[user.handle] = {"cms"}
    data_backend.scopes.add(f"user.{user.handle}")
    return user


@pytest.fixture
def member(alice: User, data_backend: FakeDataBackend) -> User:
    """Alice in the group."""
    return join(alice, data_backend)


def test_a_member_acts_as_herself_and_as_the_group(member: User, bob: User) -> None:
    assert [(each.account, each.group) for each in acting.actors(member)] == [
        (member.handle, ""),
        ("cms", GROUP),
    ]
    assert acting.accounts_of(bob) == {bob.handle}
    with pytest.raises(InvalidRequest) as refused:
        acting.actor_of(bob, "cms")
    assert refused.value.field == "account"


def test_scopes_come_with_whose_they_are(member: User, data_backend: FakeDataBackend) -> None:
    wanted = [(f"user.{member.handle}", member.handle, ""), ("group.cms", "cms", GROUP)]

    for _ in range(2):
        found = acting.writable_scopes(member)
        assert [(each.name, each.account, each.group) for each in found] == wanted
        data_backend.fail_on("scopes_of", UpstreamUnavailable("Rucio does not answer."))


def test_a_dataset_of_the_group_is_the_groups(member: User, data_backend: FakeDataBackend) -> None:
    did = Did("group.cms", "ours")

    change = collecting.make(member, did, DidType.DATASET)
    work()

    change.refresh_from_db()
    assert (change.state, change.account) == ("done", "cms")
    assert data_backend.owners[did] == "cms"
    assert AuditEvent.objects.get(action="collection.make").detail["as"] == "cms"


def test_members_see_the_groups_changes_and_others_do_not(
    member: User, bob: User, data_backend: FakeDataBackend
) -> None:
    change = collecting.make(member, Did("group.cms", "ours"), DidType.DATASET)
    with pytest.raises(NotFound):
        collecting.find(bob, change.pk)

    join(bob, data_backend)

    assert collecting.find(bob, change.pk) == change
    own = collecting.make(member, Did(f"user.{member.handle}", "mine"), DidType.DATASET)
    with pytest.raises(NotFound):
        collecting.find(bob, own.pk)


def test_whoever_left_the_group_meanwhile_does_not_act_for_it(
    member: User, data_backend: FakeDataBackend
) -> None:
    change = collecting.make(member, Did("group.cms", "late"), DidType.DATASET)
    member.groups = []
    member.save()

    work()

    change.refresh_from_db()
    assert change.state == "failed"
    assert Did("group.cms", "late") not in data_backend.types


def ask_as_group(user: User, did: Did, storage: str = "LAPP-DISK") -> ReplicaRequest:
    (outcome,) = services.ask_for(user, [did], [storage], Terms(account="cms"))
    if outcome.error:
        raise outcome.error
    assert outcome.request
    return outcome.request


def test_a_copy_as_the_group_is_on_the_groups_rule_and_quota(
    member: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = ask_as_group(member, dimuon)
    work()

    request.refresh_from_db()
    assert request.account == "cms"
    assert data_backend.rules[request.rule_id].rule.account == "cms"
    with pytest.raises(QuotaExceeded):
        ask_as_group(member, dimuon, "CERN-DISK")
    again = ask_as_group(member, dimuon)
    assert again == request


def test_the_same_copy_may_be_wanted_by_the_group_and_by_oneself(member: User, dimuon: Did) -> None:
    ours = ask_as_group(member, dimuon)
    mine = services.request_replica(member, dimuon, storage="LAPP-DISK")

    assert ours.pk != mine.pk
    assert (ours.account, mine.account) == ("cms", "")


def test_who_is_no_member_asks_nothing_as_the_group(bob: User, dimuon: Did) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.ask_for(bob, [dimuon], ["LAPP-DISK"], Terms(account="cms"))

    assert refused.value.field == "account"


def test_another_member_ends_it_in_their_own_name(
    member: User, bob: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = ask_as_group(member, dimuon)
    work()
    with pytest.raises(NotFound):
        services.find(bob, request.pk)
    join(bob, data_backend)

    found = services.find(bob, request.pk)
    services.cancel(found)
    work()

    request.refresh_from_db()
    assert request.state == "cancelled"
    assert AuditEvent.objects.get(action="replica-request.cancelled").actor == bob.pk


def test_the_pages_say_as_whom(member: User, data_backend: FakeDataBackend, dimuon: Did) -> None:
    browser = Client()
    sign_in(browser, member)
    request = ask_as_group(member, dimuon)
    change = collecting.make(member, Did("group.cms", "ours"), DidType.DATASET)
    work()

    form = browser.get(f"/data/{dimuon}").content.decode()
    page = browser.get(f"/data/requests/{request.pk}/").content.decode()
    listing = browser.get("/data/requests/").content.decode()
    changed = browser.get(f"/data/changes/{change.pk}/").content.decode()
    manage = browser.get("/data/manage?did=group.cms:ours").content.decode()

    assert '<option value="cms">group /escape/cms</option>' in form
    assert "group cms, by Alice" in page
    assert "as group cms" in listing
    assert "As group /escape/cms, by Alice." in changed
    assert "done as group /escape/cms" in manage


def test_rules_of_the_group_are_among_all_of_mine(
    member: User, bob: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    for account in (member.handle, "cms"):
        services.ask_one(member, dimuon, "LAPP-DISK", Terms(account=account))
    work()
    (theirs,) = [key for key, kept in data_backend.rules.items() if kept.rule.account == "cms"]
    browser, stranger = Client(), Client()
    sign_in(browser, member)
    sign_in(stranger, bob)

    def found() -> list[str]:
        answer = browser.get("/api/v1/data/rules").json()
        return sorted(item["account"] for item in answer["items"])

    before = found()
    page = browser.get("/data/requests/rules/?account=cms").text
    told = {"rule": theirs, "action": "end", "confirmed": "yes"}
    browser.post("/data/requests/rules/change", told)
    work()

    assert f"group {GROUP}</span>" in page
    assert '<option value="cms" selected>' in page
    assert before == sorted(["cms", member.handle])
    assert found() == [member.handle]
    assert theirs not in data_backend.rules
    assert stranger.get("/api/v1/data/rules?account=cms").status_code == 422


def test_who_is_in_no_group_is_not_asked_as_whom(browser: Client, dimuon: Did) -> None:
    assert 'name="account"' not in browser.get(f"/data/{dimuon}").content.decode()


def test_rucio_learns_the_groups_and_forgets_them_with_the_provider(
    alice: User, data_backend: FakeDataBackend
) -> None:
    identity = alice.identities.get()
    for told, known in ((["/escape", GROUP], {"cms"}), (["/escape"], set())):
        identity.groups = told
        identity.save()
        accounts.roles_renewed(alice)
        work()
        assert data_backend.acts_for[alice.handle] == known
    row = BackendAccount.objects.get(user=alice, service="rucio")
    assert row.state == AccountState.READY


def test_what_is_as_before_is_not_told_again(alice: User, data_backend: FakeDataBackend) -> None:
    identity = alice.identities.get()
    identity.groups = ["/escape"]
    identity.save()
    accounts.roles_renewed(alice)
    work()
    before = data_backend.calls["set_marks"]

    accounts.roles_renewed(alice)
    work()

    assert data_backend.calls["set_marks"] == before


def test_the_accounts_of_groups_are_made_once(data_backend: FakeDataBackend) -> None:
    data_backend.scopes.discard("group.cms")

    assert provisioning.make_group_accounts() == [("cms", True)]
    assert provisioning.make_group_accounts() == [("cms", False)]
    assert data_backend.limits["cms", "CERN-DISK"] == 2**40


@pytest.mark.parametrize(
    "told", ['{"/a": "UPPER"}', '{"/a": "much-too-long-for-a-scope"}', '{"/a": "x", "/b": "x"}']
)
def test_a_name_that_rucio_would_not_take_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("VRE_RUCIO_GROUPS", told)
    get_config.cache_clear()

    with pytest.raises(ValueError, match="an account of its own"):
        get_config()
    monkeypatch.setenv("VRE_RUCIO_GROUPS", "{}")
