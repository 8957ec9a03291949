"""The runner believes a token only when everything about it is right."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from demo.reana.errors import TokenRefused
from demo.reana.tokens import Verifier

ISSUER = "http://127.0.0.1:1/"


class FakeProvider:
    """A provider's keys, and how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.keys = [RSAKey.generate_key(2048, {"kid": "first"})]

    def fetch(self, url: str) -> Mapping[str, Any]:
        """Answer discovery and keys."""
        if url.endswith("openid-configuration"):
            return {"jwks_uri": f"{ISSUER}keys"}
        self.asked += 1
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def token(self, **claims: Any) -> str:
        """Sign a good token, but for the claims that a test changes."""
        good = {"iss": ISSUER, "aud": "reana", "sub": "alice", "exp": int(time.time()) + 60}
        header = {"alg": "RS256", "kid": self.keys[-1].kid}
        held = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(header, held, self.keys[-1])


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> FakeProvider:
    """A provider with one key."""
    return FakeProvider()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def verifier(provider: FakeProvider, clock: Clock) -> Verifier:
    """A verifier that trusts the provider."""
    return Verifier((ISSUER,), "reana", fetch=provider.fetch, clock=clock)


def test_a_good_token_names_its_person(verifier: Verifier, provider: FakeProvider) -> None:
    claims = verifier.verify(provider.token(preferred_username="al", name="Alice A"))

    assert (claims.issuer, claims.subject) == (ISSUER, "alice")
    assert (claims.username, claims.name) == ("al", "Alice A")


def test_namesakes_of_two_issuers_have_two_addresses(provider: FakeProvider) -> None:
    other = "http://127.0.0.1:1/other/"
    verifier = Verifier((ISSUER, other), "reana", fetch=provider.fetch)

    addresses = {
        verifier.verify(provider.token(iss=issuer, preferred_username="al")).email
        for issuer in (ISSUER, other)
    }

    assert addresses == {"al@127.0.0.1:1", "al@127.0.0.1:1/other"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "rucio"},
        {"aud": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iss": "http://127.0.0.1:2/"},
        {"sub": None},
    ],
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(
    verifier: Verifier, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        verifier.verify(provider.token(**claims))


def test_a_token_for_several_services_is_good_for_this_one(
    verifier: Verifier, provider: FakeProvider
) -> None:
    claims = verifier.verify(provider.token(aud=["rucio", "reana"]))

    assert claims.subject == "alice"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "ä.ö.ü"])
def test_what_is_no_token_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(TokenRefused):
        verifier.verify(token)


def test_a_token_signed_by_another_key_is_refused(
    verifier: Verifier, provider: FakeProvider
) -> None:
    stranger = FakeProvider()

    with pytest.raises(TokenRefused):
        verifier.verify(stranger.token())

    assert verifier.verify(provider.token()).subject == "alice"


def test_keys_are_fetched_once(verifier: Verifier, provider: FakeProvider) -> None:
    for _ in range(3):
        verifier.verify(provider.token())

    assert provider.asked == 1


def test_a_new_key_is_fetched_when_it_first_signs(
    verifier: Verifier, provider: FakeProvider, clock: Clock
) -> None:
    verifier.verify(provider.token())
    provider.keys.append(RSAKey.generate_key(2048, {"kid": "second"}))
    clock.now += 10

    claims = verifier.verify(provider.token())

    assert claims.subject == "alice"
    assert provider.asked == 2


def test_forged_key_ids_do_not_make_a_flood_of_fetches(
    verifier: Verifier, provider: FakeProvider
) -> None:
    verifier.verify(provider.token())
    provider.keys.append(RSAKey.generate_key(2048, {"kid": "forged"}))

    for _ in range(5):
        with pytest.raises(TokenRefused):
            verifier.verify(provider.token())

    assert provider.asked == 1
