"""The page of uploads: the form, the list of what is half done or ended, and what may be done."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import upload_pages
from data_mgmt.models_uploads import Upload
from data_mgmt.services import uploads
from vre_portal.errors import Conflict, InvalidRequest, PortalError

#: Where the ASGI app that took a form's file tells what became of it.
OUTCOME = "vre.upload"


@require_http_methods(["GET", "POST"])
@signed_in
def listing(request: SignedInRequest) -> HttpResponseBase:
    """Show the form and the uploads, or what became of a file that the form brought."""
    if request.method == "POST":
        return _sent(request)
    context = upload_pages.page(request.user, None, None, request.GET)
    return render(request, "data_mgmt/uploads.html", context)


def _sent(request: SignedInRequest) -> HttpResponseBase:
    outcome = getattr(request, "scope", {}).get(OUTCOME)
    if isinstance(outcome, Upload):
        words = _("%(did)s is here. It is checked and stored now.") % {"did": outcome.did}
        messages.success(request, words)
        return redirect("data_mgmt:uploads")
    refused = outcome if isinstance(outcome, PortalError) else InvalidRequest(_("Choose a file."))
    context = upload_pages.page(request.user, request.POST, refused, request.GET)
    return render(request, "data_mgmt/uploads.html", context, status=refused.status)


@require_GET
@signed_in
def rows(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, how the uploads are now."""
    return render(request, "data_mgmt/_uploads.html", upload_pages.listing(request.user))


@require_POST
@signed_in
def remove(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Throw an upload away."""
    found = uploads.find(request.user, pk)
    try:
        uploads.remove(found)
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("%(did)s is off the list.") % {"did": found.did})
    return redirect("data_mgmt:uploads")


@require_POST
@signed_in
def retry(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Try again what failed after the bytes had come."""
    found = uploads.find(request.user, pk)
    try:
        uploads.retry(found)
    except Conflict as exc:
        messages.warning(request, exc.message)
    return redirect("data_mgmt:uploads")
