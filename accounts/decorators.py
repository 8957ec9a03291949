"""Who may open a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

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
        if not is_operator(request.user):
            raise NotFound("There is nothing at this address.")
        lacking = lacks_factor(request)
        return view(request, *args, **kwargs) if lacking is None else _factor_page(request, lacking)

    return guarded


def acts_as_operator(request: HttpRequest) -> bool:
    """Whether the person at this browser may do what operators do."""
    user = request.user
    return isinstance(user, User) and is_operator(user) and lacks_factor(request) is None


def is_operator(user: User) -> bool:
    """Whether somebody is an operator, by the word of a provider that the site still has."""
    if Role.OPERATOR.value not in user.roles:
        return False
    giving = _giving(user.pk)
    return not giving or any(slug in providers.registry() for slug in giving)


def _giving(user_id: UUID) -> list[str]:
    """Return the providers whose word makes somebody an operator."""
    rows = Identity.objects.filter(user=user_id, roles__contains=[Role.OPERATOR.value])
    return list(rows.filter(lapsed_at=None).values_list("provider", flat=True))


def lacks_factor(request: HttpRequest) -> Provider | None:
    """Return where this browser's person still has to use a second factor to act as operator.

    What counts is the browser's own sign-in, not what another one of the person proved. Where
    another identity gives the role, its provider decides whether there could be a second factor.
    """
    session = web_sessions.of_request(request)
    if session is None:
        raise SignInRequired("Sign in first.")
    here = providers.get(session.identity.provider)
    if here.mfa and session.acr == MFA:
        return None
    giving = (providers.registry().get(slug) for slug in _giving(session.user_id))
    return next((one for one in (here, *giving) if one is not None and one.mfa), None)


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
    context = {
        "provider": providers.registry().get(session.identity.provider if session else ""),
        "next": target,
        "wanted_by": wanted_by,
        # Without it the operator's role, which the factor gave, would be lost on the way.
        "mfa": session is not None and session.acr == MFA,
    }
    return render(request, "accounts/reauthenticate.html", context, status=403)


def _back(request: HttpRequest) -> str:
    return request.get_full_path() if request.method == "GET" else request.path
