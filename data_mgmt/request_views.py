"""The pages of requests: the list with its filters, one request, and what may be done to them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from activity.services import timeline
from data_mgmt import request_pages, services
from data_mgmt.models import ReplicaRequest
from data_mgmt.request_forms import LifetimeForm, RequestQuery, keys_of
from vre_portal.errors import Conflict, InvalidRequest
from vre_portal.paging import page

EXTEND, CANCEL = "extend", "cancel"


def listing(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's requests as far as the address's filters let them through."""
    mine = ReplicaRequest.objects.visible_to(request.user)
    problem: InvalidRequest | None = None
    try:
        rows, more = page(RequestQuery.of(request.GET.dict()).of_those(mine), request)
    except InvalidRequest as exc:
        rows, more, problem = [], None, exc
    shown = request_pages.listing(rows, request.GET.dict(), problem)
    fragment = request.GET.get("fragment") == "rows"
    template = "data_mgmt/_requests.html" if fragment else "data_mgmt/requests.html"
    status = problem.status if problem else 200
    return render(request, template, {**shown, "next": more}, status=status)


@require_GET
@signed_in
def request_page(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a request while it goes on, or its files."""
    found = services.find(request.user, pk)
    services.look_soon(found)
    return _shown(request, found)


@require_GET
@signed_in
def request_state(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show, as a fragment, how a request is now."""
    found = services.find(request.user, pk)
    return render(request, "data_mgmt/_request.html", _context(request, found))


def _shown(
    request: SignedInRequest, found: ReplicaRequest, form: LifetimeForm | None = None
) -> HttpResponseBase:
    context = _context(request, found)
    if form is None:
        return render(request, "data_mgmt/request.html", context)
    context["lifetime"] = form
    return render(request, "data_mgmt/request.html", context, status=InvalidRequest.status)


def _context(request: SignedInRequest, found: ReplicaRequest) -> dict[str, object]:
    events = timeline(request.user, ("replica-request", found.pk))[:30]
    return request_pages.request_page(request.user, found, events, request.GET.dict())


@require_POST
@signed_in
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Begin to end a request, now or in an hour."""
    found = services.find(request.user, pk)
    later = request.POST.get("when") == "later"
    try:
        services.end_later(found) if later else services.cancel(found)
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        if later:
            messages.success(request, _("It ends in an hour. Until then it can be extended."))
    return redirect("data_mgmt:request", pk=pk)


@require_POST
@signed_in
def extend(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Begin to keep a request longer, or shorter."""
    found = services.find(request.user, pk)
    form = LifetimeForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, form)
    try:
        services.change(found, services.Changes(form.days(), keeps_lifetime=False))
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Rucio is told the new lifetime."))
    return redirect("data_mgmt:request", pk=pk)


@require_POST
@signed_in
def boost(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Have what is stuck tried again at once."""
    found = services.find(request.user, pk)
    try:
        services.change(found, services.Changes(boost=True))
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Rucio is asked to do it next."))
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


@require_http_methods(["GET", "POST"])
@signed_in
def bulk(request: SignedInRequest) -> HttpResponseBase:
    """Ask about several requests at once, then extend or cancel them."""
    if request.method == "GET":  # whoever comes back to the question has chosen nothing
        return redirect("data_mgmt:requests")
    action = request.POST.get("action", "")
    if action not in {EXTEND, CANCEL}:
        raise InvalidRequest(_("action: give extend or cancel."), field="action")
    try:
        chosen = services.chosen(request.user, keys_of(request.POST.getlist("pk")))
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return redirect("data_mgmt:requests")
    confirmed = request.POST.get("confirmed") == "yes"
    form = LifetimeForm(request.POST if confirmed else None) if action == EXTEND else None
    if not confirmed or (form is not None and not form.is_valid()):
        status = InvalidRequest.status if confirmed else 200
        context = request_pages.bulk(chosen, action, form)
        return render(request, "data_mgmt/requests_bulk.html", context, status=status)
    refused = services.extend_all(chosen, form.days()) if form else services.cancel_all(chosen)
    _tell(request, len(chosen) - len(refused), refused)
    return redirect("data_mgmt:requests")


def _tell(request: SignedInRequest, done: int, refused: list[services.Refused]) -> None:
    if done:
        words = ngettext("%(n)d request is changed.", "%(n)d requests are changed.", done)
        messages.success(request, words % {"n": done})
    for each in refused:
        messages.warning(request, f"{each.request.did}, {each.request.storage}: {each.reason}")
