"""Pages of shares: the owner's form and actions, and what a guest sees."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from sessions import services
from sessions.services import entering_shared, sharing
from sessions.sharing_forms import TIMES, ShareForm, TimeForm
from sessions.sharing_presenting import shares_shown, shown_to
from vre_portal.errors import InvalidRequest, PortalError


@require_http_methods(["GET", "POST"])
@signed_in
def share(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show the form that shares a session, and share it."""
    session = services.get(request.user, pk)
    entered = request.POST if request.method == "POST" else None
    form = ShareForm(entered, user=request.user, initial=request.GET.dict())
    status = 200
    if entered is not None:
        status = InvalidRequest.status
        if form.is_valid():
            wish = form.parsed()
            try:
                made = sharing.share(session, wish.to, level=wish.level, hours=wish.hours)
            except PortalError as exc:
                form.add_error(None, exc.message)
                status = exc.status
            else:
                who = made.recipient or made.group
                messages.success(
                    request, _("%(session)s is shared with %(who)s.")
                    % {"session": session.name, "who": who}
                )  # fmt: skip
                return redirect("sessions:session", pk=pk)
    context = {"form": form, "session": session, "shares": shares_shown(session), "times": TIMES}
    return render(request, "sessions/share.html", context, status=status)


@require_POST
@signed_in
def revoke(request: SignedInRequest, pk: UUID, share_id: UUID) -> HttpResponseBase:
    """Take a share back."""
    session = services.get(request.user, pk)
    sharing.revoke(sharing.share_of(session, share_id))
    messages.success(request, _("The share is taken back."))
    return redirect("sessions:session", pk=pk)


@require_POST
@signed_in
def change_time(request: SignedInRequest, pk: UUID, share_id: UUID) -> HttpResponseBase:
    """Let a share stand for another time, from now on."""
    session = services.get(request.user, pk)
    form = TimeForm(request.POST)
    hours = form.cleaned_data["hours"] if form.is_valid() else 0
    sharing.change_time(sharing.share_of(session, share_id), hours=hours)
    messages.success(request, _("The share has its new time."))
    return redirect("sessions:session", pk=pk)


@require_GET
@signed_in
def shared(request: SignedInRequest, share_id: UUID) -> HttpResponseBase:
    """Show a guest what is shared with them."""
    found = entering_shared.shared_to(request.user, share_id)
    context = {"entry": shown_to(request.user, found)}
    return render(request, "sessions/shared.html", context)


@require_POST
@signed_in
def open_shared(request: SignedInRequest, share_id: UUID) -> HttpResponseBase:
    """Let a guest in, and lead them to the session."""
    return redirect(entering_shared.open_shared(request.user, share_id))


urlpatterns = [
    path("sessions/<uuid:pk>/share", share, name="share"),
    path("sessions/<uuid:pk>/shares/<uuid:share_id>/revoke", revoke, name="share-revoke"),
    path("sessions/<uuid:pk>/shares/<uuid:share_id>/time", change_time, name="share-time"),
    path("sessions/shared/<uuid:share_id>", shared, name="shared"),
    path("sessions/shared/<uuid:share_id>/open", open_shared, name="shared-open"),
]
