"""The profile, the identities, and the data of the signed-in person."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import deletion, exporting, linking, merging, presenting, providers
from accounts.decorators import SignedInRequest, recently_signed_in, signed_in
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.health import NAMES


@require_GET
@signed_in
def profile(request: SignedInRequest) -> HttpResponse:
    """Show who one is here, what one may do, and where that comes from."""
    identities = list(request.user.identities.order_by("-last_sign_in"))
    context = {
        "acceptances": request.user.acceptances.order_by("-accepted_at"),
        "needs_factor": presenting.could_be_operator(identities),
        "identities": identities,
    }
    return render(request, "accounts/profile.html", context)


@require_GET
@signed_in
def identities(request: SignedInRequest) -> HttpResponse:
    """Show the ways in which one signs in, and offer another."""
    rows = request.user.identities.order_by("-last_sign_in")
    context = {
        "identities": [(providers.name_of(row.provider), row) for row in rows],
        "providers": list(providers.registry().values()),
    }
    return render(request, "accounts/identities.html", context)


@require_GET
@recently_signed_in
def link(request: SignedInRequest) -> HttpResponse:
    """Offer the providers at which another identity could be proven."""
    context = {"providers": list(providers.registry().values())}
    return render(request, "accounts/link.html", context)


@require_http_methods(["GET", "POST"])
@recently_signed_in
def link_confirm(request: SignedInRequest) -> HttpResponse:
    """Show both sides of a link and what it will do; then link, or merge."""
    if request.method == "POST":
        linking.confirm(request.user, request.session.session_key or "")
        messages.success(request, _("Linked. You can sign in both ways now."))
        return redirect("accounts:identities")
    proposal = linking.pending(request.user, request.session.session_key or "")
    context = {
        "proposal": proposal,
        "moving": merging.moving(proposal.other) if proposal.other else {},
    }
    return render(request, "accounts/link_confirm.html", context)


@require_POST
@signed_in
def link_leave(request: SignedInRequest) -> HttpResponse:
    """Leave everything as it was."""
    linking.leave(request.user)
    messages.info(request, _("Nothing was linked."))
    return redirect("accounts:identities")


@require_http_methods(["GET", "POST"])
@recently_signed_in
def unlink(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Take one identity away, after saying what goes with it."""
    identity = linking.find(request.user, str(pk))
    if request.method == "GET":
        context = {
            "identity": identity,
            "name": providers.name_of(identity.provider),
            "accounts": [NAMES[service] for service in linking.opened_by(identity)],
        }
        return render(request, "accounts/unlink.html", context)
    linking.unlink(request.user, str(pk))
    messages.success(request, _("Unlinked. One cannot sign in to your account that way any more."))
    return redirect("accounts:identities")


@require_GET
@signed_in
def data(request: SignedInRequest) -> HttpResponse:
    """Offer one's data, and the way out."""
    context = {"days": get_config().deletion_grace_days}
    return render(request, "accounts/data.html", context)


@require_POST
@signed_in
def export(request: SignedInRequest) -> FileResponse:
    """Send all that the portal holds of the person."""
    name = f"portal-{request.user.handle}-{timezone.now():%Y%m%d}.zip"
    packed = exporting.export(request.user)
    return FileResponse(packed, as_attachment=True, filename=name, content_type="application/zip")


@require_http_methods(["GET", "POST"])
@recently_signed_in
def delete(request: SignedInRequest) -> HttpResponse:
    """Say what goes, and begin the grace time."""
    context: dict[str, Any] = {"days": get_config().deletion_grace_days}
    if request.method == "GET":
        return render(request, "accounts/delete.html", context)
    try:
        deletion.ask(request.user, handle=request.POST.get("handle", ""))
    except PortalError as exc:
        context["problem"] = exc.message
        return render(request, "accounts/delete.html", context, status=exc.status)
    request.session.flush()
    return redirect("accounts:signed-out")


@require_POST
@signed_in
def keep(request: SignedInRequest) -> HttpResponse:
    """Keep the account after all."""
    deletion.keep(request.user)
    messages.success(request, _("Your account stays. API tokens have to be made anew."))
    return redirect("home")
