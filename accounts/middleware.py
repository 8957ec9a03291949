"""The gate: nothing but the terms and the way out until the terms in force are accepted."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import services
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.error_mapping import error_page
from vre_portal.errors import Forbidden

OPEN = ("/accounts/", "/static/", "/healthz", "/readyz", "/oauth/token/", "/oauth/userinfo/",
        "/oauth/.well-known/", "/docs/", "/styleguide/")  # fmt: skip


class GateMiddleware:
    """Leads people who have not accepted the terms in force to them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead to the terms."""
        # The path first: to know the user costs two queries, and health must not need them.
        if request.path.startswith(OPEN):
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User) or _accepted(request, user):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return error_page(request, Forbidden("Accept the terms of use in the portal first."))
        return redirect(f"/accounts/terms/?{urlencode({'next': request.get_full_path()})}")


def _accepted(request: HttpRequest, user: User) -> bool:
    version = get_config().terms_version
    if request.session.get("terms") == version:
        return True
    if not services.has_accepted_terms(user):
        return False
    request.session["terms"] = version
    return True
