"""The data pages: find, look, ask for copies, watch them arrive."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import pages, request_views, services
from data_mgmt.backends import Did
from data_mgmt.forms import ReplicaForm
from vre_portal.errors import InvalidRequest, QuotaExceeded


@require_GET
@signed_in
def browse(request: SignedInRequest) -> HttpResponseBase:
    """Show the scopes, and what a search in one of them finds."""
    shown = pages.browse(request.user, request.GET.dict())
    context = shown.context | pages.kept(request.user, request.GET)
    return render(request, "data_mgmt/browse.html", context, status=shown.status)


@require_GET
@signed_in
def did_page(request: SignedInRequest, did: Did) -> HttpResponseBase:
    """Show a file, dataset or container."""
    view = services.describe(request.user, did)
    services.opened(request.user, view.info.did)
    context = pages.did(request.user, view, request.GET.dict())
    fragment = request.GET.get("fragment") == pages.METADATA == context["tab"]
    template = "data_mgmt/_metadata.html" if fragment else "data_mgmt/did.html"
    return render(request, template, context)


@require_GET
@signed_in
def estimate(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, what a copy at one storage would move."""
    did = Did.parse(request.GET.get("did", ""))
    found = services.estimate(request.user, did, storage=request.GET.get("storage", ""))
    return render(request, "data_mgmt/_estimate.html", {"estimate": pages.estimated(found)})


@require_http_methods(["GET", "POST"])
@signed_in
def requests(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's requests, or take a new one."""
    if request.method == "POST":
        return _ask(request)
    return request_views.listing(request)


def _ask(request: SignedInRequest) -> HttpResponseBase:
    form = ReplicaForm(request.POST)
    did = form.did_value()
    if not form.is_valid():
        return _ask_again(request, did, form, InvalidRequest.status)
    wish = form.cleaned_data
    try:
        made = services.request_replica(
            request.user,
            did,
            storage=wish["storage"],
            lifetime_days=wish["lifetime_days"],
            comment=wish["comment"],
        )
    except (InvalidRequest, QuotaExceeded) as exc:
        form.add_error(getattr(exc, "field", None), exc.message)
        return _ask_again(request, did, form, exc.status)
    return redirect("data_mgmt:request", pk=made.pk)


def _ask_again(
    request: SignedInRequest, did: Did, form: ReplicaForm, status: int
) -> HttpResponseBase:
    view = services.describe(request.user, did)
    context = pages.did(request.user, view, {"tab": pages.WHERE}, form=form)
    return render(request, "data_mgmt/did.html", context, status=status)
