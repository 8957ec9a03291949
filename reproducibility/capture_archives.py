"""The ZIP that comes with a form or an API call: taken from the stream, or from a small body."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from accounts.models import User
from data_mgmt.upload_views import OUTCOME
from reproducibility.services.captures.archive_source import let_go
from reproducibility.services.captures.incoming import FIELD, Incoming
from vre_portal.errors import PortalError


@contextmanager
def archive_of(user: User, request: HttpRequest) -> Iterator[dict[str, str]]:
    """Yield name and key of the ZIP that a request brought; empty when it brought none.

    It is removed in the end, unless a capture took it.

    Raises
    ------
    PortalError
        What took it from the stream refused it.
    """
    archive = _brought(request)
    try:
        yield archive
    finally:
        if archive:
            let_go(user, archive["archive"])


def _brought(request: HttpRequest) -> dict[str, str]:
    outcome = getattr(request, "scope", {}).get(OUTCOME)
    if isinstance(outcome, PortalError):
        raise outcome
    if isinstance(outcome, dict):
        return outcome
    uploaded = request.FILES.get(FIELD)
    return _kept(uploaded) if isinstance(uploaded, UploadedFile) else {}


def _kept(uploaded: UploadedFile) -> dict[str, str]:
    incoming = Incoming(size=uploaded.size or 0)
    try:
        for piece in uploaded.chunks():
            incoming.add(piece)
    except BaseException:
        incoming.give_up()
        raise
    return {"archive": incoming.end(), "name": str(uploaded.name)}
