"""Where a DID's description is written."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import did_parts
from data_mgmt.backends import Did
from data_mgmt.did_shapes import Asked
from data_mgmt.metadata_forms import KeysFormSet, keys_form
from data_mgmt.services import describing
from vre_portal.errors import Conflict, InvalidRequest


@require_POST
@signed_in
def describe(request: SignedInRequest) -> HttpResponseBase:
    """Write the keys of a DID that were changed on its page."""
    did = Did.parse(request.POST.get("did", ""))
    form = keys_form(data=request.POST)
    if not form.is_valid():
        return _again(request, did, form, InvalidRequest.status)
    try:
        edit = describing.change_metadata(request.user, did, form.changes())
    except (InvalidRequest, Conflict) as exc:
        form.non_form_errors().append(exc.message)
        return _again(request, did, form, exc.status)
    if edit is None:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(request, _("Rucio is being told; the history says when it is done."))
    return redirect(reverse("data_mgmt:did", kwargs={"did": did}) + "?tab=metadata")


def _again(request: SignedInRequest, did: Did, form: KeysFormSet, status: int) -> HttpResponseBase:
    asked = Asked.of(request.user, did, {"tab": did_parts.METADATA}, keys=form)
    return render(request, "data_mgmt/did.html", did_parts.page(asked), status=status)
