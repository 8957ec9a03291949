"""A short id for each request, in logs, in answers and in calls to backends; and its origin."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from vre_portal.addresses import client_of
from vre_portal.logs import client_address, request_id


class RequestIdMiddleware:
    """Sets the id before anything else and gives it back as ``X-Request-Id``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id in a header."""
        token = request_id.set(secrets.token_hex(6))
        peer = str(request.META.get("REMOTE_ADDR", ""))
        address = client_address.set(client_of(peer, request.headers.get("X-Forwarded-For", "")))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
            client_address.reset(address)
