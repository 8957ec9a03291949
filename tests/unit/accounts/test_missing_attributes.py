"""A sign-in that works and tells too little: named, with whom to ask, and no account made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import providers
from accounts.models import Institution, User
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.test_sign_in import begin, finish

pytestmark = pytest.mark.django_db
HELP = "https://idp.test/help?code=ERRORURL_CODE&rp=ERRORURL_RP&tid=ERRORURL_TID"


@pytest.fixture
def requiring(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the provider's entry require claims."""
    configured = providers.registry()["escape"]

    def require(*fields: str) -> None:
        entry = configured.model_copy(update={"required_claims": fields})
        monkeypatch.setattr(providers, "registry", lambda: {"escape": entry})

    return require


def test_what_is_missing_is_named_with_a_text_for_the_help_desk(
    client: Client, provider: FakeProvider, requiring: Callable[..., None]
) -> None:
    requiring("name", "email", "institution")
    provider.claims = {"name": "Ada"}

    answer = finish(client, begin(client, provider))

    page = answer.content.decode()
    assert answer.status_code == 403
    assert "your e-mail address and your institution" in page
    assert "- mail (scope email)" in page
    assert "- schacHomeOrganization" in page
    assert "displayName" not in page
    assert "IDENTIFICATION_FAILURE" in page
    assert not User.objects.exists()


def test_the_institution_that_was_chosen_is_named_with_its_own_page(
    client: Client, provider: FakeProvider, requiring: Callable[..., None]
) -> None:
    requiring("email")
    provider.claims = {"name": "Ada"}
    Institution.objects.create(
        entity_id="https://idp.test/saml", provider="escape", hint="https://idp.test/saml",
        name="Institute of Silence", error_url=HELP, folded="institute of silence",
    )  # fmt: skip

    answer = finish(client, begin(client, provider, idp="https://idp.test/saml"))

    page = answer.content.decode()
    assert "Institute of Silence did not tell the portal your e-mail address" in page
    assert 'href="https://idp.test/help?code=IDENTIFICATION_FAILURE&amp;rp=http' in page


def test_a_help_page_that_is_no_web_page_is_left_out(
    client: Client, provider: FakeProvider, requiring: Callable[..., None]
) -> None:
    requiring("email")
    provider.claims = {"name": "Ada"}
    Institution.objects.create(
        entity_id="e", provider="escape", hint="e", name="Odd", error_url="javascript:alert(1)",
        folded="odd",
    )  # fmt: skip

    page = finish(client, begin(client, provider, idp="e")).content.decode()

    assert "javascript:" not in page


def test_a_sign_in_that_tells_enough_goes_on(
    client: Client, provider: FakeProvider, requiring: Callable[..., None]
) -> None:
    requiring("name", "email")

    answer = finish(client, begin(client, provider))

    assert answer.status_code == 302
    assert User.objects.get().email == "a@b.eu"
