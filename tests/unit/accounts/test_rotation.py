"""The vault's keys: what is sealed with an older one is sealed anew, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BinaryField
from django.utils import timezone

from accounts import grants, rotation
from accounts.models import AudienceToken, PendingLink, TokenGrant, User
from accounts.sealing import Unreadable, rotated, seal, unseal
from accounts.token_endpoint import Tokens
from tests.factories import lend, make_identity, make_user
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db
ISSUER = "https://escape.test/"
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
UseKeys = Callable[..., None]


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> UseKeys:
    """Let the vault have these keys, the newest first."""

    def use(*keys: str) -> None:
        monkeypatch.setenv("VRE_VAULT_KEYS", ",".join(keys))
        get_config.cache_clear()

    use(OLD)
    return use


@pytest.fixture(autouse=True)
def _config_of_before() -> object:
    yield
    get_config.cache_clear()


def sealed_in_every_place(user: User) -> tuple[TokenGrant, AudienceToken, PendingLink]:
    """Return rows with six sealed values."""
    identity = make_identity(user, issuer=ISSUER)
    grant = identity.grant
    grant.id_token = seal("id-0", bound_to=f"grant:{identity.pk}:id")
    grant.save()
    link = PendingLink.objects.create(
        session_key="k", user=user, provider="escape", subject="s",
        sealed=seal("proof", bound_to="link"), expires_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    return grant, lend(identity, "rucio", "rucio-0"), link


def test_every_sealed_field_of_the_accounts_is_known() -> None:
    app = apps.get_app_config("accounts")
    holding = {
        model
        for model in app.get_models()
        if any(isinstance(field, BinaryField) for field in model._meta.concrete_fields)
    }

    assert holding == set(rotation.SEALED)


def test_all_is_sealed_anew_and_opens_without_the_old_key(alice: User, use_keys: UseKeys) -> None:
    grant, audience, link = sealed_in_every_place(alice)
    use_keys(NEW, OLD)

    done = rotation.rotate()

    assert (done.rotated, done.already, done.unreadable) == (5, 0, 0)
    use_keys(NEW)
    for row in (grant, audience, link):
        row.refresh_from_db()
    assert grants.refresh_token_of(grant) == "refresh-0"
    assert grants.access_token_of(grant) == "access-0"
    assert grants.id_token_of(grant) == "id-0"
    assert grants.audience_token_of(audience) == "rucio-0"
    assert unseal(link.sealed, bound_to="link") == "proof"


def test_a_second_time_changes_nothing(alice: User, use_keys: UseKeys) -> None:
    sealed_in_every_place(alice)
    use_keys(NEW, OLD)
    rotation.rotate()
    before = bytes(TokenGrant.objects.get().refresh_token)

    done = rotation.rotate()

    assert (done.rotated, done.already) == (0, 5)
    assert bytes(TokenGrant.objects.get().refresh_token) == before


def test_a_value_stays_bound_to_its_row(alice: User, use_keys: UseKeys) -> None:
    grant, _audience, _link = sealed_in_every_place(alice)
    use_keys(NEW, OLD)
    rotation.rotate()
    grant.refresh_from_db()

    with pytest.raises(Unreadable):
        unseal(grant.refresh_token, bound_to="grant:another:refresh")


def test_what_no_key_opens_is_counted_and_left(alice: User, bob: User, use_keys: UseKeys) -> None:
    use_keys(LOST)
    lost = make_identity(bob, issuer=ISSUER, subject="bob").grant
    stored = bytes(lost.refresh_token)
    use_keys(OLD)
    sealed_in_every_place(alice)
    use_keys(NEW, OLD)
    out = StringIO()

    with pytest.raises(CommandError, match="2 secrets open with none of the keys"):
        call_command("rotate_token_keys", stdout=out)

    assert "5 sealed anew" in out.getvalue()
    lost.refresh_from_db()
    assert bytes(lost.refresh_token) == stored


def test_the_command_says_that_the_old_key_may_go(alice: User, use_keys: UseKeys) -> None:
    sealed_in_every_place(alice)
    use_keys(NEW, OLD)
    out = StringIO()

    call_command("rotate_token_keys", stdout=out)

    assert "5 sealed anew, 0 were already" in out.getvalue()
    assert "No secret needs an older key." in out.getvalue()


def test_a_refresh_that_began_before_brings_no_old_seal_back(
    alice: User, use_keys: UseKeys
) -> None:
    sealed_in_every_place(alice)
    under_way = TokenGrant.objects.get()
    use_keys(NEW, OLD)

    rotation.rotate()
    # The provider rotates neither refresh token nor id_token.
    grants.renew_grant(under_way, Tokens("access-1", timezone.now() + timedelta(hours=1)))

    use_keys(NEW)
    grant = TokenGrant.objects.get()
    assert grants.access_token_of(grant) == "access-1"
    assert grants.refresh_token_of(grant) == "refresh-0"
    assert grants.id_token_of(grant) == "id-0"


@pytest.mark.django_db(transaction=True)
def test_a_rotation_waits_for_a_row_that_is_being_written(use_keys: UseKeys) -> None:
    from django.db import transaction

    grant, _audience, _link = sealed_in_every_place(make_user("alice"))
    use_keys(NEW, OLD)
    written, over = threading.Event(), threading.Event()
    done: list[rotation.Rotation] = []

    def rotate() -> None:
        written.wait(10)
        try:
            done.append(rotation.rotate())
        finally:
            connection.close()
            over.set()

    rotating = threading.Thread(target=rotate)
    rotating.start()
    with transaction.atomic():
        tokens = Tokens("access-1", timezone.now() + timedelta(hours=1), "refresh-1")
        grants.renew_grant(grant, tokens)
        written.set()
        # It stands at the row, which is not committed yet.
        assert not over.wait(0.3)
    rotating.join(10)

    use_keys(NEW)
    after = TokenGrant.objects.get()
    assert grants.refresh_token_of(after) == "refresh-1"
    assert grants.id_token_of(after) == "id-0"
    assert (done[0].rotated, done[0].already) == (3, 2)


def test_nothing_is_rotated_while_the_newest_key_is_in_use(use_keys: UseKeys) -> None:
    assert rotated(seal("x", bound_to="y")) is None
