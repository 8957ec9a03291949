"""Pages of captures: begin one, follow it, edit the proposal, save it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import capture_pages as pages
from reproducibility.capture_archives import archive_of
from reproducibility.capture_forms import ProposalForm, SourceForm
from reproducibility.models import Capture
from reproducibility.services.captures import editing, saving, starting
from vre_portal.errors import InvalidRequest, NoRoom, PortalError

FRAGMENTS = {"body": "_capture", "proof": "_capture_proof", "aside": "_capture_aside"}


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest) -> HttpResponseBase:
    """Show the forms of all sources, and begin to capture what one of them names."""
    given = request.GET.dict() | {"analysis": request.POST.get("analysis", "")}
    analysis = given["analysis"] or request.GET.get("analysis", "")
    posted, status = None, 200
    if request.method == "POST":
        posted = pages.bound_form(request.user, request.POST.get("kind", ""), request.POST.dict())
        capture = _begun(request, posted, analysis) if posted.is_valid() else None
        if capture is not None:
            return redirect("reproducibility:capture", pk=capture.pk)
        status = InvalidRequest.status
    context = pages.source_forms(request.user, given, posted) | {"analysis": analysis}
    return render(request, "reproducibility/capture_new.html", context, status=status)


def _begun(request: SignedInRequest, form: SourceForm, analysis: str) -> Capture | None:
    """Begin a capture; None where the form now says why not."""
    try:
        with archive_of(request.user, request) as archive:
            wish = form.parsed() | archive
            version_of = starting.own_analysis(request.user, analysis) if analysis else None
            return starting.start(request.user, form.kind, wish, analysis=version_of)
    except PortalError as exc:
        if exc.retryable and not isinstance(exc, NoRoom):
            raise
        form.refuse(exc)
        return None


@require_http_methods(["GET", "POST"])
@signed_in
def one(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a capture as it stands; keep, check or save what was entered."""
    capture = starting.find(request.user, pk)
    if request.method == "POST":
        return _posted(request, capture)
    context = pages.context_of(request.user, capture)
    template = FRAGMENTS.get(request.GET.get("fragment", ""), "capture")
    return render(request, f"reproducibility/{template}.html", context)


def _posted(request: SignedInRequest, capture: Capture) -> HttpResponseBase:
    """Keep what was entered first, so that no refusal loses any of it."""
    form = ProposalForm(request.POST, capture=capture)
    if not form.is_valid():
        return _refused(request, capture, form)
    try:
        capture = editing.change(request.user, capture.pk, form.parsed())
        return _done(request, capture)
    except PortalError as exc:
        if exc.retryable:
            raise
        form.refuse(exc)
        return _refused(request, capture, form, exc.status)


def _done(request: SignedInRequest, capture: Capture) -> HttpResponseBase:
    """Do what the pressed button says with a proposal that is kept."""
    match request.POST.get("action"):
        case "save":
            saved = saving.save(request.user, capture.pk)
            words = _("Version %s is saved. Its proof has begun.") % saved.version.number
            messages.success(request, words)
        case "propose":
            entry = request.POST.get("entry", "")
            editing.propose_again(request.user, capture.pk, entry)
            messages.success(request, _("Proposed anew from %s.") % entry)
        case "check":
            return redirect(f"{request.path}#specification")
        case _:
            messages.success(request, _("Kept. It is yours alone until you save and publish it."))
    return redirect("reproducibility:capture", pk=capture.pk)


def _refused(
    request: SignedInRequest, capture: Capture, form: ProposalForm, status: int = 422
) -> HttpResponse:
    context: dict[str, Any] = pages.context_of(
        request.user, starting.find(request.user, capture.pk), form
    )
    return render(request, "reproducibility/capture.html", context, status=status)


@require_POST
@signed_in
def discard(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Throw a capture away."""
    starting.discard(request.user, pk)
    messages.success(request, _("The capture is discarded."))
    return redirect("reproducibility:analyses")


urlpatterns = [
    path("captures/new", new, name="capture-new"),
    path("captures/<uuid:pk>", one, name="capture"),
    path("captures/<uuid:pk>/discard", discard, name="capture-discard"),
]
