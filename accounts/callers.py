"""Who asks where Django's middlewares do not stand, and whether they still may, later on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts import authentication, gate, web_sessions
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.errors import SignInRequired


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may act now; `ask_again` raises once they, or what they came with, may not."""

    user: User
    ask_again: Callable[[], object]


def caller_of(request: HttpRequest, *, area: str) -> Caller:
    """Return who asks: by a token if the request has one, else by the browser's session.

    Raises
    ------
    SignInRequired
        Nobody, or their sign-in or token has ended.
    Forbidden
        They may not act now, or the token does not open this area.
    TooManyRequests
        Too many wrong tokens came from this address, or too many calls with this one.
    """
    secret = authentication.bearer_of(request.headers.get("Authorization", ""))
    if secret is None:
        return _by_session(request)
    user, bearer = authentication.authenticated(secret)
    authentication.check(bearer, area, request.method or "")
    return Caller(user, partial(authentication.ask_again, secret))


def _by_session(request: HttpRequest) -> Caller:
    sessions = import_module(settings.SESSION_ENGINE)
    request.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not isinstance(user, User):
        raise SignInRequired("Sign in to use the API.")
    web_sessions.seen(request)
    accepted = request.session.get("terms") == get_config().terms_version
    # Session and person were read just now: only what else stops a person is left to ask.
    refusal = gate.refusal(user, accepted=accepted)
    if refusal is not None:
        raise refusal
    return Caller(user, partial(web_sessions.admit, user.pk, request.session.session_key or ""))
