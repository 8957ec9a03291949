"""The page of signed-in browsers."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import providers, sign_out, web_sessions
from accounts.decorators import SignedInRequest, signed_in
from accounts.presenting import device_of


@require_GET
@signed_in
def browsers(request: SignedInRequest) -> HttpResponse:
    """Show where one is signed in."""
    here = web_sessions.of_request(request)
    rows = request.user.web_sessions.select_related("identity").order_by("-last_seen_at")
    shown = [
        {
            "row": row,
            "device": device_of(row.user_agent),
            "provider": providers.name_of(row.identity.provider),
            "here": here is not None and row.pk == here.pk,
        }
        for row in rows
    ]
    context = {"browsers": shown, "idle": web_sessions.idle_limit()}
    return render(request, "accounts/browsers.html", context)


@require_POST
@signed_in
def end(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Sign one browser out."""
    sign_out.sign_out_browser(request.user, str(pk))
    messages.success(request, _("That browser is signed out."))
    return redirect("accounts:browsers")


@require_POST
@signed_in
def end_all(request: SignedInRequest) -> HttpResponse:
    """Sign every browser out, this one too."""
    sign_out.sign_out_everywhere(request.user, with_tokens="tokens" in request.POST)
    request.session.flush()
    return redirect("accounts:signed-out")
