"""What a satellite may ask of the authorization endpoint, beyond what the toolkit checks."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from accounts import gate, id_tokens, web_sessions
from accounts.models import User
from vre_portal.errors import Forbidden

#: The path of the endpoint; a silent request is answered there, never led elsewhere.
PATH = "/oauth/authorize/"
LONGEST_NONCE = 255
#: What the endpoint itself adds when it asks for a new sign-in: not before this moment, signed.
SINCE = "since"
#: How long a new sign-in may take: as long as its state lives.
LONGEST_WAIT = timedelta(minutes=10)
_CHALLENGE = re.compile(r"[\w-]{43}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,9}")
_SKEW = timedelta(seconds=id_tokens.CLOCK_SKEW)


class Refused(Forbidden):
    """A request that gets no code; `error` is the protocol's word for why."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def is_silent(request: HttpRequest) -> bool:
    """Whether the satellite wants no page at all to be shown (prompt=none)."""
    return request.path == PATH and "none" in _prompt(request)


def wants_login(request: HttpRequest) -> bool:
    """Whether the satellite wants the person to sign in anew, whatever they did before."""
    return "login" in _prompt(request)


def check(request: HttpRequest) -> None:
    """Refuse what can't be done: the client and its redirect were found good before.

    Raises
    ------
    Refused
        With the word of OAuth 2.0 or OpenID Connect Core 1.0, 3.1.2.6.
    """
    told = request.GET
    for name in ("request", "request_uri"):
        if name in told:
            raise Refused(f"{name}_not_supported", f"{name} is not supported.")
    if told.get("response_mode", "query") != "query":
        raise Refused("invalid_request", "response_mode: query only.")
    if len(told.get("nonce", "")) > LONGEST_NONCE:
        raise Refused("invalid_request", f"nonce: at most {LONGEST_NONCE} characters.")
    if not _CHALLENGE.fullmatch(told.get("code_challenge", "")):
        raise Refused("invalid_request", "code_challenge: 43 characters of base64url.")
    if not _SECONDS.fullmatch(told.get("max_age", "0")):
        raise Refused("invalid_request", "max_age: a number of seconds.")
    if is_silent(request) and not (_may_act(request) and is_recent(request)):
        raise Refused("login_required", "The person has to do something first.")


def is_recent(request: HttpRequest) -> bool:
    """Whether this browser's sign-in is as new as the satellite wants it."""
    session = web_sessions.of_request(request)
    if session is None or wants_login(request):
        return False
    since, max_age = _asked_since(request), request.GET.get("max_age")
    if since is not None and session.auth_time >= since - _SKEW:
        return True
    if max_age is None:
        return SINCE not in request.GET
    return session.auth_time >= datetime.now(UTC) - timedelta(seconds=int(max_age))


def _asked_since(request: HttpRequest) -> datetime | None:
    """Return since when this request waits for a new sign-in; None if the portal did not say so."""
    try:
        told = _signer_for(request).unsign(request.GET.get(SINCE, ""))
    except BadSignature:
        return None
    since = datetime.fromtimestamp(int(told), UTC)
    return since if datetime.now(UTC) - since < LONGEST_WAIT else None


def _signer_for(request: HttpRequest) -> Signer:
    return Signer(salt=f"{__name__}:{SINCE}:{request.GET.get('client_id', '')}")


def afterwards(request: HttpRequest) -> str:
    """Return where to go on after a new sign-in: the same request, content with that one."""
    query = request.GET.copy()
    query["prompt"] = " ".join(word for word in _prompt(request) if word != "login")
    query[SINCE] = _signer_for(request).sign(str(int(time.time())))
    return f"{request.path}?{query.urlencode()}"


def auth_time_of(request: HttpRequest) -> int | None:
    """Return since when this browser is signed in, in seconds; None where its provider says not."""
    session = web_sessions.of_request(request)
    known = session is not None and session.auth_time > id_tokens.UNKNOWN
    return int(session.auth_time.timestamp()) if session and known else None


def _may_act(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and gate.refusal(request.user) is None


def _prompt(request: HttpRequest) -> list[str]:
    return request.GET.get("prompt", "").split()
