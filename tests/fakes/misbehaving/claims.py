"""Claims of an id_token that are wrong, though the signature is right."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.misbehaving.cases import Case, bent
from tests.fakes.misbehaving.provider import ABSENT, MisbehavingProvider

_CORE = "Core 3.1.3.7"
HOUR = 3600


def _claim(key: str, says: str, reason: str, named: str = _CORE, **claims: Any) -> Case:
    return Case(f"claim-{key}", says, bent(claims=claims), reason, named)


def _times(key: str, says: str, reason: str, named: str = _CORE, **ahead: int) -> Case:
    """Return a case whose times are so many seconds ahead of now."""

    def bend(provider: MisbehavingProvider) -> None:
        provider.claims |= {name: int(time.time()) + seconds for name, seconds in ahead.items()}

    return Case(f"claim-{key}", says, bend, reason, named)


def _issuer(key: str, says: str, change: Any) -> Case:
    def bend(provider: MisbehavingProvider) -> None:
        provider.claims["iss"] = change(provider.issuer)

    return Case(f"claim-iss-{key}", says, bend, "issuer", _CORE)


ISSUERS = (
    _claim("iss-other", "Another issuer.", "issuer", "RP basic: invalid-iss",
           iss="https://elsewhere.example/"),
    _claim("iss-absent", "No issuer.", "issuer", iss=ABSENT),
    _claim("iss-null", "The issuer is null.", "issuer", iss=None),
    _issuer("slash", "The issuer lacks the slash at its end.", lambda issuer: issuer.rstrip("/")),
    _issuer("slashes", "The issuer has another slash at its end.", lambda issuer: issuer + "/"),
    _issuer("case", "The issuer is in capitals.", str.upper),
    _issuer("list", "The issuer is a list.", lambda issuer: [issuer]),
)  # fmt: skip

AUDIENCES = (
    _claim("aud-other", "Meant for another client.", "audience", "RP basic: invalid-aud",
           aud="other"),
    _claim("aud-absent", "Meant for nobody.", "audience", aud=ABSENT),
    _claim("aud-null", "The audience is null.", "audience", aud=None),
    _claim("aud-empty", "The audience is an empty list.", "audience", aud=[]),
    _claim("aud-others", "Meant for several others.", "audience", aud=["one", "two"]),
    _claim("aud-similar", "Meant for a client whose name begins alike.", "audience", aud="portal2"),
    _claim("aud-object", "The audience is an object.", "audience", aud={"portal": True}),
    _claim("aud-several", "Several audiences, and nobody says who asked (azp).", "audience",
           aud=["portal", "other"]),
    _claim("aud-azp", "Several audiences, and another asked.", "audience",
           aud=["portal", "other"], azp="other"),
    _claim("azp-other", "Another client asked (azp).", "audience", azp="other"),
    _claim("azp-empty", "Nobody asked (azp is empty).", "audience", azp=""),
    _claim("azp-list", "The asking client is a list.", "audience", azp=["portal"]),
)  # fmt: skip

SUBJECTS = (
    _claim("sub-absent", "No subject.", "subject", "RP basic: missing-sub", sub=ABSENT),
    _claim("sub-null", "The subject is null.", "subject", sub=None),
    _claim("sub-empty", "The subject is empty.", "subject", sub=""),
    _claim("sub-number", "The subject is a number.", "subject", sub=7),
    _claim("sub-list", "The subject is a list.", "subject", sub=["subject-1"]),
    _claim("sub-long", "The subject has 256 characters.", "subject", "Core 2", sub="s" * 256),
    _claim("sub-nul", "The subject has a NUL.", "subject", sub="subject-1\x00"),
    _claim("sub-line", "The subject has a line break.", "subject", sub="subject-1\n"),
    _claim("sub-half", "The subject has half a character.", "subject", sub="subject-\ud800"),
)

TIMES = (
    _times("expired", "Expired an hour ago.", "expired", exp=-HOUR),
    _times("just-expired", "Expired more than the allowed minute ago.", "expired", exp=-70),
    _claim("exp-absent", "No expiry.", "times", exp=ABSENT),
    _claim("exp-null", "The expiry is null.", "times", exp=None),
    _claim("exp-text", "The expiry is a text.", "times", exp="tomorrow"),
    _claim("exp-true", "The expiry is true.", "times", exp=True),
    _claim("exp-nan", "The expiry is NaN.", "times", exp=float("nan")),
    _claim("exp-infinite", "The expiry is infinite.", "times", exp=float("inf")),
    _claim("exp-huge", "The expiry has 400 digits.", "times", exp=10**400),
    _claim("exp-negative", "The expiry is before 1970.", "times", exp=-1),
    _times("iat-future", "Issued in an hour.", "future", iat=HOUR),
    _claim("iat-absent", "No time of issue.", "times", "RP basic: missing-iat", iat=ABSENT),
    _claim("iat-text", "The time of issue is a text.", "times", iat="now"),
    _times("nbf-future", "Not valid before an hour from now.", "future", nbf=HOUR),
    _claim("nbf-text", "Not valid before a text.", "times", nbf="now"),
)

BINDINGS = (
    _claim("nonce-other", "The nonce of another sign-in.", "nonce", "RP basic: nonce-invalid",
           nonce="n" * 32),
    _claim("nonce-absent", "No nonce.", "nonce", nonce=ABSENT),
    _claim("nonce-null", "The nonce is null.", "nonce", nonce=None),
    _claim("nonce-empty", "The nonce is empty.", "nonce", nonce=""),
    _claim("nonce-list", "The nonce is a list.", "nonce", nonce=["n"]),
    _claim("nonce-half", "The nonce has half a character.", "nonce", nonce="\ud800"),
    _claim("at-hash-other", "The hash is of another access token.", "at-hash", "Core 3.1.3.8",
           at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    _claim("at-hash-empty", "The hash is empty.", "at-hash", "Core 3.1.3.8", at_hash=""),
    _claim("at-hash-number", "The hash is a number.", "at-hash", "Core 3.1.3.8", at_hash=7),
    _claim("at-hash-half", "The hash has half a character.", "at-hash", at_hash="\ud800"),
    _claim("events", "It is a logout token under another type.", "type",
           "Back-Channel Logout 2.4", events={}),
)  # fmt: skip

_TIMES_OF_OLD = (
    ("no-time", "tells no time of it", ABSENT),
    ("null", "says null for the time of it", None),
    ("old", "tells of a sign-in long ago", 1_600_000_000),
    ("text", "says a text for the time of it", "now"),
    ("true", "says true for the time of it", True),
)
AGAIN = (
    *(
        Case(f"{intent}-{key}", f"Asked to sign in anew ({intent}), it {words}.",
             bent(claims={"auth_time": value}), "auth-time", "Core 3.1.2.1 (max_age)", intent)
        for intent in ("reauth", "link")
        for key, words, value in _TIMES_OF_OLD
    ),
    Case("reauth-other", "Asked to sign in anew (reauth), it is somebody else.",
         lambda provider: provider.person.update(sub="subject-2"), "another-person",
         intent="reauth"),
)  # fmt: skip

REFRESHED = (
    _claim(
        "refreshed-sub",
        "The refreshed token is somebody else's.",
        "subject",
        "RP refresh: refresh-token-invalid-sub",
        sub="subject-2",
    ),
    _claim(
        "refreshed-iss",
        "The refreshed token is of another issuer.",
        "issuer",
        "RP refresh: refresh-token-invalid-issuer",
        iss="https://elsewhere.example/",
    ),
    _claim(
        "refreshed-aud",
        "The refreshed token is for another client.",
        "audience",
        "Core 12.2",
        aud="other",
    ),
)
