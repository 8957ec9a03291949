"""The search of the data page: one form, one text, and its result as a file."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import pages, search_pages
from data_mgmt.services import exporting
from data_mgmt.services.exporting import Kind
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest


@require_GET
@signed_in
def browse(request: SignedInRequest) -> HttpResponseBase:
    """Show the scopes, or what a search finds in the index or live in one scope."""
    address = search_pages.built(request.GET)
    if address is not None:
        return redirect(address)
    query = request.GET.dict()
    text = query.get("q", "").strip()
    if text and not query.get("scope"):
        found, status = search_pages.results(request.user, text, query)
    else:
        shown = pages.browse(request.user, query)
        found, status = shown.context, shown.status
        text = search_pages.as_text(query | {"name": query.get("name") or text})
    context = found | pages.kept(request.user, request.GET)
    context |= search_pages.panel(request.user, text, blank="add" in query)
    return render(request, "data_mgmt/browse.html", context, status=status)


@require_GET
@signed_in
def export(request: SignedInRequest) -> HttpResponseBase:
    """Send what a search finds as a file."""
    try:
        kind = Kind(request.GET.get("as", Kind.LIST))
    except ValueError as exc:
        raise InvalidRequest(_("as is one of txt, csv, metalink."), field="as") from exc
    parts = exporting.export(
        request.user, request.GET.get("q", ""), kind, portal=get_config().public_url
    )
    answer = StreamingHttpResponse(parts, content_type=f"{exporting.TYPES[kind]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{exporting.NAMES[kind]}"'
    return answer
