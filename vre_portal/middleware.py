"""What holds for each request before anything else: id, origin, headers of the answer, size."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError

from vre_portal import headers
from vre_portal.addresses import client_of
from vre_portal.body_limit import MAX_BODY
from vre_portal.error_mapping import error_page
from vre_portal.errors import InvalidRequest, TooLarge
from vre_portal.logs import client_address, request_id

CALLBACKS = "/accounts/callback/"


class NulCharacter(InvalidRequest):
    """There is a NUL character in the request."""

    status = 400

    def __init__(self) -> None:
        super().__init__("There is a NUL character in this request. Leave it out.")


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


class HeadersMiddleware:
    """Gives every answer the headers that all have; nothing is cached unless it says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with them; a view may have set a stricter one."""
        response = self.get_response(request)
        for name, value in headers.ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", headers.PRIVATE)
        return response


class BodyLimitMiddleware:
    """Refuses a body by its announced length; under WSGI there is none without."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 413, or pass on."""
        announced = str(request.META.get("CONTENT_LENGTH") or "0")
        if announced.isdigit() and int(announced) <= MAX_BODY:
            return self.get_response(request)
        return error_page(request, TooLarge())


class NoNulMiddleware:
    """Refuses NUL characters, which no text has and no database keeps, wherever they stand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 400 in the words of whoever asks, or pass on."""
        if not has_nul(request):
            return self.get_response(request)
        return error_page(request, NulCharacter())


def has_nul(request: HttpRequest) -> bool:
    """Whether there is a NUL character anywhere in what a client sent."""
    return any("\0" in text for text in _texts(request))


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    yield from request.COOKIES.values()
    yield from (value for name, value in request.META.items() if name.startswith("HTTP_"))
    # What a provider answers is refused in the callback's own words, with everything else there.
    asked = () if request.path.startswith(CALLBACKS) else (request.GET, _form_of(request))
    for fields in asked:
        for name, values in fields.lists():
            yield str(name)
            yield from (str(value) for value in values)


def _form_of(request: HttpRequest) -> QueryDict:
    try:
        return request.POST
    except UnreadablePostError:  # the client has left; from now on Django takes it for empty
        return QueryDict()
