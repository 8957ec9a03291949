"""Pages of signing in and out."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import credentials, discovery, providers, token_endpoint, web_sessions
from accounts.models import TokenGrant, User
from accounts.oidc import safe_next
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.live import close_sockets_of
from vre_portal.models import Operation, OperationState

log = logging.getLogger(__name__)


@require_GET
def login(request: HttpRequest) -> HttpResponse:
    """Show the ways to sign in, the last used one first."""
    target = safe_next(request, request.GET.get("next"))
    if request.user.is_authenticated and "again" not in request.GET:
        return redirect(target)
    wanted = request.GET.get("again", "")
    ways = sorted(providers.registry().values(), key=lambda provider: provider.slug != wanted)
    context = {"providers": ways, "last": wanted, "next": target}
    return render(request, "accounts/login.html", context)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out here first, then at the provider, which gets its refresh token back."""
    user, current = request.user, web_sessions.of_request(request)
    slug = current.identity.provider if current else ""
    auth.logout(request)
    if current is not None:
        web_sessions.end([current])
    if not isinstance(user, User):
        return redirect("accounts:login")
    close_sockets_of(user.pk)
    # Work under way needs the user's tokens to its end; they are then kept, sealed, in the vault.
    at_work = Operation.objects.filter(user=user, state=OperationState.WAITING).exists()
    if at_work:
        messages.info(request, _("You are signed out. What you started goes on meanwhile."))
    else:
        messages.success(request, _("You are signed out."))
    return redirect(_end_session_url(user, slug, keep_tokens=at_work) or "accounts:login")


def _end_session_url(user: User, slug: str, *, keep_tokens: bool) -> str | None:
    grant = TokenGrant.objects.filter(identity__user=user, identity__provider=slug).first()
    provider = providers.registry().get(slug)
    if grant is None or provider is None:
        return None
    hint = credentials.unseal(grant.id_token) if grant.id_token else ""
    try:
        if not keep_tokens:
            _give_back(provider, grant)
        endpoint = discovery.metadata(provider).get("end_session_endpoint")
    except PortalError as exc:
        log.warning("not signed out at %s: %s", slug, exc.message)
        return None
    if not endpoint:
        return None
    query = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": f"{get_config().public_url}/",
        **({"id_token_hint": hint} if hint else {}),
    }
    return f"{endpoint}?{urlencode(query)}"


def _give_back(provider: providers.Provider, grant: TokenGrant) -> None:
    try:
        if grant.refresh_token:
            token_endpoint.revoke(provider, credentials.unseal(grant.refresh_token))
    finally:
        grant.delete()
