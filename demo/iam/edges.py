"""Around every request: what is refused unread, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse

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


Handler = Callable[[HttpRequest], HttpResponse]


def refusals(get_response: Handler) -> Handler:
    """Refuse a foreign host name, and NUL characters, on which the database would fail."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.get_host()  # raises DisallowedHost, which becomes a 400
        fields = [*request.GET.lists(), *request.POST.lists()]
        if any("\0" in value for _name, values in fields for value in values):
            problem = "A parameter contains a NUL character."
            told = {"error": "invalid_request", "error_description": problem}
            return JsonResponse(told, status=400)
        return get_response(request)

    return middleware


def headers(get_response: Handler) -> Handler:
    """Add the headers: a strict content policy, and nothing kept by caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
