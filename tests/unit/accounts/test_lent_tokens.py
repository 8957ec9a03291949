"""Who gets a token of the vault: whoever may act now, by an identity that has not lapsed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from accounts import credentials, gate, grants, services, suspension
from accounts.models import Acceptance, Identity, TokenGrant, User
from accounts.token_endpoint import Tokens
from tests.factories import make_identity
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.conftest import Committed
from vre_portal import operations
from vre_portal.errors import CredentialExpired
from vre_portal.models import Operation, OperationState
from vre_portal.operations import Done

pytestmark = pytest.mark.django_db


def lose_membership(user: User) -> None:
    User.objects.filter(pk=user.pk).update(roles=[])


def leave(user: User) -> None:
    User.objects.filter(pk=user.pk).update(delete_after=timezone.now() + timedelta(days=14))


def see_new_terms(user: User) -> None:
    Acceptance.objects.filter(user=user).delete()


def age(identity: Identity, *, id_token: str = "") -> None:
    """Make the identity's access token old, and keep an id_token beside it."""
    soon = timezone.now() + timedelta(seconds=60)
    grant = grants.store_grant(identity, Tokens("access-0", soon, "refresh-0", id_token))
    grant.refreshed_at = soon - timedelta(hours=1)
    grant.save()


def test_a_lapsed_identity_lends_nothing(alice: User, provider: FakeProvider) -> None:
    identity = make_identity(alice, issuer=provider.issuer)
    Identity.objects.filter(pk=identity.pk).update(lapsed_at=timezone.now())

    with pytest.raises(CredentialExpired, match="Fake institute") as caught:
        credentials.credential_for(alice, "rucio")

    assert caught.value.provider == "escape"
    assert provider.grants("token-exchange") == []


def test_another_identity_that_has_not_lapsed_lends(alice: User, provider: FakeProvider) -> None:
    lapsed = make_identity(alice, issuer=provider.issuer)
    make_identity(alice, issuer=provider.issuer, subject="subject-2")
    Identity.objects.filter(pk=lapsed.pk).update(lapsed_at=timezone.now())

    assert credentials.credential_for(alice, "rucio").token.startswith("rucio-")
    alice.backend_accounts.get(service="rucio", identity__subject="subject-2")


def test_a_provider_that_says_inactive_gets_its_tokens_back(
    alice: User, provider: FakeProvider, committed: Committed
) -> None:
    make_identity(alice, issuer=provider.issuer)
    credentials.credential_for(alice, "rucio")

    with committed():
        suspension.provider_says_inactive(provider.issuer, "subject-1")

    assert not TokenGrant.objects.exists()
    assert ("/revoke", "refresh-0") in [(path, f.get("token")) for path, f in provider.requests]
    with pytest.raises(CredentialExpired):
        credentials.credential_for(alice, "rucio")


def test_a_lapse_is_written_before_the_provider_is_asked(
    alice: User, provider: FakeProvider, committed: Committed
) -> None:
    make_identity(alice, issuer=provider.issuer)

    with committed():
        suspension.provider_says_inactive(provider.issuer, "subject-1")
        asked_before = [path for path, _form in provider.requests]

    assert "/revoke" not in asked_before
    assert [form["token"] for path, form in provider.requests if path == "/revoke"] == ["refresh-0"]


def test_what_is_not_saved_gives_nothing_back(
    alice: User, provider: FakeProvider, committed: Committed
) -> None:
    identity = make_identity(alice, issuer=provider.issuer)

    with committed(), transaction.atomic():
        grants.give_back(identity)
        transaction.set_rollback(True)

    assert TokenGrant.objects.exists()
    assert "/revoke" not in [path for path, _form in provider.requests]


def test_with_the_last_identity_the_tokens_of_the_portals_issuer_end(
    alice: User, provider: FakeProvider
) -> None:
    first = make_identity(alice, issuer=provider.issuer)
    second = make_identity(alice, issuer=provider.issuer, subject="subject-2")
    issued = get_access_token_model().objects
    soon = timezone.now() + timedelta(minutes=10)
    issued.create(user=alice, token="for-the-hub", expires=soon)

    suspension.lapse(first, why="a test")
    assert issued.filter(user=alice).exists()

    suspension.lapse(second, why="a test")
    assert not issued.filter(user=alice).exists()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lose_membership, gate.MembershipRequired),
        (leave, gate.Leaving),
        (see_new_terms, gate.TermsRequired),
    ],
)
def test_whoever_may_not_act_gets_no_token_but_to_end_something(
    alice: User,
    provider: FakeProvider,
    change: Callable[[User], None],
    refusal: type[gate.MayNotAct],
) -> None:
    make_identity(alice, issuer=provider.issuer)
    change(alice)

    with pytest.raises(refusal):
        credentials.credential_for(alice, "rucio")

    ending = credentials.credential_for(alice, "rucio", ending=True)
    assert ending.token.startswith("rucio-")


def test_the_suspended_end_nothing_either(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    suspension.suspend(alice, reason="a test")

    with pytest.raises(gate.Suspended):
        credentials.credential_for(alice, "rucio", ending=True)


@pytest.mark.parametrize("change", [lose_membership, leave, see_new_terms])
def test_work_under_way_waits_for_the_person_and_goes_on(
    alice: User,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[User], None],
) -> None:
    make_identity(alice, issuer=provider.issuer)

    def step(operation: Operation) -> Done:
        credentials.credential_for(operation.user, "rucio")
        return Done()

    def give_up(_operation: Operation, _error: Exception) -> None:
        raise AssertionError

    monkeypatch.setitem(operations._steps, "job", (step, give_up))
    job = Operation.objects.create(kind="job", subject=uuid.uuid4(), user=alice, key="job")
    change(alice)

    operations.advance(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (OperationState.WAITING, 0)
    User.objects.filter(pk=alice.pk).update(roles=["member"], delete_after=None)
    services.accept_terms(alice)
    Operation.objects.filter(pk=job.pk).update(due_at=timezone.now())
    operations.advance(job.pk)
    job.refresh_from_db()
    assert job.state == OperationState.DONE


def test_a_group_that_only_the_id_token_tells_is_kept_at_a_refresh(
    alice: User, provider: FakeProvider
) -> None:
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]
    identity = make_identity(alice, issuer=provider.issuer)
    age(identity, id_token=provider.id_token("access-0"))
    provider.userinfo = {"sub": "subject-1", "name": "Ada"}

    credentials.credential_for(alice, "rucio")

    alice.refresh_from_db()
    assert alice.roles == ["member", "operator"]
    assert alice.groups == ["/escape", "/escape/operators"]


def test_the_id_token_of_a_refresh_counts_before_the_one_of_before(
    alice: User, provider: FakeProvider
) -> None:
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]
    identity = make_identity(alice, issuer=provider.issuer)
    age(identity, id_token=provider.id_token("access-0"))
    provider.userinfo = {"sub": "subject-1", "name": "Ada"}
    provider.refresh_with_id_token = True
    provider.claims["wlcg.groups"] = ["/escape"]

    credentials.credential_for(alice, "rucio")

    alice.refresh_from_db()
    assert alice.roles == ["member"]


def test_a_group_that_userinfo_no_longer_tells_is_lost_with_its_role(
    alice: User, provider: FakeProvider
) -> None:
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]
    identity = make_identity(alice, issuer=provider.issuer)
    age(identity, id_token=provider.id_token("access-0"))
    provider.claims["wlcg.groups"] = ["/escape"]

    credentials.credential_for(alice, "rucio")

    alice.refresh_from_db()
    assert alice.groups == ["/escape"]
    assert alice.roles == ["member"]


@pytest.mark.parametrize(("with_id_token", "groups"), [(True, ["/new"]), (False, ["/escape"])])
def test_without_userinfo_only_a_new_id_token_changes_the_groups(
    alice: User, provider: FakeProvider, with_id_token: bool, groups: list[str]
) -> None:
    identity = make_identity(alice, issuer=provider.issuer)
    services.claims_renewed(identity, {"wlcg.groups": ["/escape"]})
    age(identity)
    provider.discovery = {"userinfo_endpoint": None}
    provider.claims["wlcg.groups"] = ["/new"]
    provider.refresh_with_id_token = with_id_token

    credentials.credential_for(alice, "rucio")

    alice.refresh_from_db()
    assert alice.groups == groups


def test_a_refresh_keeps_how_strong_the_sign_in_was(alice: User, provider: FakeProvider) -> None:
    provider.claims["wlcg.groups"] = ["/escape"]
    identity = make_identity(alice, issuer=provider.issuer)
    Identity.objects.filter(pk=identity.pk).update(acr="https://refeds.org/profile/mfa")
    age(identity)

    credentials.credential_for(alice, "rucio")

    assert alice.identities.get().acr == "https://refeds.org/profile/mfa"
