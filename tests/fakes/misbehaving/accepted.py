"""What differs between providers and is no fault: each of these signs in."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

from joserfc.jwk import Key, RSAKey

from tests.fakes.misbehaving.answers import signed_userinfo
from tests.fakes.misbehaving.cases import Bend, Case, bent
from tests.fakes.misbehaving.keys import KEY, STRANGE_KEY, ec, okp, published
from tests.fakes.misbehaving.provider import ABSENT, Answer, MisbehavingProvider

_RIGHT = published(KEY, use="sig", alg="RS256")
_NAMELESS = {name: value for name, value in _RIGHT.items() if name != "kid"}
_BARE = {name: _RIGHT[name] for name in ("kty", "n", "e")}


def _ok(key: str, says: str, named: str = "", /, *, tells: Any = None, **changes: Any) -> Case:
    return Case(key, says, bent(**changes), named=named, tells=tells or {})


def _rotated(provider: MisbehavingProvider) -> None:
    provider.key, provider.keys = STRANGE_KEY, [published(STRANGE_KEY, use="sig")]
    provider.header["kid"] = "one"


def _rotated_under_new_name(provider: MisbehavingProvider) -> None:
    key = RSAKey.import_key(STRANGE_KEY.private_key, {"kid": "two"})  # type: ignore[arg-type]
    provider.key, provider.keys = key, [_RIGHT, published(key)]
    provider.header["kid"] = "two"


KEYS = (
    _ok("kid-absent", "The token names no key, and one is published.",
        "RP basic: kid-absent-single-jwks", header={"kid": ABSENT}),
    _ok("kid-absent-several", "The token names no key, and several are published.",
        "RP basic: kid-absent-multiple-jwks", header={"kid": ABSENT},
        keys=[published(STRANGE_KEY), _RIGHT]),
    _ok("key-nameless", "The key is published without a name.", keys=[_NAMELESS]),
    _ok("key-and-token-nameless", "Neither token nor key has a name.", header={"kid": ABSENT},
        keys=[_NAMELESS]),
    _ok("key-bare", "The key is published with its type and numbers only.", keys=[_BARE]),
    _ok("key-ops", "The key says that it verifies.", keys=[{**_RIGHT, "key_ops": ["verify"]}]),
    _ok("key-members", "The key has members that nobody knows.",
        keys=[{**_RIGHT, "x-since": 1, "nbf": 5}]),
    _ok("same-name", "Another key has the same name.", keys=[published(STRANGE_KEY), _RIGHT]),
    _ok("twice", "The key is published twice.", keys=[_RIGHT, _RIGHT]),
    _ok("unknown-beside", "Keys of unknown types and curves stand beside.",
        keys=[{"kty": "PQC", "kid": "one"}, {"kty": "EC", "crv": "X", "x": "", "y": ""}, _RIGHT]),
    _ok("broken-beside", "Broken keys stand beside.",
        keys=[None, 5, {}, {"kty": "RSA", "n": "&", "e": "AQAB"}, _RIGHT]),
    _ok("enc-beside", "A key for encryption stands beside, under the same name.",
        keys=[{**published(STRANGE_KEY), "use": "enc"}, _RIGHT]),
    _ok("oct-beside", "A symmetric key stands beside.",
        keys=[{"kty": "oct", "k": "cG9ydGFs", "kid": "one"}, _RIGHT]),
    _ok("many-beside", "Thirty other keys stand beside.",
        keys=[*[{**published(STRANGE_KEY), "kid": f"k{n}"} for n in range(30)], _RIGHT]),
    _ok("rotated-just-before", "The key was rotated just before signing.",
        "RP config: signing-key-rotation-just-before-signing",
        before_signing=_rotated_under_new_name),
    _ok("rotated-same-name", "The key was rotated, and kept its name.",
        "RP config: signing-key-rotation", before_signing=_rotated),
)  # fmt: skip


def _algorithm(name: str, key: Key = KEY, beside: Key | None = None) -> Case:
    if beside is not None:
        return _ok(
            f"alg-{name.lower()}-beside",
            f"{name}, and a key of another curve beside.",
            entry={"algorithms": (name,)},
            header={"alg": name},
            key=key,
            keys=[published(beside), published(key)],
        )
    return _ok(f"alg-{name.lower()}", f"{name}, where the site allows it.", "Core 15.1",
               entry={"algorithms": ("RS256", name)}, header={"alg": name}, key=key,
               keys=[published(key)])  # fmt: skip


ALGORITHMS = (
    _algorithm("RS384"), _algorithm("RS512"), _algorithm("PS256"), _algorithm("PS384"),
    _algorithm("PS512"), _algorithm("ES256", ec()), _algorithm("ES384", ec("P-384")),
    _algorithm("EdDSA", okp()),
    _algorithm("EdDSA", okp(), beside=okp("X25519")),
    _algorithm("ES256", ec(), beside=ec("secp256k1")),
    _ok("header-typ-absent", "The header says no type.", header={"typ": ABSENT}),
    _ok("header-typ-jwt", "The header says JWT.", header={"typ": "JWT"}),
    _ok("header-members", "The header has members that nobody knows.", "RFC 7515 4",
        header={"x-trace": "1", "org": {"a": 1}}),
    _ok("header-x5c", "The header has a chain of certificates.",
        header={"x5c": [b64encode(b"c" * 1500).decode()]}),
)  # fmt: skip


def _claims(key: str, says: str, named: str = "", **claims: Any) -> Case:
    return _ok(key, says, named, claims=claims)


def _ahead(key: str, says: str, **ahead: float) -> Case:
    def bend(provider: MisbehavingProvider) -> None:
        provider.claims |= {name: time.time() + seconds for name, seconds in ahead.items()}

    return Case(key, says, bend)


CLAIMS = (
    _claims("aud-list", "The audience is a list of one.", "Core 2", aud=["portal"]),
    _claims("aud-several", "Several audiences, and it was us who asked (azp).", "Core 2",
            aud=["portal", "other"], azp="portal"),
    _claims("azp", "One audience, and it was us who asked.", azp="portal"),
    _claims("auth-time-absent", "No time of authentication.", auth_time=ABSENT),
    _claims("auth-time-odd", "A time of authentication of 400 digits.", auth_time=10**400),
    _claims("at-hash-absent", "No hash of the access token.", at_hash=ABSENT),
    _claims("members", "Claims that nobody knows.", "Core 2", x={"y": [1, {"z": None}]},
            amr=["pwd", 5], acr="0"),
    _claims("sid", "A session of the provider.", sid="session-1"),
    _claims("sid-nul", "A session whose name no database takes.", sid="s\x00"),
    _claims("sid-long", "A session whose name has 1,000 characters.", sid="s" * 1000),
    _claims("acr-nul", "A strength that no database takes.", acr="a\x00\ud800"),
    _ahead("fractions", "Times with fractions of a second.", exp=300.5, iat=-0.5),
    _ahead("clock-behind", "The provider's clock is half a minute behind.", exp=-30, iat=-330),
    _ahead("clock-ahead", "The provider's clock is half a minute ahead.", iat=30, nbf=30),
)  # fmt: skip


def _person(key: str, says: str, named: str = "", tells: Any = None, **person: Any) -> Case:
    return _ok(key, says, named, tells=tells, person=person)


PEOPLE = (
    _person("no-email", "No e-mail address.", tells={"email": ""}, email=ABSENT),
    _person("no-name", "No name.", tells={"display_name": ""}, name=ABSENT),
    _person("only-sub", "Nothing but a subject.", name=ABSENT, email=ABSENT),
    _person("email-none", "An e-mail address that is none.", tells={"email": ""}, email="ada"),
    _person("email-list", "A list of e-mail addresses.", tells={"email": ""}, email=["a@b.eu"]),
    _person("name-nul", "A name with a NUL.", tells={"display_name": "Ada"}, name="A\x00da"),
    _person("name-half", "A name with half a character.", tells={"display_name": "Ada ?"},
            name="Ada \ud83d"),
    _person("name-rtl", "A name that turns the direction of writing.", name="Ada\u202e\u2066 evil"),
    _person("name-html", "A name of markup.", tells={"display_name": "<script>alert(1)</script>"},
            name="<script>alert(1)</script>"),
    _person("name-template", "A name of template tags.", tells={"display_name": "{{ 7|add:7 }}"},
            name="{{ 7|add:7 }}"),
    _person("name-sql", "A name of SQL.", name="'; DROP TABLE accounts_user; --"),
    _person("name-emoji", "A name of pictures.", tells={"display_name": "👩‍🔬🛰️"}, name="👩‍🔬🛰️"),
    _person("name-long", "A name of 10,000 characters.", tells={"display_name": "A" * 200},
            name="A" * 10_000),
    _person("name-blank", "A name of blanks.", tells={"display_name": ""}, name="   "),
    _person("name-number", "A name that is a number.", tells={"display_name": ""}, name=7),
    _person("name-scripts", "A name in several scripts.", tells={"display_name": "Ада 愛達 عدا"},
            name="Ада 愛達 عدا"),
    _person("sub-255", "A subject of 255 characters.", "Core 2", sub="s" * 255),
    _person("sub-letters", "A subject in another script.", sub="研究者-ü"),
    _person("sub-markup", "A subject of markup.", sub='"><img src=x>'),
    _person("username", "A user name of slashes and dots.", preferred_username="../../etc/passwd"),
    _person("username-nul", "A user name with a NUL.", preferred_username="\x00ada"),
    _person("groups-odd", "Groups that are no texts.", tells={"groups": ["/escape"]},
            groups=["/escape", 5, None, ["/x"], {"y": 1}, "", "a\x00b"]),
    _person("groups-text", "Groups that are one text.", tells={"groups": ["/escape"]},
            groups="/escape"),
    _person("groups-many", "Five thousand groups.", groups=[f"/g{n}" for n in range(5000)]),
    _person("groups-half", "A group with half a character.", groups=["/a\ud800"]),
    _person("groups-long", "A group of 1,000 characters.", groups=["/" + "g" * 1000]),
    _person("institution", "An institution of 1,000 characters.",
            schac_home_organization="x" * 1000),
)  # fmt: skip


def _tokens(key: str, says: str, named: str = "", **members: Any) -> Case:
    return _ok(key, says, named, tokens=members)


TOKENS = (
    _tokens("bearer", "The token's type is bearer, in small letters.", "RFC 6749 5.1",
            token_type="bearer"),
    _tokens("bearer-capitals", "The token's type is BEARER.", "RFC 6749 5.1", token_type="BEARER"),
    _tokens("life-absent", "Nobody says how long the token lives.", expires_in=ABSENT),
    _tokens("life-null", "The token's life is null.", expires_in=None),
    _tokens("life-text", "The token's life is a text of digits.", expires_in="3600"),
    _tokens("life-word", "The token's life is a word.", expires_in="soon"),
    _tokens("life-odd-digit", "The token's life is a raised two.", expires_in="²"),
    _tokens("life-zero", "The token's life is over.", expires_in=0),
    _tokens("life-fraction", "The token's life has a fraction.", expires_in=3599.5),
    _tokens("life-huge", "The token lives longer than any calendar.", expires_in=10**30),
    _tokens("no-refresh", "There is no refresh token.", refresh_token=ABSENT),
    _tokens("refresh-odd", "The refresh token is no token.", refresh_token=["r"]),
    _tokens("token-members", "The token's answer has members that nobody knows.", "RFC 6749 5.1",
            scope="openid", session_state="x", foo={"bar": 1}),
)  # fmt: skip


def _described(key: str, says: str, named: str = "", **members: Any) -> Case:
    return _ok(key, says, named, discovery=members)


def _query(provider: MisbehavingProvider) -> None:
    address = f"{provider.issuer.rstrip('/')}/authorize?realm=one"
    provider.discovery["authorization_endpoint"] = address


def _as_text(provider: MisbehavingProvider) -> None:
    answer = Answer(body=provider.description(), content_type="text/plain")
    provider.instead["discovery"] = answer


def _slow_but_fine(provider: MisbehavingProvider) -> None:
    provider.instead["jwks"] = Answer(body={"keys": provider.keys}, pause=0.1)


DESCRIPTIONS = (
    _described("no-userinfo", "There is no userinfo endpoint.", userinfo_endpoint=ABSENT),
    _described("userinfo-null", "The userinfo endpoint is null.", userinfo_endpoint=None),
    _described("no-revocation", "There is no revocation endpoint.", revocation_endpoint=ABSENT),
    _described("post", "The secret is taken in the form only.", "Core 9",
               token_endpoint_auth_methods_supported=["client_secret_post"]),
    _described("basic", "The secret is taken in the header only.", "RP basic: client-secret-basic",
               token_endpoint_auth_methods_supported=["client_secret_basic"]),
    _described("description-members", "The description has members that nobody knows.",
               "Discovery 3", x={"y": 1}, claims_supported=None),
    Case("query", "The authorization endpoint has a query of its own.", _query,
         named="RFC 6749 3.1"),
    Case("plain-text", "The description is served as plain text.", _as_text),
    Case("slow-keys", "The keys come slowly, but in time.", _slow_but_fine),
    _ok("no-answer-issuer", "The answer names no issuer, and none was announced.",
        discovery={"authorization_response_iss_parameter_supported": ABSENT},
        callback={"iss": ABSENT}),
    _ok("answer-issuer-unannounced", "The answer names the issuer, though none was announced.",
        discovery={"authorization_response_iss_parameter_supported": ABSENT}),
    _ok("answer-members", "The answer has members that nobody knows.", "RFC 6749 4.1.2",
        callback={"session_state": "x.y", "scope": "openid", "foo": "é"}),
)  # fmt: skip


def _signed(key: str, says: str, bend: Bend, named: str = "Core 5.3.2") -> Case:
    return Case(key, says, bend, named=named)


USERINFO = (
    _signed("userinfo-signed", "Userinfo is a signed JWT.", signed_userinfo(),
            "RP dynamic: userinfo-signed"),
    _signed("userinfo-signed-aud", "Signed userinfo's audience is a list.",
            signed_userinfo(aud=["portal", "other"])),
    _signed("userinfo-signed-type", "Signed userinfo's content type has a character set.",
            signed_userinfo(content_type="Application/JWT; charset=UTF-8")),
    _ok("userinfo-claims", "Userinfo knows more than the id_token.",
        "RP basic: scope-userinfo-claims", tells={"email": "ada@other.example"},
        userinfo={"email": "ada@other.example"}, claims={"email": "ada@example.org"}),
    _ok("claims-in-token", "The groups are in the id_token only.",
        tells={"groups": ["/escape"]}, claims={"groups": ["/escape"]}),
    _ok("userinfo-acr", "Userinfo claims a strength of its own; it has no word in that.",
        tells={"acr": ""}, userinfo={"acr": "https://refeds.org/profile/mfa", "iss": "x"}),
    _ok("userinfo-nulls", "Userinfo has nulls.", tells={"email": ""},
        userinfo={"email": None, "groups": None, "eduperson_assurance": None}),
)  # fmt: skip
