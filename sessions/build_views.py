"""Pages of environments that people make: the list, the form, and one of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from sessions.backends.building import get_builder
from sessions.build_forms import FORMS, BuildForm, ChangeForm, ShareForm
from sessions.build_presenting import shown
from sessions.models import Build
from sessions.recipes import is_conda
from sessions.services import builds as services
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.paging import page

#: The form's field for an error's; what fits none stands above the form.
FIELDS = {"title", "description", "repository", "ref", "file", "text"}


@require_GET
@signed_in
def listed(request: SignedInRequest) -> HttpResponseBase:
    """Show a person's own and what their groups share with them."""
    rows, following = page(services.visible_to(request.user), request)
    entries = [shown(row, request.user) for row in rows]
    context = {
        "mine": [entry for entry in entries if entry.mine],
        "shared": [entry for entry in entries if not entry.mine],
        "topics": " ".join(f"build:{entry.build.pk}" for entry in entries if entry.pending),
        "next": following,
        "shown": len(entries),
        "offered": get_builder() is not None,
    }
    return render(request, _template(request, "builds"), context)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest) -> HttpResponseBase:
    """Show the form, and begin to make what was entered."""
    services.site_builder()
    posted = request.method == "POST"
    form = BuildForm(
        request.POST if posted else None, request.FILES if posted else None,
        initial=_initial(request), label_suffix="",
    )  # fmt: skip
    status = 200
    if posted:
        status = InvalidRequest.status
        if form.is_valid():
            wish = form.parsed()
            try:
                made = services.make(
                    request.user, title=wish.title, description=wish.description,
                    repository=wish.repository, ref=wish.ref, file_name=wish.file_name,
                    text=wish.text,
                )  # fmt: skip
            except PortalError as exc:
                _tell(form, exc)
                status = exc.status
            else:
                return redirect("sessions:build", pk=made.pk)
    python = services.site_builder().base().python
    context = {"form": form, "usual": services.usual_seconds(), "python": python}
    return render(request, "sessions/new_build.html", context, status=status)


def _initial(request: SignedInRequest) -> dict[str, str]:
    """Return what the form begins with: its address's fields, or another environment's."""
    if not (source := request.GET.get("from")):
        return request.GET.dict()
    build = services.get(request.user, source)
    if build.repository:
        texts = {"repository": build.repository, "ref": build.ref}
    else:
        kind = FORMS[1][0] if is_conda(build.file_name) else FORMS[0][0]
        texts = {"text": build.file_text, "file_name": kind}
    return {"title": build.title, "description": build.description, **texts}


def _tell(form: BuildForm, exc: PortalError) -> None:
    field = exc.field if isinstance(exc, InvalidRequest) else ""
    if field == "text" and form.cleaned_data.get("file"):
        field = "file"
    form.add_error(field if field in FIELDS else None, exc.message)


@require_GET
@signed_in
def one(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show how one of them stands, with its log."""
    build = services.get(request.user, pk)
    return render(request, _template(request, "build"), _context(request, build))


def _context(request: SignedInRequest, build: Build) -> dict[str, Any]:
    entry = shown(build, request.user)
    return {
        "entry": entry,
        "build": build,
        "usual": services.usual_seconds() if entry.pending else None,
        "share_form": ShareForm(
            groups=services.groups_to_share_with(request.user), shared=list(build.groups)
        ),
        "change_form": ChangeForm(
            initial={"title": build.title, "description": build.description}, label_suffix=""
        ),
    }


@require_GET
@signed_in
def log(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Hand out the whole log as a text."""
    build = services.get(request.user, pk)
    answer = HttpResponse(build.log, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{build.slug}.log"'
    return answer


@require_POST
@signed_in
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """End the making."""
    services.cancel(services.get_own(request.user, pk))
    return redirect("sessions:build", pk=pk)


@require_POST
@signed_in
def retry(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Have it made again."""
    services.retry(services.get_own(request.user, pk))
    return redirect("sessions:build", pk=pk)


@require_POST
@signed_in
def change(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give it another title or description."""
    build = services.get_own(request.user, pk)
    entered = request.POST
    try:
        services.change_texts(
            build, title=entered.get("title", ""), description=entered.get("description", "")
        )
    except InvalidRequest as exc:
        messages.error(request, exc.message)
    return redirect("sessions:build", pk=pk)


@require_POST
@signed_in
def share(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Let groups use it, or no longer."""
    build = services.get_own(request.user, pk)
    try:
        services.share(build, request.POST.getlist("groups"))
    except InvalidRequest as exc:
        messages.error(request, exc.message)
    else:
        messages.success(
            request,
            _("Members of %s can launch it.") % ", ".join(build.groups)
            if build.groups
            else _("Only you can launch it."),
        )
    return redirect("sessions:build", pk=pk)


@require_POST
@signed_in
def remove(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Take it away."""
    build = services.get_own(request.user, pk)
    try:
        services.remove(build)
    except PortalError as exc:
        messages.error(request, exc.message)
        return redirect("sessions:build", pk=pk)
    messages.success(request, _("%s is removed.") % build.title)
    return redirect("sessions:builds")


def _template(request: SignedInRequest, name: str) -> str:
    return f"sessions/{'_' if request.GET.get('fragment') else ''}{name}.html"


urlpatterns = [
    path("sessions/environments/own/", listed, name="builds"),
    path("sessions/environments/own/new", new, name="new-build"),
    path("sessions/environments/own/<uuid:pk>", one, name="build"),
    path("sessions/environments/own/<uuid:pk>/log", log, name="build-log"),
    path("sessions/environments/own/<uuid:pk>/cancel", cancel, name="build-cancel"),
    path("sessions/environments/own/<uuid:pk>/retry", retry, name="build-retry"),
    path("sessions/environments/own/<uuid:pk>/change", change, name="build-change"),
    path("sessions/environments/own/<uuid:pk>/share", share, name="build-share"),
    path("sessions/environments/own/<uuid:pk>/remove", remove, name="build-remove"),
]
