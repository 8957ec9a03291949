"""Who may open a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from accounts import providers, web_sessions
from accounts.models import Identity, Role, User
from accounts.providers import Provider
from accounts.roles import MFA
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
    """Show a page to operators who used a second factor; to others it does not exist."""

    @wraps(view)
    @signed_in
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if Role.OPERATOR.value not in request.user.roles:
            raise NotFound("There is nothing at this address.")
        lacking = lacks_factor(request)
        return view(request, *args, **kwargs) if lacking is None else _factor_page(request, lacking)

    return guarded


def acts_as_operator(request: HttpRequest) -> bool:
    """Whether the person at this browser may do what operators do."""
    roles = request.user.roles if isinstance(request.user, User) else []
    return Role.OPERATOR.value in roles and lacks_factor(request) is None


def lacks_factor(request: HttpRequest) -> Provider | None:
    """Return where this browser's person still has to use a second factor to act as operator.

    What counts is the browser's own sign-in, not what another one of the person proved. Where
    another identity gives the role, its provider decides whether there could be a second factor.
    """
    session = web_sessions.of_request(request)
    if session is None:
        raise SignInRequired("Sign in first.")
    here = providers.registry().get(session.identity.provider)
    if here is not None and here.mfa and session.acr == MFA:
        return None
    giving = Identity.objects.filter(user=session.user_id, roles__contains=[Role.OPERATOR.value])
    slugs = [session.identity.provider, *giving.values_list("provider", flat=True)]
    known = [providers.registry().get(slug) for slug in slugs]
    return next((provider for provider in known if provider is not None and provider.mfa), None)


def _factor_page(request: HttpRequest, provider: Provider) -> HttpResponse:
    session = web_sessions.of_request(request)
    same = session is not None and session.identity.provider == provider.slug
    context = {"provider": provider, "next": _back(request), "intent": "reauth" if same else ""}
    return render(request, "accounts/second_factor.html", context, status=403)


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
        return reauthentication_page(request, _back(request))

    return guarded


def reauthentication_page(
    request: HttpRequest, target: str, *, wanted_by: str = ""
) -> HttpResponse:
    """Return the page on which one signs in again at the same provider, then goes on."""
    session = web_sessions.of_request(request)
    slug = session.identity.provider if session else ""
    context = {"provider": providers.registry().get(slug), "next": target, "wanted_by": wanted_by}
    return render(request, "accounts/reauthenticate.html", context, status=403)


def _back(request: HttpRequest) -> str:
    return request.get_full_path() if request.method == "GET" else request.path
