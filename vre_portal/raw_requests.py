"""A request that is answered before Django, read as Django would."""

from __future__ import annotations

from io import BytesIO

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from vre_portal.middleware import has_nul
from vre_portal.raw_asgi import Scope


def request_of(scope: Scope) -> HttpRequest | None:
    """Return a request without its body; None is for Django, to refuse or redirect it."""
    try:
        request = ASGIRequest(scope, BytesIO())
        for name in request.GET:
            str(request.GET[name])
        request.get_host()
    except (UnicodeDecodeError, SuspiciousOperation):
        return None
    if has_nul(request) or (settings.SECURE_SSL_REDIRECT and not request.is_secure()):
        return None
    return request
