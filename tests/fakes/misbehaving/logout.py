"""Logout tokens that say the wrong thing (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.misbehaving import claims, forged
from tests.fakes.misbehaving.cases import Case, bent
from tests.fakes.misbehaving.provider import ABSENT, LOGOUT_EVENT, MisbehavingProvider

_SECTION = "Back-Channel Logout 2.6"


def _says(key: str, says: str, reason: str, named: str = _SECTION, **claims: Any) -> Case:
    return Case(f"logout-{key}", says, bent(claims=claims), reason, named)


def _an_hour_old(provider: MisbehavingProvider) -> None:
    provider.claims["iat"] = int(time.time()) - 3600


LOGOUT = (
    _says("no-event", "It speaks of no event.", "event", "RP backchannel: no-event", events=ABSENT),
    _says("wrong-event", "It speaks of another event.", "event", "RP backchannel: wrong-event",
          events={"http://schemas.openid.net/event/other": {}}),
    _says("event-text", "The event is a text.", "event", events=LOGOUT_EVENT),
    _says("event-null", "The event is null.", "event", events={LOGOUT_EVENT: None}),
    _says("nonce", "It has a nonce, as an id_token has.", "nonce", "RP backchannel: with-nonce",
          nonce="n"),
    _says("nobody", "It names neither a person nor a sign-in.", "subject", sub=ABSENT, sid=ABSENT),
    _says("sub-number", "The person is a number.", "subject", sub=7),
    _says("sub-nul", "The person's name has a NUL.", "subject", sub="subject-1\x00"),
    _says("sid-list", "The sign-in is a list.", "subject", sid=["session-1"]),
    _says("sid-half", "The sign-in's name has half a character.", "subject", sid="\ud800"),
    _says("jti-absent", "It has no identifier.", "jti", jti=ABSENT),
    _says("jti-number", "Its identifier is a number.", "jti", jti=7),
    _says("jti-nul", "Its identifier has a NUL.", "jti", jti="\x00"),
    _says("jti-long", "Its identifier has 1,000 characters.", "jti", jti="j" * 1000),
    Case("logout-old", "It was issued an hour ago.", _an_hour_old, "expired"),
)  # fmt: skip

#: What is wrong with any token is wrong with these, too; only their type is their own.
SIGNED = tuple(
    case
    for case in (
        *forged.SIGNATURES, *forged.HEADERS, *claims.ISSUERS, *claims.AUDIENCES, *claims.TIMES,
    )
    if case.id != "header-logout"
)  # fmt: skip

ID_TOKEN_AS_LOGOUT = Case(
    "logout-typ-absent", "It does not say that it is a logout token.",
    bent(header={"typ": ABSENT}), "type", "Back-Channel Logout 2.4",
)  # fmt: skip
