"""The tokens that a person pastes for services that take no exchanged one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import stored_tokens
from accounts.decorators import SignedInRequest, signed_in
from accounts.views import checklist
from accounts.views.pasted import PastedForm
from vre_portal.errors import PortalError
from vre_portal.health import NAMES


@require_POST
@signed_in
@sensitive_post_parameters("token")
def keep(request: SignedInRequest, service: str) -> HttpResponseBase:
    """Try a token and keep it, or say at its field why not."""
    form = PastedForm(request.POST, auto_id=f"{service}_%s")
    if not form.is_valid():
        return checklist.page(request, form=(service, form), status=422)
    try:
        row = stored_tokens.keep(request.user, service, form.cleaned_data["token"])
    except PortalError as exc:
        if service not in stored_tokens.services():
            raise
        form.add_error("token", exc.message)
        return checklist.page(request, form=(service, form), status=exc.status)
    told = {"service": NAMES[service], "account": row.account}
    text = _("Kept: the portal acts at %(service)s as %(account)s now.")
    messages.success(request, text % told)
    return redirect("accounts:checklist")


@require_POST
@signed_in
def remove(request: SignedInRequest, service: str) -> HttpResponseBase:
    """Forget a token."""
    stored_tokens.remove(request.user, service)
    text = _("Your token for %(service)s is forgotten here. Revoke it there to end it.")
    messages.success(request, text % {"service": NAMES[service]})
    return redirect("accounts:checklist")
