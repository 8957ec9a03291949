"""Tokens that are forged, unsigned, or no tokens at all."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from joserfc.jwk import Key

from tests.fakes.misbehaving.cases import Case, bent
from tests.fakes.misbehaving.keys import KEY, STRANGE_KEY, ec, published
from tests.fakes.misbehaving.provider import ABSENT, SECRET, MisbehavingProvider, signed

Sign = Callable[[MisbehavingProvider, dict[str, Any], dict[str, Any]], Any]


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(algorithm: str) -> Sign:
    """Return what makes a token without a signature."""
    return lambda _p, header, claims: f"{_part({**header, 'alg': algorithm})}.{_part(claims)}."


def symmetric(secret: bytes) -> Sign:
    """Return what signs with HS256 and a secret that an attacker may know."""

    def sign(_p: MisbehavingProvider, header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
        return f"{text}.{_part(hmac.digest(secret, text.encode(), sha256))}"

    return sign


def by(key: Key, **header: Any) -> Sign:
    """Return what signs with a key, with changes of the header."""
    return lambda _p, told, claims: signed(key, {**told, **header}, claims)


def altered(change: Callable[[list[str]], list[str]]) -> Sign:
    """Return what signs rightly and then changes the three parts."""
    return lambda p, header, claims: ".".join(change(signed(p.key, header, claims).split(".")))


def raw(header: Any = None, claims: Any = None) -> Sign:
    """Return what signs rightly over a header or claims that need be no JSON objects."""

    def sign(p: MisbehavingProvider, told: dict[str, Any], said: dict[str, Any]) -> str:
        parts = (told if header is None else header, said if claims is None else claims)
        text = ".".join(map(_part, parts))
        return f"{text}.{_part(_rs256(text.encode()))}"

    return sign


def _rs256(text: bytes) -> bytes:
    return KEY.private_key.sign(text, PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr]


def _other_person(parts: list[str]) -> list[str]:
    return [parts[0], _part({"sub": "subject-2"}), parts[2]]


def _jku(provider: MisbehavingProvider) -> None:
    provider.sign = by(STRANGE_KEY, jku=f"{provider.issuer.rstrip('/')}/elsewhere")


def _x5u(provider: MisbehavingProvider) -> None:
    provider.sign = by(STRANGE_KEY, x5u=f"{provider.issuer.rstrip('/')}/elsewhere")


def _signed(key: str, says: str, sign: Sign, reason: str, named: str = "") -> Case:
    return Case(f"token-{key}", says, bent(sign=sign), reason, named)


def _header(key: str, says: str, reason: str, named: str = "RFC 7515 4.1", **header: Any) -> Case:
    return Case(f"header-{key}", says, bent(header=header), reason, named)


def _given(key: str, says: str, token: Any) -> Case:
    return Case(f"id-token-{key}", says, bent(tokens={"id_token": token}), "unreadable",
                "Core 3.1.3.3")  # fmt: skip


_PEM = KEY.as_pem(private=False)

SIGNATURES = (
    _signed("strange", "Another key signed.", by(STRANGE_KEY), "signature",
            "RP basic: invalid-sig-rs256"),
    _signed("altered", "The claims were changed after signing.", altered(_other_person),
            "signature", "RP basic: invalid-sig-rs256"),
    _signed("stripped", "The signature was taken away.",
            altered(lambda parts: [*parts[:2], ""]), "signature"),
    _signed("none", "Nobody signed (none).", unsigned("none"), "algorithm",
            "RP basic: idtoken-sig-none"),
    _signed("none-case", "Nobody signed (nOnE).", unsigned("nOnE"), "algorithm"),
    _signed("unsigned-rs256", "Nobody signed, and the header says RS256.", unsigned("RS256"),
            "signature"),
    _signed("hs-secret", "The client's secret signed (HS256).", symmetric(SECRET.encode()),
            "algorithm", "ASVS 9.1.2"),
    _signed("hs-public", "The public key was used as a secret (HS256).", symmetric(_PEM),
            "algorithm", "RFC 8725 2.1"),
    _signed("rs384", "RS384, which the site does not allow.", by(KEY, alg="RS384"), "algorithm",
            "Core 3.1.3.7 (7)"),
    _signed("ps256", "PS256, which the site does not allow.", by(KEY, alg="PS256"), "algorithm",
            "Core 3.1.3.7 (7)"),
    _signed("es256", "ES256, which the site does not allow.", by(ec(), alg="ES256"), "algorithm",
            "Core 3.1.3.7 (7)"),
    _signed("jwk", "The token brings its own key along (jwk).",
            by(STRANGE_KEY, jwk=published(STRANGE_KEY)), "signature", "RFC 8725 2.1"),
    Case("token-jku", "The token says where its key is (jku); nobody looks there.", _jku,
         "signature", "RFC 8725 3.10"),
    Case("token-x5u", "The token says where its certificate is (x5u); nobody looks there.", _x5u,
         "signature", "RFC 8725 3.10"),
    _signed("header-list", "The header is a list.", raw(header=["alg"]), "unreadable"),
    _signed("header-text", "The header is no JSON.", raw(header=b"alg"), "unreadable"),
    _signed("header-nested", "The header is nested 3,000 deep.", raw(header=b"[" * 3000),
            "unreadable"),
    _signed("claims-list", "The claims are a list.", raw(claims=["sub"]), "signature"),
    _signed("claims-text", "The claims are no JSON.", raw(claims=b"sub"), "signature"),
    _signed("claims-nested", "The claims are nested 20,000 deep.", raw(claims=b"[" * 20000),
            "signature"),
)  # fmt: skip

HEADERS = (
    _signed("alg-absent", "The header names no algorithm.",
            raw(header={"kid": "one"}), "unreadable", "RFC 7515 4.1.1"),
    _signed("alg-list", "The algorithm is a list.", raw(header={"alg": ["RS256"]}), "unreadable"),
    _signed("crit", "The header demands an extension (crit).",
            raw(header={"alg": "RS256", "crit": ["x"], "x": 1}), "critical", "RFC 7515 4.1.11"),
    _signed("crit-empty", "The header demands nothing (crit is empty).",
            raw(header={"alg": "RS256", "crit": []}), "critical", "RFC 7515 4.1.11"),
    _signed("b64", "The payload is not encoded (b64).",
            raw(header={"alg": "RS256", "b64": False, "crit": ["b64"]}), "critical", "RFC 7797"),
    _header("at-jwt", "It is an access token (typ at+jwt).", "type", "RFC 9068", typ="at+jwt"),
    _header("logout", "It is a logout token (typ logout+jwt).", "type", typ="logout+jwt"),
    _signed("typ-number", "The type is a number.", raw(header={"alg": "RS256", "typ": 5}),
            "unreadable"),
    _signed("kid-number", "The name of the key is a number.",
            raw(header={"alg": "RS256", "kid": 1}), "unreadable"),
    _signed("header-big", "The header has 20 KiB.",
            raw(header={"alg": "RS256", "x": "x" * 20000}), "unreadable"),
)  # fmt: skip

GARBAGE = (
    _given("absent", "There is no id_token.", ABSENT),
    _given("null", "The id_token is null.", None),
    _given("empty", "The id_token is empty.", ""),
    _given("number", "The id_token is a number.", 7),
    _given("object", "The id_token is a JSON object (JWS JSON serialization).", {"payload": "x"}),
    _given("text", "The id_token is any text.", "not a token"),
    _given("dots", "The id_token is two dots.", ".."),
    _given("two-parts", "The id_token has two parts.", "eyJhbGciOiJSUzI1NiJ9.e30"),
    _given("five-parts", "The id_token is encrypted to nobody.", "eyJhbGciOiJSUzI1NiJ9.a.b.c.d"),
    _given("umlaut", "The id_token has letters that no token has.", "ä.ö.ü"),
    _given("huge", "The id_token has 100 KiB.", "eyJhbGciOiJSUzI1NiJ9." + "x" * 100_000 + ".x"),
)
