"""Pages of sessions: the list, the launch form, and one session."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.models import User
from sessions import environment_words as words
from sessions import environments, services
from sessions.card_pages import card_of
from sessions.data_pages import data_of, repository_of, stays_where_it_is
from sessions.forms import LaunchForm
from sessions.launch_pages import beside
from sessions.models import Session, SessionState
from sessions.presenting import shown
from sessions.services import capacity
from sessions.services.folders import folders_of
from sessions.services.origins import Origin
from sessions.services.repository_links import RepositoryLink
from sessions.sharing_presenting import shared_shown, shares_shown
from vre_portal.errors import InvalidRequest, PortalError, QuotaExceeded
from vre_portal.health import BackendState, backend_states
from vre_portal.paging import page


@require_GET
@signed_in
def sessions(request: SignedInRequest) -> HttpResponseBase:
    """Show what runs and what ran."""
    rows = services.visible_to(request.user)
    active = [shown(row) for row in rows.active().order_by("-created_at")]
    finished, following = page(rows.finished().for_lists(), request)
    context = {
        "active": active,
        "finished": [shown(row) for row in finished],
        "next": following,
        "topics": " ".join(f"session:{entry.session.pk}" for entry in active),
        "quick": services.quick(request.user),
        "folders": folders_of(request.user),
        "shared": shared_shown(request.user),
        "hub": _hub_down(),
    }
    return render(request, _template(request, "sessions"), context)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest) -> HttpResponseBase:
    """Show the launch form as its address says, and launch."""
    form = LaunchForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        environments=environments.told_of(request.user),
        link=request.GET,
    )
    if request.method == "POST" and (wanted := request.POST.get("as")):
        return redirect(f"{reverse('sessions:new')}?{_as_link(form, wanted)}")
    status = InvalidRequest.status
    if request.method == "POST" and form.is_valid():
        wish = form.parsed()
        try:
            launched = services.launch(
                request.user, environment=wish.environment, options=wish.options, name=wish.name,
                datasets=wish.datasets, repository=wish.repository, bring=wish.bring,
                origin=wish.origin, keep_alive=wish.keep_alive,
            )  # fmt: skip
        except PortalError as exc:
            # Most are about the data: an embargo, or nobody who tells of one.
            about_data = wish.datasets and not isinstance(exc, QuotaExceeded)
            form.add_error("dataset" if about_data else None, exc.message)
            status = exc.status
        else:
            return redirect("sessions:session", pk=launched.pk)
    room = capacity.room(request.user)
    context = {
        "form": form,
        "cards": form.cards(room),
        "room": room,
        "taken": words.taken(room),
        "hub": _hub_down(),
        "usual": services.usual_seconds(request.user, form.chosen),
        "datasets": form.datasets,
        **beside(request.user, form),
    }
    return render(request, "sessions/new.html", context, status=status if form.errors else 200)


#: What a press leaves out of the form, all else that was entered stays.
LEFT_OUT = {"without-dataset": ["dataset"], "without-repository": ["repository", "ref", "path"]}


def _as_link(form: LaunchForm, wanted: str) -> str:
    """Return the form as it is filled in as an address, without what is not wanted."""
    if wanted not in LEFT_OUT:
        return f"{form.link()}#share"
    rest = QueryDict(form.link(), mutable=True)
    for name in LEFT_OUT[wanted]:
        rest.pop(name, None)
    if rest.get("origin"):  # emptied, it is not filled in from the origin
        rest[LEFT_OUT[wanted][0]] = ""
    return rest.urlencode()


@require_GET
@signed_in
def session(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show one session as it stands."""
    found = services.get(request.user, pk)
    return render(request, _template(request, "session"), _one(request.user, found))


def _one(user: User, found: Session) -> dict[str, Any]:
    return {
        "entry": shown(found),
        "session": found,
        "usual": services.usual_seconds(user, found.environment) if found.is_pending else None,
        "hub": _hub_down(),
        "link": _launch_link(found),
        "card": card_of(found) if found.state == SessionState.READY else None,
        "data": data_of(found),
        "repository": repository_of(found),
        "shares": shares_shown(found),
    }


def _launch_link(found: Session) -> str:
    """Return the address of the launch form with the session's settings."""
    choices = {f"{found.environment}.{key}": value for key, value in found.choices.items()}
    repository = RepositoryLink.from_state(found.repository) or RepositoryLink("")
    origin = Origin.from_state(found.origin)
    wanted = {
        "environment": found.environment,
        **choices,
        "name": found.name,
        "repository": repository.url,
        "ref": repository.ref,
        "path": repository.path,
        "origin": origin.key if origin else "",
        "bring": "0" if stays_where_it_is(found) else "",
    }
    shown = [(key, value) for key, value in wanted.items() if value]
    query = urlencode([*shown, *(("dataset", did) for did in found.datasets)])
    return f"{reverse('sessions:new')}?{query}"


@require_POST
@signed_in
def stop(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Stop a session, or cancel its start."""
    services.stop(services.get(request.user, pk))
    return redirect("sessions:session", pk=pk)


@require_POST
@signed_in
def retry(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Launch again with the same settings."""
    launched = services.launch_again(services.get(request.user, pk))
    return redirect("sessions:session", pk=launched.pk)


@require_POST
@signed_in
def remove(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Take a session that has ended off the list."""
    found = services.get(request.user, pk)
    services.remove(found)
    messages.success(request, _("%s is off your list.") % found.name)
    return redirect("sessions:sessions")


def _template(request: HttpRequest, name: str) -> str:
    """Return the page, or only its live part for a page that refreshes itself."""
    return f"sessions/{'_' if request.GET.get('fragment') else ''}{name}.html"


def _hub_down() -> BackendState | None:
    """Return the hub's state while it does not answer."""
    states = (state for state in backend_states() if state.service == "jupyterhub")
    return next((state for state in states if state.up is False), None)
