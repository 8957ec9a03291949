"""The ZIP that comes with a form or an API call: taken from the stream, or from a small body."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from data_mgmt.upload_views import OUTCOME
from reproducibility.services.captures.incoming import FIELD, Incoming
from vre_portal.errors import PortalError


def archive_of(request: HttpRequest) -> dict[str, str]:
    """Return name and key of the ZIP that a request brought; empty when it brought none.

    Raises
    ------
    PortalError
        What took it from the stream refused it.
    """
    outcome = getattr(request, "scope", {}).get(OUTCOME)
    if isinstance(outcome, PortalError):
        raise outcome
    if isinstance(outcome, dict):
        return outcome
    uploaded = request.FILES.get(FIELD)
    return _kept(uploaded) if isinstance(uploaded, UploadedFile) else {}


def _kept(uploaded: UploadedFile) -> dict[str, str]:
    incoming = Incoming()
    try:
        for piece in uploaded.chunks():
            incoming.add(piece)
    except PortalError:
        incoming.give_up()
        raise
    return {"archive": incoming.end(), "name": str(uploaded.name)}
