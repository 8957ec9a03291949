"""Copies are asked for: of one DID from its page, of several that were checked, of the basket."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next
from data_mgmt import did_parts, replicate_pages, services
from data_mgmt.backends import Did
from data_mgmt.did_shapes import Asked
from data_mgmt.forms import CopiesForm
from data_mgmt.services import Outcome, Picked
from vre_portal.errors import InvalidRequest, NotFound, PortalError

ESTIMATE = "data_mgmt/_estimate.html"


@require_http_methods(["GET", "POST"])
@signed_in
def estimate(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, what copies of a DID at some storages would move."""
    query = request.POST if request.method == "POST" else request.GET
    did, storages = Did.parse(query.get("did", "")), query.getlist("storage")
    found = services.estimates(request.user, did, storages) if storages else []
    mine = services.requests_of_did(request.user.pk, did)
    shown = replicate_pages.estimated(found, CopiesForm(query), replicate_pages.standing(mine))
    return render(request, ESTIMATE, shown)


def ask(request: SignedInRequest) -> HttpResponseBase:
    """Take a wish for copies of one DID."""
    form = CopiesForm(request.POST)
    did = Did.parse(request.POST.get("did", ""))
    if not form.is_valid():
        return _ask_again(request, did, form, InvalidRequest.status)
    try:
        found = services.ask_for(request.user, [did], form.storages(), form.terms())
    except InvalidRequest as exc:
        form.refuse(exc)
        return _ask_again(request, did, form, exc.status)
    return _told(request, did, form, found)


def _told(
    request: SignedInRequest, did: Did, form: CopiesForm, found: Sequence[Outcome]
) -> HttpResponseBase:
    refused = [outcome.error for outcome in found if outcome.error]
    if len(refused) == len(found):
        if isinstance(refused[0], NotFound):
            raise refused[0]
        for error in refused:
            form.refuse(error)
        return _ask_again(request, did, form, refused[0].status)
    if len(found) > 1:
        return render(request, "data_mgmt/copies_asked.html", _outcomes(request, found))
    (outcome,) = found
    if outcome.request is None:
        raise NotFound(_("There is no such request."))
    if not outcome.is_new:
        messages.info(
            request,
            _("It is already there, by this request: nothing was asked for again. Extend it to"
              " change how long it is kept."),
        )  # fmt: skip
    return redirect("data_mgmt:request", pk=outcome.request.pk)


def _ask_again(
    request: SignedInRequest, did: Did, form: CopiesForm, status: int
) -> HttpResponseBase:
    asked = Asked.of(request.user, did, {"tab": did_parts.WHERE}, form=form)
    return render(request, "data_mgmt/did.html", did_parts.page(asked), status=status)


@require_POST
@signed_in
def several(request: SignedInRequest) -> HttpResponseBase:
    """Show the form for what was checked in a list; or ask, and tell what became of each."""
    try:
        items = services.picked(request.user, _dids(request))
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return redirect(safe_next(request, request.POST.get("next") or "/data/"))
    return _several(request, items, confirmed=request.POST.get("confirmed") == "yes")


@require_http_methods(["GET", "POST"])
@signed_in
def basket(request: SignedInRequest) -> HttpResponseBase:
    """Show the form for all of the basket; or ask, and tell what became of each."""
    items = services.from_basket(request.user)
    if not items:
        messages.info(request, _("The basket is empty: pick something first."))
        return redirect("data_mgmt:basket")
    return _several(request, items, confirmed=request.method == "POST")


def _several(
    request: SignedInRequest, items: Sequence[Picked], *, confirmed: bool
) -> HttpResponseBase:
    if not confirmed:
        context = replicate_pages.of_several(request.user, items, request.GET.getlist("storage"))
        return render(request, "data_mgmt/replicate.html", context | _way(request))
    form = CopiesForm(request.POST)
    problem: PortalError = InvalidRequest("")
    if form.is_valid():
        try:
            dids = [item.did for item in items]
            found = services.ask_for(request.user, dids, form.storages(), form.terms())
            return render(request, "data_mgmt/copies_asked.html", _outcomes(request, found))
        except (InvalidRequest, NotFound) as exc:
            form.refuse(exc)
            problem = exc
    context = replicate_pages.of_several(request.user, items, form.storages(), form)
    status = problem.status
    return render(request, "data_mgmt/replicate.html", context | _way(request), status=status)


@require_http_methods(["GET", "POST"])
@signed_in
def estimate_several(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, what copies of what was checked, else of the basket, would move."""
    query = request.POST if request.method == "POST" else request.GET
    dids = _dids(request)
    items = services.picked(request.user, dids) if dids else services.from_basket(request.user)
    storages = query.getlist("storage")
    context = replicate_pages.of_several(request.user, items, storages, CopiesForm(query))
    return render(request, ESTIMATE, context)


def _dids(request: SignedInRequest) -> list[Did]:
    return [Did.parse(text) for text in request.POST.getlist("did")]


def _way(request: SignedInRequest) -> dict[str, object]:
    """Return where the form goes and where it came from."""
    of_basket = request.path == reverse("data_mgmt:basket-replicate")
    back = request.POST.get("next") or reverse("data_mgmt:browse")
    return {
        "of_basket": of_basket,
        "action": request.path,
        "back": reverse("data_mgmt:basket") if of_basket else safe_next(request, back),
    }


def _outcomes(request: SignedInRequest, found: Sequence[Outcome]) -> dict[str, object]:
    return replicate_pages.outcomes(found) | _way(request)
