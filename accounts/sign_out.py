"""Signing out: this browser first, then what only it held open, then the provider."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest

from accounts import api_tokens, audit, discovery, grants, providers, satellites, web_sessions
from accounts.models import Identity, TokenGrant, User, WebSession
from accounts.providers import Provider
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError
from vre_portal.live import close_sockets_of
from vre_portal.models import Operation, OperationState

log = logging.getLogger(__name__)
#: Where the session keeps what the page after signing out says.
FAREWELL = "farewell"


@dataclass(frozen=True, slots=True)
class Farewell:
    """What signing out did: where to go now, and what goes on meanwhile."""

    leads_to: str = ""
    provider: str = ""
    work_goes_on: bool = False


def sign_out(request: HttpRequest) -> Farewell:
    """Sign this browser out here, and return where its sign-in at the provider ends.

    The tokens are given back with the last browser of an identity, unless work under way or an
    API token needs them.
    """
    user, current = request.user, web_sessions.of_request(request)
    auth.logout(request)
    if current is None or not isinstance(user, User):
        return Farewell()
    hint = _id_token(current.identity)
    web_sessions.end([current])
    audit.record("sign-out.ok", actor=user, identity=current.identity)
    goes_on = at_work(user)
    if not current.identity.web_sessions.exists() and not goes_on and not api_tokens.live(user):
        grants.give_back(current.identity)
    provider = providers.registry().get(current.identity.provider)
    if provider is None:
        return Farewell(work_goes_on=goes_on)
    return Farewell(_end_session_url(request, provider, hint), provider.slug, goes_on)


def sign_out_everywhere(user: User, *, with_tokens: bool) -> int:
    """End every browser and satellite of a user, and API tokens if wished; return how many."""
    ended = web_sessions.end(user.web_sessions.all())
    satellites.end_grants(user)
    close_sockets_of(user.pk)
    if with_tokens:
        api_tokens.revoke_all(user)
    if not at_work(user) and not api_tokens.live(user):
        for identity in user.identities.all():
            grants.give_back(identity)
    audit.record("sign-out.everywhere", actor=user, detail={"browsers": ended})
    return ended


def sign_out_browser(user: User, key: str) -> None:
    """End one browser of a user.

    Raises
    ------
    NotFound
        The user is not signed in there.
    """
    if not web_sessions.end(WebSession.objects.filter(user=user, pk=key)):
        raise NotFound("You are not signed in there any more.")
    audit.record("sign-out.browser", actor=user, about=("browser", key))


def at_work(user: User) -> bool:
    """Whether something of the user's goes on that needs their tokens to its end."""
    return Operation.objects.filter(user=user, state=OperationState.WAITING).exists()


def _id_token(identity: Identity) -> str:
    grant = TokenGrant.objects.filter(identity=identity).first()
    return grants.id_token_of(grant) if grant else ""


def _end_session_url(request: HttpRequest, provider: Provider, hint: str) -> str:
    """Return where the provider ends its own sign-in (RP-Initiated Logout 1.0), if it does."""
    try:
        endpoint = discovery.metadata(provider).get("end_session_endpoint")
    except PortalError as exc:
        log.warning("not signed out at %s: %s", provider.slug, exc.message)
        endpoint = None
    state = secrets.token_urlsafe(16)
    request.session[FAREWELL] = {"provider": provider.slug, "state": state if endpoint else ""}
    if not endpoint:
        return ""
    query = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": f"{get_config().public_url}/accounts/signed-out/",
        "state": state,
        **({"id_token_hint": hint} if hint else {}),
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"
