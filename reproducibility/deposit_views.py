"""The page on which the owner of an analysis deposits it: prepare, look, publish, throw away."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import deposit_pages
from reproducibility.models import Analysis, Deposit
from reproducibility.services.captures.publishing import own
from reproducibility.services.deposits import asking
from vre_portal.errors import PortalError


@require_http_methods(["GET", "POST"])
@signed_in
def deposit(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show what would be deposited and how that stands, and begin."""
    analysis = own(request.user, slug)
    if request.method == "POST":
        return _told(request, analysis, lambda: asking.begin(request.user, slug))
    context = deposit_pages.context_of(request.user, analysis)
    fragment = request.GET.get("fragment") == "body"
    return render(request, f"reproducibility/{'_deposit' if fragment else 'deposit'}.html", context)


@require_POST
@signed_in
def publish(request: SignedInRequest, slug: str, pk: UUID) -> HttpResponseBase:
    """Publish a draft, for good."""
    analysis, found = _mine(request, slug, pk)
    confirmed = request.POST.get("confirmed") == "yes"
    return _told(
        request, analysis, lambda: asking.confirm(request.user, found, confirmed=confirmed)
    )


@require_POST
@signed_in
def prepare(request: SignedInRequest, slug: str, pk: UUID) -> HttpResponseBase:
    """Make the same draft anew."""
    analysis, found = _mine(request, slug, pk)
    return _told(request, analysis, lambda: asking.prepare_again(request.user, found))


@require_POST
@signed_in
def discard(request: SignedInRequest, slug: str, pk: UUID) -> HttpResponseBase:
    """Throw a draft away."""
    analysis, found = _mine(request, slug, pk)
    done = _("The draft is deleted, here and at %s.") % found.service_name
    return _told(request, analysis, lambda: asking.discard(request.user, found), done)


def _mine(request: SignedInRequest, slug: str, pk: UUID) -> tuple[Analysis, Deposit]:
    analysis = own(request.user, slug)
    return analysis, asking.find(request.user, analysis, pk)


def _told(
    request: SignedInRequest, analysis: Analysis, act: Callable[[], object], done: str = ""
) -> HttpResponseBase:
    """Do something, and return to the page, which says what became of it."""
    try:
        act()
    except PortalError as exc:
        if exc.retryable:
            raise
        messages.error(request, exc.message)
    else:
        if done:
            messages.success(request, done)
    return redirect("reproducibility:deposit", slug=analysis.slug)


_ONE = "analyses/<slug:slug>/deposit/<uuid:pk>"
urlpatterns = [
    path("analyses/<slug:slug>/deposit", deposit, name="deposit"),
    path(f"{_ONE}/publish", publish, name="deposit-publish"),
    path(f"{_ONE}/prepare", prepare, name="deposit-prepare"),
    path(f"{_ONE}/discard", discard, name="deposit-discard"),
]
