"""Pages of what people keep at hand: favourites, recent DIDs, saved searches."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next
from data_mgmt import search_pages, services
from data_mgmt.backends import Did
from vre_portal.errors import InvalidRequest, QuotaExceeded


@require_http_methods(["GET", "POST"])
@signed_in
def favourites(request: SignedInRequest) -> HttpResponseBase:
    """Show the favourites, or give or take a star."""
    if request.method == "POST":
        return _starred(request)
    found = services.favourites(request.user)
    return render(request, "data_mgmt/favourites.html", {"favourites": found})


def _starred(request: SignedInRequest) -> HttpResponseBase:
    did = Did.parse(request.POST.get("did", ""))
    back = redirect(safe_next(request, request.POST.get("next")))
    if request.POST.get("star") == "off":
        services.unstar(request.user, did)
        return back
    try:
        services.star(request.user, did)
    except QuotaExceeded as exc:
        messages.warning(request, exc.message)
    return back


@require_POST
@signed_in
def forget_recent(request: SignedInRequest) -> HttpResponseBase:
    """Forget what the user opened."""
    services.forget_recent(request.user)
    messages.success(request, _("What you opened lately is forgotten."))
    return redirect("data_mgmt:browse")


@require_http_methods(["GET", "POST"])
@signed_in
def searches(request: SignedInRequest) -> HttpResponseBase:
    """Show the saved searches, or save one."""
    if request.method == "POST":
        return _saved(request)
    found = [(kept, search_pages.as_line(kept.query)) for kept in services.searches(request.user)]
    return render(request, "data_mgmt/searches.html", {"searches": found})


def _saved(request: SignedInRequest) -> HttpResponseBase:
    query = request.POST.get("query", "")
    try:
        kept = services.save_search(request.user, name=request.POST.get("name", ""), query=query)
    except (InvalidRequest, QuotaExceeded) as exc:
        messages.warning(request, exc.message)
        return redirect(f"/data/?{query.lstrip('?')}")
    messages.success(request, _("Saved as %(name)s.") % {"name": kept.name})
    return redirect(f"/data/?{kept.query}")


@require_POST
@signed_in
def rename_search(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give a saved search another name."""
    found = services.find_search(request.user, pk)
    try:
        services.rename_search(found, request.POST.get("name", ""))
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
    return redirect("data_mgmt:searches")


@require_POST
@signed_in
def delete_search(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Delete a saved search."""
    found = services.find_search(request.user, pk)
    found.delete()
    messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
    return redirect("data_mgmt:searches")
