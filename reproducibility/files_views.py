"""Pages of what a run gave: its workspace, kept and recorded outputs, registrations in Rucio."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path as address_of
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import files_pages as pages
from reproducibility import services
from reproducibility.services import file_previews, registering, run_contents, workspace
from reproducibility.services.workspace import Kind, NoWorkspace, WorkspaceGone
from vre_portal.errors import Conflict, InvalidRequest, PortalError, QuotaExceeded

PREVIEW = "data_mgmt/_preview_tab.html"


@require_GET
@signed_in
def browse(request: SignedInRequest, run_id: UUID, path: str = "") -> HttpResponseBase:
    """Show a folder or a file of a run's workspace, or why there is nothing to see."""
    run = services.find_run(request.user, run_id)
    path = workspace.checked(path)
    context: dict[str, Any] = pages.frame(run, path)
    try:
        there = workspace.read(run)
        if there.look(path).kind is Kind.FOLDER:
            context |= pages.folder(run, there, path)
            return render(request, "reproducibility/files.html", context)
        content = run_contents.content(request.user, run_id, path)
        context |= pages.file(run, content, request.GET.dict())
    except PortalError as exc:
        return _nothing(request, context, exc)
    return _previewed(request, "reproducibility/files_file.html", context)


def _nothing(request: SignedInRequest, context: dict[str, Any], exc: PortalError) -> HttpResponse:
    """Say why there are no files, with the outputs that are kept here all the same."""
    if not exc.retryable and not isinstance(exc, NoWorkspace | WorkspaceGone):
        raise exc
    context |= {
        "silent": exc if exc.retryable else None,
        "gone": exc if isinstance(exc, WorkspaceGone) else None,
        "none": exc if isinstance(exc, NoWorkspace) else None,
        "kept": pages.kept(context["run"]),
    }
    # That there is none is what the page says, and no fault.
    status = exc.status if exc.retryable else 200
    return render(request, "reproducibility/files_none.html", context, status=status)


def _previewed(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if request.GET.get("fragment") == "preview":
        return render(request, PREVIEW, context | {"fragment": "preview"})
    return render(request, template, context)


@require_GET
@signed_in
def kept_output(request: SignedInRequest, run_id: UUID, path: str) -> HttpResponseBase:
    """Show an output that the portal keeps, whether the workspace is still there or not."""
    run = services.find_run(request.user, run_id)
    output = services.run_output(run, path)
    url = reverse("reproducibility:output", args=(run.pk, output.path))
    context = {"run": run, "analysis": run.analysis, "output": output} | pages.shown_output(
        request.GET.dict(),
        lambda options: file_previews.of_kept(request.user, output, options),
        url,
    )
    return _previewed(request, "reproducibility/files_output.html", context)


@require_GET
@signed_in
def recorded_output(request: SignedInRequest, slug: str, path: str) -> HttpResponseBase:
    """Show a recorded output of an analysis."""
    analysis = services.find_analysis(request.user, slug)
    version = services.find_version(request.user, analysis, request.GET.get("version", ""))
    output = services.recorded_output(version, path)
    url = reverse("reproducibility:recorded", args=(analysis.slug, output.path))
    context = {"analysis": analysis, "output": output, "version": version} | pages.shown_output(
        request.GET.dict(),
        lambda options: file_previews.of_recorded(request.user, output, options),
        f"{url}?version={version.number}",
    )
    return _previewed(request, "reproducibility/files_output.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def register(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Show the form that registers files of a run, and take it."""
    run = services.find_run(request.user, run_id)
    if run.active:
        raise Conflict(_("The run still goes on: register what it gave once it has ended."))
    there = workspace.read(run)
    taken = pages.registered_paths(run)
    wanted = request.GET.getlist("file") or [
        file.path for file in there.outputs if file.path not in taken
    ]
    form = pages.register_form(run, there, request.POST or None, wanted)
    status = 200
    if request.method == "POST":
        status = InvalidRequest.status
        if form.is_valid():
            try:
                found = registering.register(request.user, run_id, form.asked())
            except (InvalidRequest, Conflict, QuotaExceeded) as exc:
                form.refuse(exc.members().get("field"), exc.message)
                status = exc.status
            else:
                return redirect("reproducibility:registration", run_id=run.pk, pk=found.pk)
    context = pages.register_page(run, there, form)
    return render(request, "reproducibility/register.html", context, status=status)


@require_GET
@signed_in
def registration(request: SignedInRequest, run_id: UUID, pk: UUID) -> HttpResponseBase:
    """Show how far a registration is."""
    found = registering.find(request.user, run_id, pk)
    fragment = request.GET.get("fragment") == "body"
    template = "_register" if fragment else "register_state"
    return render(request, f"reproducibility/{template}.html", pages.registration(found))


@require_POST
@signed_in
def retry(request: SignedInRequest, run_id: UUID, pk: UUID) -> HttpResponseBase:
    """Go on with a registration that failed."""
    try:
        registering.retry(request.user, run_id, pk)
    except Conflict as exc:
        messages.warning(request, exc.message)
    return redirect("reproducibility:registration", run_id=run_id, pk=pk)


urlpatterns = [
    address_of("runs/<uuid:run_id>/files/", browse, name="files"),
    address_of("runs/<uuid:run_id>/files/<path:path>", browse, name="files"),
    address_of("runs/<uuid:run_id>/kept/<path:path>", kept_output, name="kept-output"),
    address_of("analyses/<slug:slug>/recorded/<path:path>", recorded_output, name="recorded-look"),
    address_of("runs/<uuid:run_id>/register", register, name="register"),
    address_of("runs/<uuid:run_id>/registrations/<uuid:pk>", registration, name="registration"),
    address_of("runs/<uuid:run_id>/registrations/<uuid:pk>/retry", retry, name="register-retry"),
]
