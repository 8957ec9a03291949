"""Pages of the basket: what is in it, its export, and copies of all of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next
from data_mgmt import basket_pages, services
from data_mgmt.backends import Did
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

SHEETS = {"csv": "text/csv", "txt": "text/plain"}


@require_GET
@signed_in
def basket(request: SignedInRequest) -> HttpResponseBase:
    """Show what is in the basket."""
    return render(request, "data_mgmt/basket.html", basket_pages.basket(request.user))


@require_POST
@signed_in
def add(request: SignedInRequest) -> HttpResponseBase:
    """Put what was picked into the basket."""
    try:
        added = services.basket.add(request.user, _picked(request))
    except (InvalidRequest, NotFound, QuotaExceeded) as exc:
        messages.warning(request, exc.message)
    else:
        tell = messages.warning if added.missing else messages.success
        tell(request, basket_pages.added_sentence(added))
    return _back(request)


@require_POST
@signed_in
def remove(request: SignedInRequest) -> HttpResponseBase:
    """Take what was picked out of the basket."""
    try:
        count = services.basket.remove(request.user, _picked(request))
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return _back(request)
    text = ngettext("%(n)d is out of the basket.", "%(n)d are out of the basket.", count)
    messages.success(request, text % {"n": count})
    return _back(request)


@require_POST
@signed_in
def empty(request: SignedInRequest) -> HttpResponseBase:
    """Empty the basket; its page offers to fill it again."""
    services.basket.empty(request.user)
    return redirect("data_mgmt:basket")


@require_POST
@signed_in
def restore(request: SignedInRequest) -> HttpResponseBase:
    """Put back what the emptied basket held."""
    try:
        count = services.basket.restore(request.user)
    except QuotaExceeded as exc:
        messages.warning(request, exc.message)
    else:
        text = ngettext("%(n)d is back in the basket.", "%(n)d are back in the basket.", count)
        messages.success(request, text % {"n": count})
    return redirect("data_mgmt:basket")


@require_GET
@signed_in
def export(request: SignedInRequest) -> HttpResponseBase:
    """Send the basket as a list of DIDs, one a line, or as CSV."""
    kind = request.GET.get("format", "txt")
    if kind not in SHEETS:
        raise InvalidRequest(_("format is one of txt, csv."), field="format")
    items = [*services.basket.contents(request.user)]
    text = basket_pages.as_csv(items) if kind == "csv" else basket_pages.as_list(items)
    answer = HttpResponse(text, content_type=f"{SHEETS[kind]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="basket.{kind}"'
    return answer


def _picked(request: SignedInRequest) -> list[Did]:
    return [Did.parse(text) for text in request.POST.getlist("did")]


def _back(request: SignedInRequest) -> HttpResponseBase:
    return redirect(safe_next(request, request.POST.get("next") or "/data/basket/"))
