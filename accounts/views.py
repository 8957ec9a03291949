"""Pages of signing in and out, the terms, and the checklist of accounts."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import credentials, presenting, providers, services
from accounts.decorators import SignedInRequest, signed_in
from accounts.models import AccountState, TokenGrant, User
from accounts.oidc import last_provider_cookie, safe_next
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
    wanted = request.GET.get("again") or request.COOKIES.get(last_provider_cookie())
    ways = sorted(providers.registry().values(), key=lambda provider: provider.slug != wanted)
    context = {"providers": ways, "last": wanted, "next": target}
    return render(request, "accounts/login.html", context)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out here first, then at the provider, which gets its refresh token back."""
    user, slug = request.user, request.session.get("provider", "")
    auth.logout(request)
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
        endpoint = providers.metadata(provider).get("end_session_endpoint")
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
            providers.revoke(provider, credentials.unseal(grant.refresh_token))
    finally:
        grant.delete()


@require_http_methods(["GET", "POST"])
@signed_in
def terms(request: SignedInRequest) -> HttpResponseBase:
    """Show the terms of use; accepting them starts the making of accounts."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        if request.POST.get("accept") != "yes":
            context = {"next": target, "problem": _("Tick the box to accept the terms.")}
            return render(request, "accounts/terms.html", context, status=422)
        services.accept_terms(request.user)
        return redirect("accounts:checklist") if target == "/" else redirect(target)
    accepted = services.has_accepted_terms(request.user)
    return render(request, "accounts/terms.html", {"next": target, "accepted": accepted})


@require_GET
@signed_in
def checklist(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's account in each backend: done, working, or failed with the reason."""
    rows = services.checklist(request.user)
    context = {
        "rows": presenting.shown(rows),
        "all_ready": all(row.state == AccountState.READY for row in rows),
        "identities": request.user.identities.all(),
    }
    fragment = request.GET.get("fragment") == "list"
    return render(
        request, "accounts/_checklist.html" if fragment else "accounts/checklist.html", context
    )


@require_POST
@signed_in
def repair(request: SignedInRequest, service: str) -> HttpResponseBase:
    """Make or check one account again."""
    services.repair(request.user, service)
    return redirect("accounts:checklist")
