"""Pages of a session's files and log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path as address_of
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt.upload_views import OUTCOME
from sessions import files_pages as pages
from sessions import services
from sessions.backends.running import EntryKind
from sessions.models import Session, SessionState
from sessions.services import files, logs, paths
from vre_portal.errors import InvalidRequest, PortalError


@require_GET
@signed_in
def browse(request: SignedInRequest, pk: UUID, path: str = "") -> HttpResponseBase:
    """Show a folder or a file of a session, or why there is nothing to see."""
    session = services.get(request.user, pk)
    return _shown(request, session, path.rstrip("/"))


def _shown(
    request: SignedInRequest, session: Session, path: str, refused: PortalError | None = None
) -> HttpResponse:
    """Return the page of a path, with what was refused above it."""
    context: dict[str, Any] = pages.frame(session, paths.checked(path)) | {"refused": refused}
    status = refused.status if refused else 200
    template = "sessions/files.html"
    if session.state != SessionState.READY:
        return render(request, template, context, status=status)
    try:
        entry = files.look(session, path)
        if entry.kind is EntryKind.FOLDER:
            context |= pages.folder(session, path)
        else:
            template = "sessions/file.html"
            context |= pages.file(session, entry, request.GET.dict())
    except PortalError as exc:
        if not exc.retryable:
            raise
        context["silent"] = exc
        status = exc.status
    if request.GET.get("fragment") == "preview" and "preview_state" in context:
        return render(request, "data_mgmt/_preview_tab.html", context | {"fragment": "preview"})
    return render(request, template, context, status=status)


@require_POST
@signed_in
def upload(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show what became of the files that the form brought."""
    session, folder = services.get(request.user, pk), request.POST.get("path", "")
    outcome = getattr(request, "scope", {}).get(OUTCOME)
    if isinstance(outcome, list):
        words = ngettext("%(name)s is in the session.", "%(n)s files are in the session.",
                         len(outcome))  # fmt: skip
        messages.success(request, words % {"name": outcome[0], "n": len(outcome)})
        return redirect(pages.address(session, paths.checked(folder)))
    refused = outcome if isinstance(outcome, PortalError) else InvalidRequest(_("Choose a file."))
    return _shown(request, session, folder, refused)


@require_POST
@signed_in
def make_folder(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Make a folder in the one that the page shows."""
    session, folder = services.get(request.user, pk), request.POST.get("path", "")
    try:
        made = files.make_folder(session, folder, request.POST.get("name", ""))
    except PortalError as exc:
        return _shown(request, session, folder, exc)
    return redirect(pages.address(session, made.path))


@require_POST
@signed_in
def rename(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give a file or folder another name, or another place."""
    session, path = services.get(request.user, pk), request.POST.get("path", "")
    try:
        moved = files.rename(session, path, request.POST.get("to", ""))
    except PortalError as exc:
        return _shown(request, session, path, exc)
    messages.success(request, _("It is %s now.") % moved.path)
    return redirect(pages.address(session, moved.path))


@require_POST
@signed_in
def delete(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Delete a file, or a folder that is empty."""
    session, path = services.get(request.user, pk), request.POST.get("path", "")
    try:
        files.delete(session, path)
    except PortalError as exc:
        return _shown(request, session, path, exc)
    messages.success(request, _("%s is deleted.") % path)
    return redirect(pages.address(session, paths.parent_of(path)))


@require_GET
@signed_in
def log(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show the end of the session's log, which goes on while the page is open."""
    session = services.get(request.user, pk)
    context: dict[str, Any] = {"session": session, "text": None, "refused": None}
    status = 200
    try:
        context["text"] = "\n".join(logs.log_of(session))
    except PortalError as exc:
        context["refused"] = exc
        # That it does not run is what the page says, and no fault.
        status = exc.status if exc.retryable else 200
    context["is_live"] = session.state == SessionState.READY
    return render(request, "sessions/log.html", context, status=status)


@require_GET
@signed_in
def log_text(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the log as text, to be kept or to go on with."""
    session = services.get(request.user, pk)
    lines = logs.MOST_LINES if request.GET.get("all") else logs.LINES
    text = "\n".join(logs.log_of(session, lines=lines))
    answer = HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{session.server}.log") or ""
    return answer


urlpatterns = [
    address_of("sessions/<uuid:pk>/files/", browse, name="files"),
    address_of("sessions/<uuid:pk>/files/<path:path>", browse, name="files"),
    address_of("sessions/<uuid:pk>/upload", upload, name="file-upload"),
    address_of("sessions/<uuid:pk>/folder", make_folder, name="file-folder"),
    address_of("sessions/<uuid:pk>/file-rename", rename, name="file-rename"),
    address_of("sessions/<uuid:pk>/file-delete", delete, name="file-delete"),
    address_of("sessions/<uuid:pk>/log", log, name="log"),
    address_of("sessions/<uuid:pk>/log.txt", log_text, name="log-text"),
]
