"""Two identities, one person: linked with proof of both, merged in one transaction, unlinked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import linking, merging
from accounts.models import (
    Acceptance,
    AuditEvent,
    BackendAccount,
    Identity,
    PendingLink,
    TokenGrant,
    User,
)
from data_mgmt.models import ReplicaRequest
from reproducibility.models import Analysis, Run
from sessions.models import Session, SessionState
from tests.factories import make_user, sign_in
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.conftest import Committed
from tests.unit.accounts.test_sign_in import begin, finish
from vre_portal.errors import Conflict
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
CONFIRM = "/accounts/identities/confirm/"


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    """Alice's browser, freshly signed in."""
    sign_in(client, alice)
    return client


def prove(client: Client, provider: FakeProvider, **claims: Any) -> Any:
    """Sign in at the provider with the intent to link."""
    sent = begin(client, provider, intent="link")
    assert sent["prompt"] == "login"
    assert sent["max_age"] == "0"
    provider.id_token_claims = {"auth_time": int(timezone.now().timestamp()), **claims}
    return finish(client, sent)


def request_of(user: User, storage: str = "CERN") -> ReplicaRequest:
    return ReplicaRequest.objects.create(
        user=user, did_scope="cms", did_name="dimuon", storage=storage
    )


def test_nothing_is_linked_before_it_is_confirmed(
    signed_in: Client, provider: FakeProvider, alice: User
) -> None:
    answer = prove(signed_in, provider)

    assert answer["Location"] == CONFIRM
    assert alice.identities.count() == 1
    page = signed_in.get(CONFIRM).content.decode()
    assert "subject-1" in page
    assert "Link these two?" in page


def test_a_confirmed_identity_signs_in_to_the_same_account(
    signed_in: Client, provider: FakeProvider, alice: User
) -> None:
    provider.claims["wlcg.groups"] = ["/escape", "/escape/operators"]
    prove(signed_in, provider)

    signed_in.post(CONFIRM)

    assert alice.identities.count() == 2
    assert TokenGrant.objects.filter(identity__subject="subject-1").exists()
    alice.refresh_from_db()
    assert "operator" in alice.roles
    other = Client()
    provider.id_token_claims = {}
    finish(other, begin(other, provider))
    assert other.session["_auth_user_id"] == str(alice.pk)
    assert not PendingLink.objects.exists()


def test_a_proof_that_is_not_fresh_links_nothing(signed_in: Client, provider: FakeProvider) -> None:
    hour_ago = int((timezone.now() - timedelta(hours=1)).timestamp())

    answer = prove(signed_in, provider, auth_time=hour_ago)

    assert answer.status_code == 403
    assert not PendingLink.objects.exists()


def test_only_the_browser_that_proved_it_confirms(
    signed_in: Client, provider: FakeProvider, alice: User
) -> None:
    prove(signed_in, provider)
    elsewhere = Client()
    sign_in(elsewhere, alice)

    answer = elsewhere.post(CONFIRM)

    assert answer.status_code == 404
    assert alice.identities.count() == 1


def test_a_link_that_waited_too_long_is_gone(
    signed_in: Client, provider: FakeProvider, alice: User
) -> None:
    prove(signed_in, provider)
    PendingLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert signed_in.post(CONFIRM).status_code == 404
    assert alice.identities.count() == 1


def test_leaving_it_forgets_the_proof(signed_in: Client, provider: FakeProvider) -> None:
    prove(signed_in, provider)

    signed_in.post("/accounts/identities/leave/")

    assert not PendingLink.objects.exists()


def test_the_proof_is_sealed(signed_in: Client, provider: FakeProvider) -> None:
    prove(signed_in, provider)

    assert b"refresh-0" not in bytes(PendingLink.objects.get().sealed)


def test_linking_asks_for_a_recent_sign_in(
    client: Client, alice: User, provider: FakeProvider
) -> None:
    sign_in(client, alice, ago=timedelta(minutes=10))

    assert client.get("/accounts/identities/link/").status_code == 403
    assert client.post(CONFIRM).status_code == 403


@pytest.fixture
def absorbed(provider: FakeProvider) -> User:
    """Another account of the same person, to which the provider's identity leads."""
    user = make_user("second")
    Identity.objects.create(
        user=user, provider="escape", issuer=provider.issuer, subject="subject-1"
    )
    return user


def test_a_merge_says_what_moves_before(
    signed_in: Client, provider: FakeProvider, absorbed: User
) -> None:
    request_of(absorbed)
    prove(signed_in, provider)

    page = signed_in.get(CONFIRM).content.decode()

    assert "Merge these two accounts?" in page
    assert absorbed.handle in page
    assert "replica requests (1)" in page
    assert "identities (1)" in page


def test_a_merge_moves_everything_and_closes_the_other(
    signed_in: Client, provider: FakeProvider, alice: User, absorbed: User
) -> None:
    request = request_of(absorbed)
    session = Session.objects.create(
        user=absorbed, environment="e", environment_name="E", name="n", state=SessionState.STOPPED
    )
    analysis = Analysis.objects.create(slug="a", owner=absorbed, title="A", summary="s")
    version = analysis.versions.create(number=1)
    run = Run.objects.create(user=absorbed, analysis=analysis, version=version, number=1)
    prove(signed_in, provider)

    signed_in.post(CONFIRM)

    for row in (request, session, run):
        row.refresh_from_db()
        assert row.user == alice
    analysis.refresh_from_db()
    assert analysis.owner == alice
    absorbed.refresh_from_db()
    assert absorbed.merged_into == alice
    assert not absorbed.is_active
    assert Identity.objects.get(subject="subject-1").user == alice
    assert AuditEvent.objects.filter(action="account.merged", object_id=absorbed.handle).exists()


def test_after_a_merge_nothing_refers_to_the_account_that_is_gone(
    alice: User, absorbed: User
) -> None:
    request_of(absorbed)
    Acceptance.objects.create(user=absorbed, version="an-older-one")

    merging.merge(survivor=alice, absorbed=absorbed)

    left = {
        model.__name__: merging.rows_of(absorbed, model, field).count()
        for model, field in merging.relations()
    }
    assert {name: number for name, number in left.items() if number} == {}
    assert alice.acceptances.filter(version="an-older-one").exists()
    assert BackendAccount.objects.filter(user=alice).count() == 3


def test_a_merge_notes_which_account_went_where_identities_join(
    alice: User, absorbed: User
) -> None:
    merging.merge(survivor=alice, absorbed=absorbed)

    noted = {row.service: row.absorbed for row in alice.backend_accounts.all()}
    assert noted == {"rucio": [absorbed.handle], "reana": [], "jupyterhub": []}


def test_the_relations_are_those_of_every_app() -> None:
    names = {model.__name__ for model, _field in merging.relations()}

    assert {"Identity", "ReplicaRequest", "Session", "Run", "Analysis", "Operation"} <= names
    assert {"AccessToken", "Event", "ApiToken", "WebSession"} <= names


def test_work_under_way_forbids_a_merge(alice: User, absorbed: User) -> None:
    Operation.objects.create(kind="k", subject=absorbed.pk, user=absorbed, key="k")

    with pytest.raises(Conflict, match="under way"):
        merging.merge(survivor=alice, absorbed=absorbed)


def test_a_running_session_forbids_a_merge(alice: User, absorbed: User) -> None:
    Session.objects.create(
        user=absorbed, environment="e", environment_name="E", name="My fit",
        state=SessionState.READY,
    )  # fmt: skip

    with pytest.raises(Conflict, match="My fit"):
        merging.merge(survivor=alice, absorbed=absorbed)


def test_a_merge_that_fails_in_the_middle_changes_nothing(alice: User, absorbed: User) -> None:
    request_of(alice)
    twin = request_of(absorbed)
    other = request_of(absorbed, storage="LAPP")

    with pytest.raises(Conflict, match="replica requests"):
        merging.merge(survivor=alice, absorbed=absorbed)

    for row in (twin, other):
        row.refresh_from_db()
        assert row.user == absorbed
    absorbed.refresh_from_db()
    assert absorbed.is_active
    assert absorbed.identities.count() == 1


def test_ones_own_identity_is_not_linked_again(
    signed_in: Client, provider: FakeProvider, alice: User
) -> None:
    alice.identities.update(issuer=provider.issuer, subject="subject-1")

    answer = prove(signed_in, provider)

    assert answer.status_code == 403
    assert "yours already" in answer.content.decode()


def test_unlinking_takes_groups_tokens_and_browsers(
    signed_in: Client, provider: FakeProvider, alice: User, committed: Committed
) -> None:
    provider.claims["wlcg.groups"] = ["/escape"]
    prove(signed_in, provider)
    signed_in.post(CONFIRM)
    identity = Identity.objects.get(subject="subject-1")

    with committed():
        signed_in.post(f"/accounts/identities/{identity.pk}/unlink/")

    assert alice.identities.count() == 1
    assert ("/revoke", "refresh-0") in [(path, f.get("token")) for path, f in provider.requests]
    alice.refresh_from_db()
    assert "/escape" not in alice.groups


def test_the_last_identity_stays(signed_in: Client, alice: User) -> None:
    identity = alice.identities.get()

    with pytest.raises(Conflict, match="only identity"):
        linking.unlink(alice, str(identity.pk))

    assert signed_in.post(f"/accounts/identities/{identity.pk}/unlink/").status_code == 409
    assert alice.identities.count() == 1
