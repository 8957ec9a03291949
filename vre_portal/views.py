"""The dashboard, and the pages that belong to no app."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

import activity.services
from accounts.decorators import SignedInRequest, signed_in
from vre_portal import errors
from vre_portal.error_mapping import error_page


@require_GET
@signed_in
def home(request: SignedInRequest) -> HttpResponseBase:
    """Show what runs, what waits and what happened, from the portal's own tables only."""
    context = {"events": activity.services.visible_to(request.user)[:8]}
    return render(request, "home.html", context)


@require_GET
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the API as people read it."""
    return render(request, "api_docs.html")


@require_GET
def error_docs(request: HttpRequest) -> HttpResponse:
    """Show each kind of error that the API may answer."""
    kinds = [
        {
            "code": kind.code,
            "status": kind.status,
            "summary": (kind.__doc__ or "").splitlines()[0],
            "retryable": kind.retryable,
        }
        for kind in errors.KINDS
    ]
    return render(request, "error_docs.html", {"kinds": kinds})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown address."""
    return error_page(request, errors.NotFound("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of our own."""
    return error_page(
        request, errors.PortalError("A fault of ours; the reference helps to find it.")
    )
