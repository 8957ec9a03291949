"""Launches by one click, what is brought into a session, and the badge for READMEs."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from sessions import services
from sessions.data_pages import data_of
from sessions.launch_pages import badge_text
from sessions.services.repository_links import RepositoryLink, checked_repository
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, PortalError

BADGE_SECONDS = 24 * 3600
#: Verdana of 11 px takes so much for a letter on the average, in pixels.
LETTER, PADDING, MARK = 6.7, 9, 24


@require_POST
@signed_in
def launch_default(request: SignedInRequest) -> HttpResponseBase:
    """Launch the site's default with the default of each option."""
    launched = services.launch_default(request.user)
    return redirect("sessions:session", pk=launched.pk)


@require_POST
@signed_in
def launch_last(request: SignedInRequest) -> HttpResponseBase:
    """Launch with the settings of the last session; where they are no longer offered, say so."""
    try:
        launched = services.launch_last(request.user)
    except PortalError as exc:
        if exc.retryable:
            raise
        messages.error(request, exc.message)
        return redirect("sessions:new")
    return redirect("sessions:session", pk=launched.pk)


@require_GET
@signed_in
def data(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show how the data of a session stand, for a page that keeps this part true."""
    found = services.get(request.user, pk)
    return render(request, "sessions/_data.html", {"session": found, "data": data_of(found)})


@require_POST
@signed_in
def bring(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Ask once more for the data that could not be brought."""
    services.bring_again(services.get(request.user, pk))
    return redirect("sessions:session", pk=pk)


@require_POST
@signed_in
def repository(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Have a running session fetch a Git repository: the one entered, or its own once more."""
    found = services.get(request.user, pk)
    entered = request.POST
    try:
        if "repository" in entered:
            given = [entered.get(name, "") for name in ("repository", "ref", "path")]
            link = checked_repository(*given)
        else:
            link = RepositoryLink.from_state(found.repository)
        if link is None:
            raise InvalidRequest(_("Give the repository's address."), field="repository")
    except InvalidRequest as exc:
        messages.error(request, exc.message)
        return redirect("sessions:session", pk=pk)
    services.fetch_repository(found, link)
    return redirect("sessions:session", pk=pk)


@require_GET
def badge(request: HttpRequest) -> HttpResponseBase:
    """Return the badge, for everybody and for other sites' pages: it says nothing of anyone."""
    brand = get_config().brand_name
    first, second = badge_text().partition(brand)[0].strip(), brand
    left, right = MARK + _width(first), _width(second) + PADDING
    values = {
        "title": badge_text(), "first": first, "second": second, "mark": MARK, "left": left,
        "width": left + right, "right": right, "middle": left + right / 2,
        "first_length": _width(first) - PADDING, "second_length": right - 2 * PADDING,
    }  # fmt: skip
    text = render_to_string("sessions/badge.svg", values)
    etag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
    answer = HttpResponse(text, content_type="image/svg+xml")
    answer["ETag"] = etag
    answer["Cache-Control"] = f"public, max-age={BADGE_SECONDS}"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return get_conditional_response(request, etag=etag, response=answer) or answer


def _width(text: str) -> float:
    return round(len(text) * LETTER + PADDING, 1)
