"""The headers of every answer: a strict content policy, and nothing kept by caches."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from demo.iam.settings import CONFIGURATION


def _client_hosts() -> str:
    """Return the clients' hosts with any port.

    Browsers hold every redirect that follows a form to `form-action`: after the password come
    the portal's callback and, when the sign-in began there, the portal's own satellites.
    """
    uris = [uri for client in CONFIGURATION.clients for uri in client.redirect_uris]
    return " ".join(sorted({f"{urlsplit(u).scheme}://{urlsplit(u).hostname}:*" for u in uris}))


POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    f"frame-ancestors 'none'; form-action 'self' {_client_hosts()}"
)


def headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Add the headers, as a Django middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
