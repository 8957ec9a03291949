"""Pages of the basket: what is in it, its export, and copies of all of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next
from data_mgmt import basket_pages, services
from data_mgmt.backends import Did
from data_mgmt.forms import CopiesForm
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


@require_http_methods(["GET", "POST"])
@signed_in
def replicate(request: SignedInRequest) -> HttpResponseBase:
    """Show the form that asks for copies of all, or ask, and tell what became of each."""
    items = [*services.basket.contents(request.user)]
    if not items:
        messages.info(request, _("The basket is empty: pick something first."))
        return redirect("data_mgmt:basket")
    if request.method == "GET":
        context = basket_pages.copies(request.user, items, request.GET.get("storage", ""))
        return render(request, "data_mgmt/basket_replicate.html", context)
    form = CopiesForm(request.POST)
    if not form.is_valid():
        return _ask_again(request, form, InvalidRequest.status)
    try:
        outcomes = services.replicate_all(
            request.user, [item.did for item in items], **form.cleaned_data
        )
    except (InvalidRequest, NotFound) as exc:
        form.add_error(None, exc.message)
        return _ask_again(request, form, exc.status)
    context = basket_pages.outcomes(outcomes, form.cleaned_data["storage"])
    return render(request, "data_mgmt/basket_outcomes.html", context)


def _ask_again(request: SignedInRequest, form: CopiesForm, status: int) -> HttpResponseBase:
    items = [*services.basket.contents(request.user)]
    chosen = form.data.get("storage", "")
    context = basket_pages.copies(request.user, items, chosen, form=form)
    return render(request, "data_mgmt/basket_replicate.html", context, status=status)


@require_GET
@signed_in
def estimate(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, what copies of all at one storage would move."""
    items = [*services.basket.contents(request.user)]
    context = basket_pages.copies(request.user, items, request.GET.get("storage", ""))
    return render(request, "data_mgmt/_estimate.html", context)


def _picked(request: SignedInRequest) -> list[Did]:
    return [Did.parse(text) for text in request.POST.getlist("did")]


def _back(request: SignedInRequest) -> HttpResponseBase:
    return redirect(safe_next(request, request.POST.get("next") or "/data/basket/"))
