"""Operators' page of people: find somebody, see what they may do, suspend or reinstate."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import people, providers, suspension
from accounts.decorators import SignedInRequest, operators_only
from accounts.models import User
from vre_portal.errors import PortalError


@require_GET
@operators_only
def people_page(request: SignedInRequest) -> HttpResponse:
    """Show who is found by a name, handle, e-mail, group or subject; newest first without one."""
    query = request.GET.get("q", "").strip()
    context = {"people": people.find(query), "query": query, "most": people.MOST}
    return render(request, "accounts/people.html", context)


@require_GET
@operators_only
def person(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one person."""
    return _person(request, pk)


@require_POST
@operators_only
def suspend(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Suspend somebody, with the reason."""
    reason = request.POST.get("reason", "")
    try:
        suspension.suspend(get_object_or_404(User, pk=pk), reason=reason, by=request.user)
    except PortalError as exc:
        return _person(request, pk, problem=exc.message, status=exc.status)
    messages.success(request, _("Suspended everywhere; their work waits."))
    return redirect("accounts:person", pk=pk)


@require_POST
@operators_only
def reinstate(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Let somebody in again."""
    try:
        suspension.reinstate(get_object_or_404(User, pk=pk), by=request.user)
    except PortalError as exc:
        return _person(request, pk, problem=exc.message, status=exc.status)
    messages.success(request, _("Reinstated. They can sign in again, and their work goes on."))
    return redirect("accounts:person", pk=pk)


def _person(
    request: SignedInRequest, pk: uuid.UUID, *, problem: str = "", status: int = 200
) -> HttpResponse:
    found = get_object_or_404(User.objects.prefetch_related("identities"), pk=pk)
    identities = [(providers.name_of(one.provider), one) for one in found.identities.all()]
    context = {
        "person": found,
        "identities": identities,
        "problem": problem,
        "browsers": found.web_sessions.count(),
        "myself": found.pk == request.user.pk,
    }
    return render(request, "accounts/person.html", context, status=status)
