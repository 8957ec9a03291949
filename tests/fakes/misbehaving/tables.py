"""The tables, by what is bent: what the portal refuses, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.misbehaving import accepted, answers, claims, forged, logout, published
from tests.fakes.misbehaving.cases import Case

REFUSED: Mapping[str, tuple[Case, ...]] = {
    "The provider's description": published.DISCOVERY,
    "Its keys": published.KEYS,
    "The answer at the callback": answers.CALLBACK,
    "The token endpoint": answers.TOKEN,
    "No id_token, or none that can be read": forged.GARBAGE,
    "The id_token's signature": forged.SIGNATURES,
    "The id_token's header": forged.HEADERS,
    "Who issued it": claims.ISSUERS,
    "For whom it is": claims.AUDIENCES,
    "Of whom it speaks": claims.SUBJECTS,
    "When it holds": claims.TIMES,
    "To what it belongs": claims.BINDINGS,
    "Signing in anew": claims.AGAIN,
    "Userinfo": answers.USERINFO,
}

ACCEPTED: Mapping[str, tuple[Case, ...]] = {
    "Keys": accepted.KEYS,
    "Algorithms and headers": accepted.ALGORITHMS,
    "Claims": accepted.CLAIMS,
    "People": accepted.PEOPLE,
    "Tokens": accepted.TOKENS,
    "Descriptions and answers": accepted.DESCRIPTIONS,
    "Userinfo": accepted.USERINFO,
}

#: What a refreshed id_token must keep (Core 12.2): who issued it, of whom and for whom.
REFRESHED: tuple[Case, ...] = (
    *claims.REFRESHED, *claims.ISSUERS, *claims.AUDIENCES, *claims.SUBJECTS, *claims.TIMES,
    *forged.SIGNATURES, *forged.HEADERS,
)  # fmt: skip

LOGOUT: tuple[Case, ...] = (*logout.LOGOUT, logout.ID_TOKEN_AS_LOGOUT, *logout.SIGNED)
