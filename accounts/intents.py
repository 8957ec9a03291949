"""What a proven sign-in is for: to sign in, to prove anew who one is, or to link an identity."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import audit, linking, services, web_sessions
from accounts.id_tokens import Proven, SignInRefused
from accounts.models import User
from vre_portal.errors import SignInRequired


class Intent(StrEnum):
    """What a sign-in is for."""

    SIGN_IN = "sign-in"
    REAUTHENTICATE = "reauth"
    LINK = "link"


def fulfil(request: HttpRequest, proven: Proven, entry: Mapping[str, Any]) -> str:
    """Do what the sign-in was begun for, as its state entry says; return where to go now."""
    match entry["intent"]:
        case Intent.REAUTHENTICATE:
            _reauthenticate(request, proven)
        case Intent.LINK:
            linking.propose(_person(request), request.session.session_key or "", proven)
            return reverse("accounts:link-confirm")
        case _:
            _sign_in(request, proven, hint=entry["idp"])
    return str(entry["next"])


def _sign_in(request: HttpRequest, proven: Proven, *, hint: str) -> None:
    """Sign this browser in under a new session id; who was signed in before is signed out."""
    identity = services.sign_in(proven, hint=hint)
    before = web_sessions.of_request(request)
    if request.user.is_authenticated:
        request.session.cycle_key()  # `login` leaves the key of somebody who is signed in as it is
    auth.login(request, identity.user, backend="accounts.oidc.FederatedBackend")
    request.session.save()
    web_sessions.begin(request, identity, proven)
    if before is not None:
        web_sessions.end([before])  # after the new one: with the last browser more would end
    audit.record("sign-in.ok", actor=identity.user, identity=identity, detail={"acr": proven.acr})


def _reauthenticate(request: HttpRequest, proven: Proven) -> None:
    """Renew the time of this browser's sign-in, if it is the same identity."""
    current = web_sessions.of_request(request)
    key = (proven.provider.issuer, proven.subject)
    if current is None:
        auth.logout(request)  # a session without a browser of its own opens nothing anyway
        raise SignInRequired("You were signed out meanwhile. Sign in again.")
    if (current.identity.issuer, current.identity.subject) != key:
        raise SignInRefused(
            "another-person", "You signed in as somebody else. Nothing was changed; try again."
        )
    request.session.cycle_key()
    try:
        with transaction.atomic():  # the row is locked: nobody ends the browser in between
            web_sessions.renew(current, proven, key=request.session.session_key or "")
            services.renew(current.identity, proven)
    except SignInRequired:
        auth.logout(request)
        raise
    audit.record("sign-in.renewed", actor=current.identity.user, identity=current.identity)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise SignInRequired("Your sign-in ended meanwhile. Sign in, then link again.")
    return request.user
