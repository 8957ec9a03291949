"""The vault: sealed tokens, one refresh at a time, one exchange an audience."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import credentials, grants
from accounts.models import AudienceToken, TokenGrant, User
from accounts.token_endpoint import Tokens
from tests.factories import make_identity, make_user
from tests.fakes.provider import FakeProvider
from vre_portal.errors import CredentialExpired, UpstreamRefused


def test_tokens_are_sealed_in_the_database(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)

    stored = bytes(TokenGrant.objects.get().refresh_token)

    assert b"refresh-0" not in stored
    assert grants.refresh_token_of(TokenGrant.objects.get()) == "refresh-0"


def test_a_credential_is_exchanged_for_its_audience(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)

    credential = credentials.credential_for(alice, "rucio")

    assert credential.token.startswith("rucio-")
    assert credential.account == alice.handle
    assert provider.grants("token-exchange")[0]["subject_token"] == "access-0"


def test_a_credential_hides_its_token(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)

    credential = credentials.credential_for(alice, "rucio")

    assert credential.token not in repr(credential)


def test_a_young_credential_is_used_again(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    first = credentials.credential_for(alice, "rucio")

    second = credentials.credential_for(alice, "rucio")

    assert second.token == first.token
    assert len(provider.grants("token-exchange")) == 1


def test_an_old_access_token_is_refreshed_first(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer, access_left=60)

    credentials.credential_for(alice, "rucio")

    assert provider.grants("refresh_token")[0]["refresh_token"] == "refresh-0"
    kept = grants.refresh_token_of(TokenGrant.objects.get())
    assert kept == provider.valid_refresh != "refresh-0"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_refresh_once(provider: FakeProvider) -> None:
    provider.claims["wlcg.groups"] = ["/escape"]
    alice = make_user("alice")
    make_identity(alice, issuer=provider.issuer, access_left=60)

    def ask(audience: str) -> str:
        try:
            return credentials.credential_for(alice, audience).token
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(ask, ["rucio", "reana"] * 4))

    assert len(provider.grants("refresh_token")) == 1
    assert {token.partition("-")[0] for token in tokens} == {"rucio", "reana"}


@pytest.mark.django_db(transaction=True)
def test_a_rotated_refresh_token_survives_a_failing_exchange(provider: FakeProvider) -> None:
    alice = make_user("alice")
    make_identity(alice, issuer=provider.issuer, access_left=60)
    provider.refuse["token-exchange"] = (400, "invalid_target")

    with pytest.raises(UpstreamRefused):
        credentials.credential_for(alice, "rucio")

    assert grants.refresh_token_of(TokenGrant.objects.get()) == provider.valid_refresh


def elsewhere(act: Callable[[], object]) -> Callable[[], None]:
    """Return what does this in another thread, with a connection that is closed behind it."""

    def meanwhile() -> None:
        try:
            act()
        finally:
            connection.close()

    return meanwhile


@pytest.mark.django_db(transaction=True)
def test_signing_out_during_a_refresh_gives_back_what_comes_of_it(provider: FakeProvider) -> None:
    alice = make_user("alice")
    make_identity(alice, issuer=provider.issuer, access_left=60)
    provider.meanwhile = elsewhere(lambda: TokenGrant.objects.all().delete())

    with pytest.raises(CredentialExpired):
        credentials.credential_for(alice, "rucio")

    revoked = [form["token"] for path, form in provider.requests if path == "/revoke"]
    assert revoked == [provider.valid_refresh]
    assert not TokenGrant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_signing_in_during_a_refresh_keeps_the_new_tokens(provider: FakeProvider) -> None:
    alice = make_user("alice")
    identity = make_identity(alice, issuer=provider.issuer, access_left=60)
    later = timezone.now() + timedelta(hours=1)
    fresh = Tokens("access-new", later, refresh_token="refresh-new")
    provider.meanwhile = elsewhere(lambda: grants.store_grant(identity, fresh))

    credentials.credential_for(alice, "rucio")

    assert grants.refresh_token_of(TokenGrant.objects.get()) == "refresh-new"
    assert provider.grants("token-exchange")[0]["subject_token"] == "access-new"


@pytest.mark.parametrize("error", ["unsupported_grant_type", "unauthorized_client"])
def test_a_provider_without_token_exchange_is_named_with_what_it_does_not_open(
    alice: User, provider: FakeProvider, error: str
) -> None:
    make_identity(alice, issuer=provider.issuer)
    provider.refuse["token-exchange"] = (400, error)

    with pytest.raises(UpstreamRefused, match="Fake institute gives no token for Rucio"):
        credentials.credential_for(alice, "rucio")


def test_a_dead_refresh_token_asks_to_sign_in_again(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer, access_left=60, refresh_token="used-up")

    with pytest.raises(CredentialExpired) as caught:
        credentials.credential_for(alice, "rucio")

    assert caught.value.provider == "escape"
    assert "Sign in again" in caught.value.message


def test_a_lost_vault_key_asks_to_sign_in_again(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    credentials.credential_for(alice, "rucio")
    AudienceToken.objects.update(token=b"sealed with another key")

    with pytest.raises(CredentialExpired):
        credentials.credential_for(alice, "rucio")


def test_a_new_sign_in_drops_old_credentials(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    credentials.credential_for(alice, "rucio")
    identity = alice.identities.get()
    tokens = Tokens("access-9", TokenGrant.objects.get().access_expires_at)

    grants.store_grant(identity, tokens)

    assert not AudienceToken.objects.exists()
