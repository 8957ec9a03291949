"""A person with several identities is one person in each backend, and stays the same one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import credentials, linking, merging, presenting, provisioning, tasks
from accounts.models import AccountState, AudienceToken, BackendAccount, Identity, User
from tests.factories import make_identity, make_user, sign_in
from tests.fakes.provider import FakeProvider
from vre_portal import operations, rechecks
from vre_portal.errors import CredentialExpired, NotFound, PortalError, UpstreamUnavailable
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(alice: User, provider: FakeProvider) -> Identity:
    """The identity with which alice's accounts were opened."""
    identity = make_identity(alice, issuer=provider.issuer)
    for service in ("rucio", "reana"):
        credentials.credential_for(alice, service)
    return identity


@pytest.fixture
def second(alice: User, first: Identity, provider: FakeProvider) -> Identity:
    """Another identity, linked afterwards; alice signed in with it last."""
    identity = make_identity(alice, issuer=provider.issuer, subject="subject-2")
    later = timezone.now() + timedelta(minutes=1)
    Identity.objects.filter(pk=identity.pk).update(last_sign_in=later)
    return identity


def opener_of(user: User, service: str) -> Identity | None:
    return user.backend_accounts.get(service=service).identity


def only(monkeypatch: pytest.MonkeyPatch, service: str, provision: provisioning.Provision) -> None:
    """Let one backend be the only one, and its accounts be made by a test."""
    monkeypatch.setattr(provisioning, "_provisions", {service: provision})
    BackendAccount.objects.exclude(service=service).delete()


def work() -> None:
    """Do all provisioning that waits."""
    for operation in Operation.objects.filter(kind=provisioning.KIND, state="waiting"):
        operations.advance(operation.pk)


@pytest.mark.parametrize("service", ["rucio", "reana"])
def test_the_identity_that_opened_an_account_goes_on_opening_it(
    alice: User, first: Identity, second: Identity, service: str
) -> None:
    credentials.credential_for(alice, service)

    assert opener_of(alice, service) == first
    assert set(AudienceToken.objects.values_list("grant__identity", flat=True)) == {first.pk}


def test_where_identities_join_another_opens_the_account_meanwhile(
    alice: User, first: Identity, second: Identity
) -> None:
    first.grant.delete()

    credential = credentials.credential_for(alice, "rucio")

    assert credential.account == alice.handle
    assert AudienceToken.objects.get(grant__identity=second).audience == "rucio"
    assert opener_of(alice, "rucio") == first


def test_where_they_do_not_join_one_signs_in_with_the_first(
    alice: User, first: Identity, second: Identity
) -> None:
    first.grant.delete()

    with pytest.raises(CredentialExpired) as caught:
        credentials.credential_for(alice, "reana")

    words = "Your REANA account belongs to your identity at Fake institute. Sign in there."
    assert caught.value.message == words
    assert caught.value.provider == "escape"


def test_unlinking_the_identity_of_an_account_checks_it_with_another(
    client: Client, alice: User, first: Identity, second: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whoami(user: User) -> str:
        return f"person-of-{credentials.credential_for(user, 'reana').token[:5]}"

    only(monkeypatch, "reana", whoami)
    Identity.objects.update(groups=["/escape"])
    sign_in(client, alice)
    page = client.get(f"/accounts/identities/{first.pk}/unlink/").content.decode()
    assert "Your account in REANA belongs to this identity" in page

    client.post(f"/accounts/identities/{first.pk}/unlink/")
    assert alice.backend_accounts.get(service="reana").state == AccountState.WORKING
    work()

    row = alice.backend_accounts.get(service="reana")
    assert (row.state, row.identity, row.account) == ("ready", second, "person-of-reana")


def test_an_unlinked_identity_is_given_up_where_it_was_joined(
    alice: User, first: Identity, second: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def rucio(user: User) -> str:
        seen.append(user.backend_accounts.get(service="rucio").given_up)
        return user.handle

    only(monkeypatch, "rucio", rucio)
    linking.unlink(alice, str(second.pk))
    work()

    assert seen == [[[second.issuer, "subject-2"]]]
    assert alice.backend_accounts.get(service="rucio").given_up == []


def test_what_is_linked_while_an_account_is_made_is_seen_too(
    alice: User, first: Identity, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def rucio(user: User) -> str:
        seen.append(user.identities.count())
        if len(seen) == 1:
            make_identity(user, issuer=provider.issuer, subject="subject-2")
        return user.handle

    only(monkeypatch, "rucio", rucio)
    provisioning.begin(alice.backend_accounts.get(service="rucio"))
    work()
    work()

    assert seen == [1, 2]
    assert alice.backend_accounts.get(service="rucio").state == AccountState.READY


def test_a_merge_forgets_tokens_that_a_backend_has_seen(
    alice: User, first: Identity, provider: FakeProvider
) -> None:
    other = make_user("other")
    make_identity(other, issuer=provider.issuer, subject="subject-2")
    credentials.credential_for(other, "rucio")

    merging.merge(survivor=alice, absorbed=other)

    assert not AudienceToken.objects.filter(grant__identity__subject="subject-2").exists()
    assert opener_of(alice, "rucio") == first


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, str]]:
    """The checks that were asked for."""
    asked: list[tuple[object, str]] = []
    monkeypatch.setattr(rechecks, "_rechecks", [lambda who, where: asked.append((who, where))])
    return asked


def test_an_unknown_account_is_checked_once_a_minute_and_said_to_be(
    checks: list[tuple[object, str]],
) -> None:
    refused = NotFound("There is no such account.", service="rucio")

    told = [rechecks.unknown("someone", "rucio", refused) for _ in range(3)]

    assert checks == [("someone", "rucio")]
    assert {type(error) for error in told} == {UpstreamUnavailable}
    assert told[0].message == "Your account in Rucio is being repaired. Try again in a moment."
    assert told[0].__cause__ is refused


def test_a_check_that_did_not_help_leaves_the_refusal(
    checks: list[tuple[object, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: PortalError = NotFound("There is no such account.", service="rucio")
    rechecks.unknown("someone", "rucio", refused)
    monkeypatch.setattr(rechecks, "TOLD_SECONDS", 0)

    assert rechecks.unknown("someone", "rucio", refused) is refused
    assert len(checks) == 1


def test_the_check_makes_the_account_again(alice: User, first: Identity) -> None:
    tasks.recheck(str(alice.pk), "rucio")

    row = alice.backend_accounts.get(service="rucio")
    assert row.state == AccountState.WORKING
    assert Operation.objects.get(kind=provisioning.KIND).subject == row.pk


@pytest.mark.parametrize(
    ("service", "account", "words"),
    [
        ("rucio", "", "You are {handle} there."),
        ("rucio", "rana", "You are rana there, not {handle}: an identity of yours had this"),
        ("reana", "rana@x.eu", "You are rana@x.eu there: REANA chooses the name itself."),
    ],
)
def test_a_name_that_is_not_the_handle_is_explained(
    alice: User, service: str, account: str, words: str
) -> None:
    row = BackendAccount.objects.get(user=alice, service=service)
    row.account = account or alice.handle

    (shown,) = presenting.shown([row])

    assert shown.text.startswith(words.format(handle=alice.handle))
