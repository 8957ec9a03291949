"""The page of a person's accounts in the backends."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import presenting, services
from accounts.decorators import SignedInRequest, signed_in
from accounts.models import AccountState
from accounts.views import pasted
from accounts.views.pasted import PastedForm


@require_GET
@signed_in
def checklist(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's account in each backend: done, working, or failed with the reason."""
    return page(request)


@require_POST
@signed_in
def repair(request: SignedInRequest, service: str) -> HttpResponseBase:
    """Make or check one account again."""
    services.repair(request.user, service)
    return redirect("accounts:checklist")


def page(
    request: SignedInRequest, *, form: tuple[str, PastedForm] | None = None, status: int = 200
) -> HttpResponseBase:
    """Return the page, or its list alone; with a form that was sent for one of the services."""
    rows = services.checklist(request.user)
    context = {
        "rows": presenting.shown(rows),
        "all_ready": all(row.state == AccountState.READY for row in rows),
        "pasted": pasted.shown(request.user, form),
    }
    fragment = request.GET.get("fragment") == "list"
    template = "accounts/_checklist.html" if fragment else "accounts/checklist.html"
    return render(request, template, context, status=status)
