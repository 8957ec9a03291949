"""Pages of handovers: the form that gives a file, the two lists, and one file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from sessions import services
from sessions.models import SessionState
from sessions.services import handing_over, opening_handovers
from sessions.sharing_forms import HandoverForm
from sessions.sharing_presenting import handover_shown, handovers_shown
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.paging import page


@require_http_methods(["GET", "POST"])
@signed_in
def hand_over(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show the form that hands a file of a session over, and do it."""
    session = services.get(request.user, pk)
    entered = request.POST if request.method == "POST" else None
    form = HandoverForm(entered, user=request.user, initial=request.GET.dict())
    status = 200
    if entered is not None:
        status = InvalidRequest.status
        if form.is_valid():
            wish = form.cleaned_data
            try:
                handing_over.hand_over(session, wish["path"], wish["to"], note=wish["note"])
            except PortalError as exc:
                form.add_error("path" if exc.status in {404, 413} else None, exc.message)
                status = exc.status
            else:
                messages.success(request, _("It is handed over."))
                return redirect("sessions:handovers")
    context = {"form": form, "session": session}
    return render(request, "sessions/hand_over.html", context, status=status)


@require_GET
@signed_in
def handovers(request: SignedInRequest) -> HttpResponseBase:
    """Show what one was given, and what one gave."""
    received, following = page(handing_over.received(request.user), request)
    context = {
        "received": handovers_shown(request.user, received),
        "given": handovers_shown(request.user, handing_over.given(request.user)[:50]),
        "next": following,
    }
    return render(request, "sessions/handovers.html", context)


@require_GET
@signed_in
def handover(request: SignedInRequest, handover_id: UUID) -> HttpResponseBase:
    """Show one file with what can be done with it."""
    found = handing_over.handover_of(request.user, handover_id)
    ready = services.visible_to(request.user).filter(state=SessionState.READY)
    context = {
        "entry": handover_shown(request.user, found),
        "running": ready.order_by("-created_at"),
    }
    return render(request, "sessions/handover.html", context)


@require_GET
@signed_in
def content(request: SignedInRequest, handover_id: UUID) -> HttpResponseBase:
    """Give the file to be kept; it is never shown here, whatever is in it."""
    return download(*handing_over.content_of(request.user, handover_id))


def download(name: str, found: bytes) -> HttpResponse:
    """Return bytes as a file to be kept."""
    answer = HttpResponse(found, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, name) or ""
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@signed_in
def open_in(request: SignedInRequest, handover_id: UUID) -> HttpResponseBase:
    """Put the file into a session of one's own, or into a new one."""
    session = opening_handovers.open_somewhere(
        request.user, handover_id, session_id=request.POST.get("session", "")
    )
    return redirect("sessions:session", pk=session.pk)


@require_POST
@signed_in
def delete(request: SignedInRequest, handover_id: UUID) -> HttpResponseBase:
    """Withdraw what one gave, or delete what one was given."""
    handing_over.delete(request.user, handover_id)
    messages.success(request, _("The file is no longer kept here."))
    return redirect("sessions:handovers")


urlpatterns = [
    path("sessions/<uuid:pk>/handovers", hand_over, name="hand-over"),
    path("sessions/handovers/", handovers, name="handovers"),
    path("sessions/handovers/<uuid:handover_id>", handover, name="handover"),
    path("sessions/handovers/<uuid:handover_id>/content", content, name="handover-content"),
    path("sessions/handovers/<uuid:handover_id>/open", open_in, name="handover-open"),
    path("sessions/handovers/<uuid:handover_id>/delete", delete, name="handover-delete"),
]
