"""How an error becomes an answer: once for pages, once for the API, once for websockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from rest_framework import exceptions
from rest_framework.response import Response

from vre_portal.errors import (
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    SignInRequired,
)
from vre_portal.logs import request_id

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
#: Where programs ask by OAuth's rules, and read its errors.
FOR_PROGRAMS = ("/oauth/token/", "/oauth/userinfo/", "/oauth/revoke_token/",
                "/oauth/device_authorization/", "/accounts/backchannel/")  # fmt: skip


def problem_of(error: PortalError) -> dict[str, Any]:
    """Return the problem document of an error with the reference id that the logs have."""
    return error.as_problem() | {"instance": f"urn:request:{request_id.get()}"}


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an API request whose view raised (DRF's exception handler)."""
    portal_error = _as_portal_error(error)
    if portal_error is None:
        return _plain_problem(error) if isinstance(error, exceptions.APIException) else None
    _log(portal_error)
    return Response(
        problem_of(portal_error),
        status=portal_error.status,
        headers=headers_of(portal_error),
        content_type=PROBLEM,
    )


class ProblemPageMiddleware:
    """Answers a page whose view raised a `PortalError`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; errors arrive in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page of a `PortalError`; leave everything else to Django."""
        return error_page(request, error) if isinstance(error, PortalError) else None


def error_page(request: HttpRequest, error: PortalError) -> HttpResponse:
    """Return the error as a page, a fragment's text, or a redirect to the sign-in."""
    _log(error)
    if request.path.startswith("/api/"):
        return JsonResponse(
            problem_of(error), status=error.status, content_type=PROBLEM, headers=headers_of(error)
        )
    if request.path.startswith(FOR_PROGRAMS):
        return _in_oauths_words(error)
    if isinstance(error, SignInRequired) and request.method == "GET":
        return redirect(_sign_in_url(request, error))
    context = {
        "error": error,
        "reference": request_id.get(),
        "sign_in_url": _sign_in_url(request, error),
    }
    answer = render(request, "error.html", context, status=error.status)
    for name, value in headers_of(error).items():
        answer[name] = value
    return answer


def _in_oauths_words(error: PortalError) -> HttpResponse:
    """Return the error as RFC 6749 (5.2) has it; that one has no words of its own for delays."""
    if error.retryable:
        word = "temporarily_unavailable"
    else:
        word = "server_error" if error.status >= 500 else "invalid_request"
    told = {"error": word, "error_description": error.message}
    return JsonResponse(told, status=error.status, headers=headers_of(error))


def _sign_in_url(request: HttpRequest, error: PortalError) -> str:
    """Return where to sign in, or, with an ended sign-in at a provider, to do so again."""
    query = {"next": request.get_full_path()} if request.method == "GET" else {}
    if isinstance(error, CredentialExpired):
        # Whoever is signed in to the portal would else be led past the page.
        query["again"] = error.provider
    return f"/accounts/login/?{urlencode(query)}"


def headers_of(error: PortalError) -> dict[str, str]:
    """Return what HTTP's own headers say of an error: when to come back, how to sign in."""
    told = {}
    if error.retryable:
        told["Retry-After"] = str(getattr(error, "retry_after", None) or 5)
    if error.status == SignInRequired.status:
        told["WWW-Authenticate"] = 'Bearer realm="portal"'  # RFC 6750, 3
    return told


def _log(error: PortalError) -> None:
    level = logging.WARNING if error.status >= 500 else logging.INFO
    log.log(level, "%s: %s (cause: %r)", error.code, error.message, error.__cause__)


def _as_portal_error(error: Exception) -> PortalError | None:  # noqa: PLR0911 - one a kind
    match error:
        case PortalError():
            return error
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return SignInRequired("Sign in to the portal first.")
        case exceptions.PermissionDenied() | PermissionDenied():
            return Forbidden("You may not do this.")
        case exceptions.NotFound() | Http404():
            return NotFound("There is nothing at this address.")
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.ParseError():
            return InvalidRequest(f"The body is not valid JSON: {error.detail}")
    return None


def _plain_problem(error: exceptions.APIException) -> Response:
    """Answer what only HTTP itself can be wrong about: method, media type, rate."""
    problem = {
        "type": "about:blank",
        "title": str(error.default_detail),
        "status": error.status_code,
        "detail": str(error.detail),
        "code": str(error.default_code),
        "instance": f"urn:request:{request_id.get()}",
    }
    return Response(problem, status=error.status_code, content_type=PROBLEM)


def _invalid(error: exceptions.ValidationError) -> InvalidRequest:
    place, reason = _first(error.detail)
    if place:
        return InvalidRequest(f"{'.'.join(place)}: {reason}", field=place[0])
    return InvalidRequest(reason)


def _first(detail: Any) -> tuple[list[str], str]:
    """Return where the first fault is, down to the field of an item, and what it is."""
    if isinstance(detail, dict) and detail:
        key, inner = next(iter(detail.items()))
        place, reason = _first(inner)
        return [str(key), *place], reason
    if isinstance(detail, list) and detail:
        number = next((n for n, each in enumerate(detail) if each), 0)
        place, reason = _first(detail[number])
        return ([str(number), *place] if place else place), reason
    return [], str(detail)
