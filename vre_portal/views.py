"""The dashboard, and the pages that belong to no app."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

import activity.services
from accounts.decorators import SignedInRequest, signed_in
from vre_portal import errors
from vre_portal.error_mapping import error_page
from vre_portal.health import backend_states
from vre_portal.home import gather
from vre_portal.logs import request_id
from vre_portal.paging import page


@require_GET
@signed_in
def home(request: SignedInRequest) -> HttpResponseBase:
    """Show what runs, what waits and what happened, from the portal's own tables only."""
    context = {
        "home": gather(request.user),
        "events": activity.services.visible_to(request.user)[:8],
        "down": [state for state in backend_states() if state.up is False],
    }
    fragment = request.GET.get("fragment") == "active"
    return render(request, "_active.html" if fragment else "home.html", context)


@require_GET
@signed_in
def inbox(request: SignedInRequest) -> HttpResponseBase:
    """Show everything that happened, newest first."""
    events, following = page(activity.services.visible_to(request.user), request, by="at")
    return render(request, "inbox.html", {"events": events, "next": following})


@require_GET
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the API as people read it: the schema, by its first word."""
    sections: dict[str, list[dict[str, str]]] = {}
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped library
    for path, operations in schema["paths"].items():
        rows = sections.setdefault(path.split("/")[3], [])
        rows += [
            {"method": method.upper(), "path": path, "text": told.get("description", "")}
            for method, told in operations.items()
        ]
    named = [{"name": name, "operations": rows} for name, rows in sections.items()]
    return render(request, "api_docs.html", {"sections": named})


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


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django does not take: another host, too many fields."""
    return _bare_page(400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from one of our pages, or from one of another sign-in."""
    return error_page(
        request,
        errors.Forbidden(
            "This form was opened before you signed in or out, or your browser keeps no cookies "
            "for this site. Load the page again and repeat what you did."
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of our own."""
    return _bare_page(500)


def _bare_page(status: int) -> HttpResponse:
    # Without the request: whatever broke may be what a full page needs.
    text = render_to_string("error.html", {"status": status, "reference": request_id.get()})
    return HttpResponse(text, status=status)
