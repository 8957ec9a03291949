"""Which address of a sign-in counts as verified."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import services
from accounts.mailboxes import verified_addresses
from accounts.models import User
from tests.factories import make_identity
from tests.fakes.provider import FakeProvider

pytestmark = pytest.mark.django_db

TOLD: dict[str, tuple[dict[str, Any], bool]] = {
    "said to be verified": ({"email": "a@b.eu", "email_verified": True}, True),
    "said so in words": ({"email": "a@b.eu", "email_verified": "true"}, True),
    "listed as verified": ({"email": "a@b.eu", "voperson_verified_email": ["a@b.eu"]}, True),
    "said not to be": ({"email": "a@b.eu", "email_verified": False}, False),
    "not mentioned": ({"email": "a@b.eu"}, False),
    "any other word": ({"email": "a@b.eu", "email_verified": "yes"}, False),
    "another one is": ({"email": "a@b.eu", "voperson_verified_email": "c@d.eu"}, False),
    "none": ({"email_verified": True}, False),
}


@pytest.mark.parametrize(("claims", "is_good"), TOLD.values(), ids=TOLD.keys())
def test_an_address_counts_when_its_provider_verified_it(
    alice: User, provider: FakeProvider, claims: dict[str, Any], is_good: bool
) -> None:
    identity = make_identity(alice, issuer=provider.issuer)

    services.claims_renewed(identity, {"name": "Alice", **claims})

    assert verified_addresses([alice.pk]) == ({alice.pk: "a@b.eu"} if is_good else {})


def test_what_is_no_longer_verified_counts_no_more(alice: User, provider: FakeProvider) -> None:
    identity = make_identity(alice, issuer=provider.issuer)
    services.claims_renewed(identity, {"email": "a@b.eu", "email_verified": True})

    services.claims_renewed(identity, {"email": "new@b.eu", "email_verified": False})

    assert verified_addresses([alice.pk]) == {}
