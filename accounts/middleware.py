"""The gate: who may not act is led to the page that says why, and what they can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import gate, web_sessions
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.error_mapping import error_page
from vre_portal.errors import PortalError, SignInRequired

#: Here nobody is asked who they are: to know it costs two queries, and health must need none.
WITHOUT_USER = ("/static/", "/healthz", "/readyz", "/oauth/token/", "/oauth/userinfo/",
                "/oauth/device_authorization/", "/oauth/revoke_token/",
                "/oauth/.well-known/")  # fmt: skip
BEFORE_THE_GATE = ("/accounts/", "/docs/", "/styleguide/")
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
            return error_page(request, exc)
        if request.path.startswith(BEFORE_THE_GATE):
            return self.get_response(request)
        refusal = _refusal(request, request.user)
        if refusal is None:
            return self.get_response(request)
        way_out = WAYS_OUT.get(type(refusal))
        if way_out is None or request.path.startswith("/api/"):
            return error_page(request, refusal)
        return redirect(f"{way_out}?{urlencode({'next': request.get_full_path()})}")


def _refusal(request: HttpRequest, user: User) -> PortalError | None:
    version = get_config().terms_version
    accepted = request.session.get("terms") == version
    refusal = gate.refusal(user, accepted=accepted)
    if refusal is None and not accepted:
        request.session["terms"] = version
    return refusal
