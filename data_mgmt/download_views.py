"""Where downloads of pages start: what is wrong is told on a page, before anything is sent."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import services
from data_mgmt.backends import Did
from data_mgmt.download_pages import FILE, METALINK, ZIP
from data_mgmt.services import archives, metalinks, reading, scripts
from data_mgmt.services.embargo import check_contents
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest


@require_GET
@signed_in
def download(request: SignedInRequest) -> HttpResponseBase:
    """Check that a download can be made, and lead to it."""
    kind, text = request.GET.get("as", FILE), request.GET.get("did", "")
    did = Did.parse(text) if text else None
    dids = [did] if did else _basket(request)
    if kind == FILE and did:
        reading.readable(request.user, did)
        return redirect(metalinks.content_path(did))
    if kind not in {ZIP, METALINK}:
        raise InvalidRequest(_("as is one of file, zip, metalink."), field="as")
    if kind == ZIP:
        archives.pack(request.user, dids)
    for each in dids:
        check_contents(request.user, each)
    place = f"dids/{quote(did.scope, safe='')}/{quote(did.name, safe='')}" if did else "basket"
    return redirect(f"/api/v1/data/{place}/{kind}")


@require_POST
@signed_in
def script(request: SignedInRequest) -> HttpResponseBase:
    """Send a script that fetches files, with a token of its own in it."""
    texts = request.POST.getlist("did")
    dids = [Did.parse(text) for text in texts] or _basket(request)
    made = scripts.make(request.user, dids, portal=get_config().public_url)
    answer = HttpResponse(made.text, content_type="text/x-shellscript; charset=utf-8")
    answer["Content-Disposition"] = str(content_disposition_header(True, made.name))
    # A token is in it.
    answer["Cache-Control"] = "no-store"
    return answer


def _basket(request: SignedInRequest) -> list[Did]:
    dids = [item.did for item in services.basket.contents(request.user)]
    if not dids:
        raise InvalidRequest(_("Your basket is empty."))
    return dids
