"""The gate: who may not act is led to the page that says why, and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import authorization, gate, web_sessions
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.error_mapping import error_page
from vre_portal.errors import PortalError, SignInRequired

#: Here nobody is asked who they are: to know it costs two queries, and health must need none.
WITHOUT_USER = ("/static/", "/public/", "/robots.txt", "/healthz", "/readyz",
                "/oauth/token/", "/oauth/userinfo/",
                "/oauth/device_authorization/", "/oauth/revoke_token/",
                "/oauth/.well-known/", "/accounts/backchannel/")  # fmt: skip
#: Open whatever is missing: signing in and out, and what everybody may read.
ALWAYS = ("/accounts/login/", "/accounts/callback/", "/accounts/logout/", "/accounts/signed-out/",
          "/accounts/privacy/", "/docs/", "/styleguide/")  # fmt: skip
#: One's data, and the way back, while the account waits for its end.
WHILE_LEAVING = frozenset({"/accounts/data/", "/accounts/data/export/", "/accounts/data/keep/",
                           "/accounts/logout/", "/accounts/signed-out/",
                           "/accounts/privacy/"})  # fmt: skip
#: Before membership and terms one may look at one's account, take one's data and leave.
BEFORE_ENTERING = WHILE_LEAVING | {"/accounts/", "/accounts/data/delete/", "/accounts/membership/"}
BROWSERS = "/accounts/browsers/"
WAYS_OUT: Mapping[type[PortalError], str] = {
    gate.TermsRequired: "/accounts/terms/",
    gate.MembershipRequired: "/accounts/membership/",
    gate.Leaving: "/accounts/data/",
}


class GateMiddleware:
    """Stops people who may not act before any view does something for them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead to what is missing."""
        if request.path.startswith(WITHOUT_USER) or not isinstance(request.user, User):
            return self.get_response(request)
        try:
            web_sessions.seen(request)
        except SignInRequired as exc:
            auth.logout(request)
            silent = authorization.is_silent(request)
            return self.get_response(request) if silent else error_page(request, exc)
        refusal = _refusal(request, request.user)
        if refusal is None or _is_open(request, refusal):
            return self.get_response(request)
        way_out = WAYS_OUT.get(type(refusal))
        if way_out is None or request.path.startswith("/api/"):
            return error_page(request, refusal)
        return redirect(f"{way_out}?{urlencode({'next': request.get_full_path()})}")


def _is_open(request: HttpRequest, refusal: PortalError) -> bool:
    """Whether a page is there for people in just this state."""
    path = request.path
    if authorization.is_silent(request):
        return True  # the view refuses, and says so to the satellite without a page
    match refusal:
        case gate.Leaving():
            return path in WHILE_LEAVING
        case gate.TermsRequired() if path == WAYS_OUT[gate.TermsRequired]:
            return True
        case gate.TermsRequired() | gate.MembershipRequired():
            return path in BEFORE_ENTERING or path.startswith((*ALWAYS, BROWSERS))
    return False


def _refusal(request: HttpRequest, user: User) -> PortalError | None:
    version = get_config().terms_version
    accepted = request.session.get("terms") == version
    refusal = gate.refusal(user, accepted=accepted)
    if refusal is None and not accepted:
        request.session["terms"] = version
    return refusal
