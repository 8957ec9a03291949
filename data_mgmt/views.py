"""The data pages: find, look, ask for copies, watch them arrive."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from activity.services import timeline
from data_mgmt import pages, services
from data_mgmt.backends import Did
from data_mgmt.forms import ReplicaForm
from data_mgmt.models import ReplicaRequest
from vre_portal.errors import Conflict, InvalidRequest, QuotaExceeded
from vre_portal.paging import page


@require_GET
@signed_in
def browse(request: SignedInRequest) -> HttpResponseBase:
    """Show the scopes, and what a search in one of them finds."""
    shown = pages.browse(request.user, request.GET.dict())
    return render(request, "data_mgmt/browse.html", shown.context, status=shown.status)


@require_GET
@signed_in
def did_page(request: SignedInRequest, did: Did) -> HttpResponseBase:
    """Show a file, dataset or container."""
    view = services.describe(request.user, did)
    return render(request, "data_mgmt/did.html", pages.did(request.user, view, request.GET.dict()))


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
    rows, more = page(ReplicaRequest.objects.visible_to(request.user), request)
    context = {
        "requests": [pages.request_line(row) for row in rows],
        "next": more,
        "first": request.path if request.GET.get("cursor") else "",
        "topics": " ".join(f"replica-request:{row.pk}" for row in rows if row.is_active),
    }
    fragment = request.GET.get("fragment") == "rows"
    template = "data_mgmt/_requests.html" if fragment else "data_mgmt/requests.html"
    return render(request, template, context)


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


@require_GET
@signed_in
def request_page(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a request while it goes on."""
    found = services.find(request.user, pk)
    services.look_soon(found)
    return render(request, "data_mgmt/request.html", _request_context(request, found))


@require_GET
@signed_in
def request_state(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show, as a fragment, how a request is now."""
    found = services.find(request.user, pk)
    return render(request, "data_mgmt/_request.html", _request_context(request, found))


def _request_context(request: SignedInRequest, found: ReplicaRequest) -> dict[str, object]:
    events = timeline(request.user, ("replica-request", found.pk))[:30]
    return pages.request_page(found, events)


@require_POST
@signed_in
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Begin to end a request."""
    found = services.find(request.user, pk)
    try:
        services.cancel(found)
    except Conflict as exc:
        messages.warning(request, exc.message)
    return redirect("data_mgmt:request", pk=pk)


@require_POST
@signed_in
def retry(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Try a failed request again."""
    found = services.find(request.user, pk)
    try:
        services.retry(found)
    except Conflict as exc:
        messages.warning(request, exc.message)
    return redirect("data_mgmt:request", pk=pk)
