"""Pages of what stays at the workflow service: a run's workspace, and one's account there."""

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
from reproducibility import services
from reproducibility.backends import Usage
from reproducibility.keeping_forms import SecretForm, ShareForm
from reproducibility.services import keeping, workflow_account
from reproducibility.services.workspace import NoWorkspace, WorkspaceGone
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError, QuotaExceeded

#: What a service says of an entry, in place of which the form is shown again.
REFUSED = (Conflict, InvalidRequest, NotFound, QuotaExceeded)


@require_http_methods(["GET", "POST"])
@signed_in
def keeping_of_run(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Show how long a run's files are kept and who else reads them, and share it."""
    run = services.find_run(request.user, run_id)
    form = ShareForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            keeping.share(request.user, run_id, told["email"], told["until"])
        except REFUSED as exc:
            form.refuse(exc)
        else:
            messages.success(request, _("%s may read it now.") % told["email"])
            return redirect("reproducibility:keeping", run_id=run_id)
    context: dict[str, Any] = {"run": run, "form": form}
    status = InvalidRequest.status if form.errors else 200
    try:
        context["kept"] = keeping.look(request.user, run_id)
    except (NoWorkspace, WorkspaceGone) as exc:
        context["nothing"] = exc.message
    except PortalError as exc:
        if not exc.retryable:
            raise
        context["silent"], status = exc, exc.status
    return render(request, "reproducibility/keeping.html", context, status=status)


@require_POST
@signed_in
def unshare(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Take a share back."""
    run, email = services.find_run(request.user, run_id), request.POST.get("email", "")
    try:
        keeping.unshare(request.user, run.pk, email)
    except REFUSED as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("%s may not read it any more.") % email)
    return redirect("reproducibility:keeping", run_id=run_id)


@require_POST
@signed_in
def delete_files(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Delete what a run has at the service."""
    run = services.find_run(request.user, run_id)
    try:
        keeping.delete_files(request.user, run.pk)
    except (Conflict, WorkspaceGone) as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Its files are deleted. What was found stays here."))
    if request.POST.get("from") == "account":
        return redirect("reproducibility:workflow-account")
    return redirect("reproducibility:keeping", run_id=run_id)


@require_http_methods(["GET", "POST"])
@signed_in
def account(request: SignedInRequest) -> HttpResponseBase:
    """Show what somebody uses at the service and their secrets, and keep a secret there."""
    form = SecretForm(request.POST or None, request.FILES or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        secret = form.secret()
        try:
            workflow_account.add_secret(request.user, **secret)
        except REFUSED as exc:
            form.refuse(exc)
        else:
            messages.success(request, _("Jobs get %s from now on.") % secret["name"])
            return redirect("reproducibility:workflow-account")
    return _account(request, form)


def _account(request: SignedInRequest, form: SecretForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "largest": workflow_account.largest(request.user)}
    status = InvalidRequest.status if form.errors else 200
    try:
        found = workflow_account.look(request.user)
    except PortalError as exc:
        if not exc.retryable:
            raise
        context["silent"], status = exc, exc.status
    else:
        context |= {"account": found, "cpu": _seconds(found.quota.cpu), "disk": found.quota.disk}
    return render(request, "reproducibility/workflow_account.html", context, status=status)


def _seconds(cpu: Usage | None) -> Usage | None:
    if cpu is None:
        return None
    return Usage(cpu.used // 1000, None if cpu.limit is None else cpu.limit // 1000)


@require_POST
@signed_in
def remove_secret(request: SignedInRequest) -> HttpResponseBase:
    """Forget a secret."""
    name = request.POST.get("name", "")
    try:
        workflow_account.remove_secret(request.user, name)
    except NotFound as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Jobs do not get %s any more.") % name)
    return redirect("reproducibility:workflow-account")


urlpatterns = [
    path("runs/<uuid:run_id>/keeping", keeping_of_run, name="keeping"),
    path("runs/<uuid:run_id>/unshare", unshare, name="unshare"),
    path("runs/<uuid:run_id>/delete-files", delete_files, name="delete-files"),
    path("runs/service", account, name="workflow-account"),
    path("runs/service/secrets/remove", remove_secret, name="secret-remove"),
]
