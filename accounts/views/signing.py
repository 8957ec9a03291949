"""Pages of signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import institutions, last_choice, providers, released, sign_out
from accounts.models import Institution
from accounts.oidc import safe_next
from vre_portal.limits import SEARCH
from vre_portal.logs import client_address


@require_GET
def login(request: HttpRequest) -> HttpResponse:
    """Show the ways to sign in: the last one of this device, one's institution, each provider."""
    target = safe_next(request, request.GET.get("next"))
    if request.user.is_authenticated and "again" not in request.GET:
        return redirect(target)
    query = request.GET.get("q", "")
    if query:
        SEARCH.use(client_address.get())
    context: dict[str, Any] = {
        "next": target,
        "query": query[: institutions.LONGEST_QUERY],
        "found": institutions.search(query),
        "again": providers.registry().get(request.GET.get("again", "")),
    }
    if request.GET.get("fragment") == "found":
        return render(request, "accounts/_institutions.html", context)
    context |= {
        "providers": list(providers.registry().values()),
        "learned": [
            (each.name, released.told_by(each), released.needed_from(each))
            for each in providers.registry().values()
        ],
        "last": last_choice.of_request(request),
        "searchable": Institution.objects.exists(),
    }
    return render(request, "accounts/login.html", context)


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Forget the last choice of this device, and let its person choose anew."""
    query = urlencode({"next": safe_next(request, request.POST.get("next"))})
    answer = redirect(f"{reverse('accounts:login')}?{query}")
    last_choice.forget(answer)
    return answer


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out here first, then at the provider, which gets its refresh token back."""
    farewell = sign_out.sign_out(request)
    if farewell.work_goes_on:
        request.session["work_goes_on"] = True
    return redirect(farewell.leads_to or "accounts:signed-out")


@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Say what signing out ended, and where one may still be signed in."""
    if request.user.is_authenticated:
        return redirect("home")
    farewell = request.session.get(sign_out.FAREWELL, {})
    there = bool(farewell.get("state")) and request.GET.get("state") == farewell["state"]
    context = {
        "provider": providers.registry().get(farewell.get("provider", "")),
        "there": there,
        "work_goes_on": request.session.get("work_goes_on", False),
    }
    return render(request, "accounts/signed_out.html", context)
