"""Who may open a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts import providers, web_sessions
from accounts.models import Role, User
from vre_portal.errors import NotFound, SignInRequired

P = ParamSpec("P")
#: How long ago a sign-in may be before something that changes who can act for the person.
FRESH = timedelta(minutes=5)


class SignedInRequest(HttpRequest):
    """A request whose user is known."""

    user: User


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Ask strangers to sign in; the page that they wanted opens afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            raise SignInRequired("Sign in to go on. What you entered is not lost: go back for it.")
        return view(request, *args, **kwargs)  # type: ignore[arg-type]  # its user was just checked

    return guarded


def operators_only(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Show a page to operators; to everybody else it does not exist."""

    @wraps(view)
    @signed_in
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if Role.OPERATOR.value not in request.user.roles:
            raise NotFound("There is nothing at this address.")
        return view(request, *args, **kwargs)

    return guarded


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person at this browser signed in, or did so again, a few minutes ago."""
    session = web_sessions.of_request(request)
    return session is not None and session.auth_time > timezone.now() - FRESH


def recently_signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Ask for a new sign-in first, and lead back to the page from which it was wanted."""

    @wraps(view)
    @signed_in
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        session = web_sessions.of_request(request)
        slug = session.identity.provider if session else ""
        back = request.get_full_path() if request.method == "GET" else request.path
        context = {"provider": providers.registry().get(slug), "next": back}
        return render(request, "accounts/reauthenticate.html", context, status=403)

    return guarded
