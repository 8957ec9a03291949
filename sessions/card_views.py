"""What one does with a session that goes on: extend, restart, rename, keep it alive."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next
from sessions import environments, services
from sessions.end_banner import banner
from sessions.forms import RestartForm
from sessions.presenting import shown
from vre_portal.errors import InvalidRequest, PortalError


@require_GET
@signed_in
def ending(request: SignedInRequest) -> HttpResponseBase:
    """Show the warnings that stand above every page."""
    found = banner(request.user)
    values = found.values if found else {"warned": []}
    return render(request, "sessions/_ending.html", {"values": values})


@require_POST
@signed_in
def extend(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Put the session's end off, and go back to the page where that was asked for."""
    session = services.extend(services.get(request.user, pk))
    messages.success(request, _("%s goes on.") % session.name)
    # The warning may have come to the page later: only the browser knows where it stands.
    if came_from := request.headers.get("Referer"):
        return redirect(safe_next(request, came_from))
    return redirect("sessions:session", pk=pk)


@require_POST
@signed_in
def rename(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the session another name."""
    session = services.get(request.user, pk)
    try:
        services.rename(session, request.POST.get("name", ""))
    except PortalError as exc:
        messages.error(request, exc.message)
    return redirect("sessions:session", pk=pk)


@require_POST
@signed_in
def keep_alive(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Say whether kernels that work keep the session alive."""
    services.keep_alive(services.get(request.user, pk), on=request.POST.get("on") == "yes")
    return redirect("sessions:session", pk=pk)


@require_http_methods(["GET", "POST"])
@signed_in
def restart(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Ask with which resources it starts again, and restart it."""
    session = services.get(request.user, pk)
    environment = environments.named(session.environment)
    form = RestartForm(
        request.POST if request.method == "POST" else None,
        environment=environment,
        chosen=session.choices,
    )
    status = InvalidRequest.status
    if request.method == "POST" and form.is_valid():
        try:
            services.restart(session, form.parsed())
        except PortalError as exc:
            form.add_error(None, exc.message)
            status = exc.status
        else:
            return redirect("sessions:session", pk=pk)
    context = {"session": session, "entry": shown(session), "form": form}
    return render(request, "sessions/restart.html", context, status=status if form.errors else 200)
