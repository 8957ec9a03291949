"""The browser's login session: which entries of a password it holds, and how it ends."""

from __future__ import annotations

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import RefreshToken

from demo.iam import backchannel
from demo.iam.models import Person, SignIn

_IDS = "sign_ins"
_AT = "signed_in_at"


def begin(request: HttpRequest, person: Person, *, acr: str) -> None:
    """Sign a person in; a repeated password adds a sign-in to the same session."""
    login(request, person)
    sign_in = SignIn.objects.create(person=person, at=timezone.now(), acr=acr)
    request.session[_IDS] = [*request.session.get(_IDS, []), str(sign_in.id)]
    request.session[_AT] = int(sign_in.at.timestamp())


def current(request: HttpRequest) -> str:
    """Return the id of the session's newest sign-in."""
    return str(request.session[_IDS][-1])


def signed_in_at(request: HttpRequest) -> int:
    """Return when the password was last entered, in seconds since the epoch."""
    return int(request.session[_AT])


def end(request: HttpRequest) -> None:
    """End the session's sign-ins, revoke their tokens, and tell the clients.

    Tokens with `offline_access` stay: they were asked for to outlive the login (OpenID Connect
    Core 11), and their client revokes them itself (RFC 7009).
    """
    sign_ins = SignIn.objects.filter(id__in=request.session.get(_IDS, []), ended_at=None)
    with transaction.atomic():
        online = RefreshToken.objects.filter(
            token_family__in=sign_ins.values("origin__family"), revoked=None
        ).exclude(access_token__scope__contains="offline_access")
        for token in online:
            token.revoke()
        ended = list(sign_ins.select_related("person"))
        sign_ins.update(ended_at=timezone.now())
    backchannel.tell(ended)
