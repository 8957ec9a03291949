"""Answers of a provider that are wrong: at the callback, the token endpoint and userinfo."""

from __future__ import annotations

import time
from typing import Any

from tests.fakes.misbehaving.cases import Case, bent, broken, redirected
from tests.fakes.misbehaving.forged import Sign, by, unsigned
from tests.fakes.misbehaving.keys import STRANGE_KEY
from tests.fakes.misbehaving.provider import (
    ABSENT,
    CLIENT,
    Answer,
    MisbehavingProvider,
    changed,
    signed,
)

_REFUSED = "upstream-refused"
_9207 = "RFC 9207 2.4"


def _callback(key: str, says: str, reason: str, named: str = "", **parameters: Any) -> Case:
    return Case(f"callback-{key}", says, bent(callback=parameters), reason, named)


def _issuer_without_slash(provider: MisbehavingProvider) -> None:
    provider.callback["iss"] = provider.issuer.rstrip("/")


def _issuer_twice(provider: MisbehavingProvider) -> None:
    provider.callback["iss"] = [provider.issuer, provider.issuer]


def _another_issuer_unannounced(provider: MisbehavingProvider) -> None:
    provider.discovery["authorization_response_iss_parameter_supported"] = ABSENT
    provider.callback["iss"] = "https://elsewhere.example/"


CALLBACK = (
    _callback("iss-other", "The answer comes from another issuer.", "answer-issuer", _9207,
              iss="https://elsewhere.example/"),
    _callback("iss-absent", "The answer names no issuer, though that was announced.",
              "answer-issuer", _9207, iss=ABSENT),
    _callback("iss-empty", "The answer's issuer is empty.", "answer-issuer", _9207, iss=""),
    Case("callback-iss-slash", "The answer's issuer lacks the slash at its end.",
         _issuer_without_slash, "answer-issuer", _9207),
    Case("callback-iss-unannounced", "The answer names another issuer, and none was announced.",
         _another_issuer_unannounced, "answer-issuer", _9207),
    Case("callback-iss-twice", "The answer names its issuer twice.", _issuer_twice,
         "answer-twice", "RFC 6749 3.1"),
    _callback("code-twice", "The answer has two codes.", "answer-twice", "RFC 6749 3.1",
              code=["one", "two"]),
    _callback("state-other", "The answer has another state.", "state", "RFC 6749 10.12",
              state="s" * 32),
    _callback("state-absent", "The answer has no state.", "state", "RFC 6749 10.12", state=ABSENT),
    _callback("state-empty", "The answer's state is empty.", "state", "RFC 6749 10.12", state=""),
    _callback("state-nul", "The answer's state has a NUL.", "state", state="\x00"),
    _callback("code-absent", "The answer has no code.", "answer-error", code=ABSENT),
    _callback("code-empty", "The answer's code is empty.", "answer-error", code=""),
    _callback("code-huge", "The answer's code has 5,000 characters.", "answer-error",
              code="c" * 5000),
    _callback("code-other", "The code is one that the provider never gave.", "credential-expired",
              "RFC 6749 5.2", code="c" * 20),
    _callback("denied", "The person cancelled.", "denied", "RFC 6749 4.1.2.1", code=ABSENT,
              error="access_denied"),
    _callback("login-required", "The person would have to sign in.", "answer-error",
              "Core 3.1.2.6", code=ABSENT, error="login_required"),
    _callback("error", "The provider failed, with markup in its description.", "answer-error",
              "RFC 6749 4.1.2.1", code=ABSENT, error="server_error",
              error_description="<script>alert(1)</script>"),
    _callback("error-and-code", "An error and a code at once.", "answer-error",
              error="server_error"),
)  # fmt: skip


def _error(key: str, says: str, status: int, body: Any, reason: str = _REFUSED) -> Case:
    answer = Answer(status, body)
    return Case(f"token-{key}", says, bent(instead={"token": answer}), reason, "RFC 6749 5.2")


def _tokens(key: str, says: str, named: str = "RFC 6749 5.1", **members: Any) -> Case:
    return Case(f"token-{key}", says, bent(tokens=members), _REFUSED, named)


TOKEN = (
    _error("invalid-grant", "The code is refused.", 400, {"error": "invalid_grant"},
           "credential-expired"),
    _error("invalid-client", "The client is refused.", 401, {"error": "invalid_client"}),
    _error("error-list", "The error is a list.", 400, {"error": ["invalid_grant"]}),
    _error("error-text", "The error is a text.", 400, "invalid_grant"),
    _error("error-200", "An error with status 200.", 200, {"error": "server_error"}),
    _tokens("absent", "There is no access token.", access_token=ABSENT),
    _tokens("null", "The access token is null.", access_token=None),
    _tokens("empty-text", "The access token is empty.", access_token=""),
    _tokens("number", "The access token is a number.", access_token=7),
    _tokens("line", "The access token has a line break.", "RFC 9110 5.5",
            access_token="access\r\nX-Evil: 1"),
    _tokens("umlaut", "The access token has letters that no token has.", access_token="äöü"),
    _tokens("half", "The access token has half a character.", access_token="\ud800"),
    _tokens("type-absent", "The token's type is absent.", token_type=ABSENT),
    _tokens("type-null", "The token's type is null.", token_type=None),
    _tokens("type-mac", "The token is of type mac.", token_type="mac"),
    _tokens("type-dpop", "The token is of type DPoP.", token_type="DPoP"),
    _tokens("type-list", "The token's type is a list.", token_type=["Bearer"]),
    *broken("token"),
    redirected("token"),
)  # fmt: skip


def _told(key: str, says: str, reason: str, named: str = "Core 5.3.2", **claims: Any) -> Case:
    return Case(f"userinfo-{key}", says, bent(userinfo=claims), reason, named)


def _status(key: str, says: str, status: int) -> Case:
    return Case(f"userinfo-{key}", says, bent(instead={"userinfo": Answer(status, {})}), _REFUSED,
                "Core 5.3.3")  # fmt: skip


def signed_userinfo(sign: Sign | None = None, content_type: str = "application/jwt",
                    **claims: Any) -> Any:  # fmt: skip
    """Return what makes userinfo a signed JWT, with changes of its claims."""

    def bend(provider: MisbehavingProvider) -> None:
        honest = {"iss": provider.issuer, "aud": CLIENT, **provider.person}
        told = changed(honest, claims)
        header = {"alg": "RS256", "kid": "one"}
        token = sign(provider, header, told) if sign else signed(provider.key, header, told)
        provider.instead["userinfo"] = Answer(body=token.encode(), content_type=content_type)

    return bend


def _jwt(key: str, says: str, reason: str, bend: Any) -> Case:
    return Case(f"userinfo-jwt-{key}", says, bend, reason, "Core 5.3.2")


USERINFO = (
    _told("sub-other", "Userinfo speaks of somebody else.", "userinfo-subject",
          "RP basic: userinfo-invalid-sub", sub="subject-2"),
    _told("sub-absent", "Userinfo does not say of whom it speaks.", "userinfo-subject", sub=ABSENT),
    _told("sub-null", "Userinfo speaks of null.", "userinfo-subject", sub=None),
    _told("sub-list", "Userinfo speaks of a list.", "userinfo-subject", sub=["subject-1"]),
    _told("sub-case", "Userinfo writes the subject in capitals.", "userinfo-subject",
          sub="SUBJECT-1"),
    _status("401", "Userinfo does not take the token.", 401),
    _status("403", "Userinfo refuses.", 403),
    *(c for c in broken("userinfo") if c.id not in {"userinfo-list", "userinfo-null"}),
    Case("userinfo-list", "Userinfo is a list.", bent(instead={"userinfo": Answer(body=[])}),
         "userinfo-subject"),
    redirected("userinfo"),
    _jwt("strange", "Signed userinfo, by another key.", "signature",
         signed_userinfo(by(STRANGE_KEY))),
    _jwt("none", "Signed userinfo, by nobody.", "algorithm", signed_userinfo(unsigned("none"))),
    _jwt("iss", "Signed userinfo of another issuer.", "userinfo",
         signed_userinfo(iss="https://elsewhere.example/")),
    _jwt("no-iss", "Signed userinfo of no issuer.", "userinfo", signed_userinfo(iss=ABSENT)),
    _jwt("aud", "Signed userinfo for another client.", "userinfo", signed_userinfo(aud="other")),
    _jwt("no-aud", "Signed userinfo for nobody.", "userinfo", signed_userinfo(aud=ABSENT)),
    _jwt("sub", "Signed userinfo of somebody else.", "userinfo-subject",
         signed_userinfo(sub="subject-2")),
    _jwt("expired", "Signed userinfo that expired.", "userinfo",
         signed_userinfo(exp=int(time.time()) - 3600)),
    _jwt("plain", "Userinfo that says it is signed, and is not.", "unreadable",
         bent(instead={"userinfo": Answer(body={"sub": "subject-1"},
                                          content_type="application/jwt")})),
    _jwt("bytes", "Signed userinfo that is no text.", _REFUSED,
         bent(instead={"userinfo": Answer(body=b"\xff\xfe", content_type="application/jwt")})),
    _jwt("unsaid", "Signed userinfo that does not say it is signed.", _REFUSED,
         signed_userinfo(content_type="application/json")),
)  # fmt: skip
