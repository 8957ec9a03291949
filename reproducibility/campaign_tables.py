"""The table of points that comes with a form or an API call: from the stream, or a small body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from data_mgmt.upload_views import OUTCOME
from vre_portal.errors import PortalError

FIELD = "file"
Files = Mapping[str, UploadedFile]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A table that was taken from the stream, whole; closing the file removes it."""

    name: str
    size: int
    file: IO[bytes]


@contextmanager
def table_of(request: HttpRequest) -> Iterator[Files]:
    """Yield the table that a request brought, by the name of its field; empty without one.

    Raises
    ------
    PortalError
        What took it from the stream refused it.
    """
    outcome = getattr(request, "scope", {}).get(OUTCOME)
    if isinstance(outcome, PortalError):
        raise outcome
    if not isinstance(outcome, Incoming):
        found = request.FILES.get(FIELD)
        yield {FIELD: found} if isinstance(found, UploadedFile) else {}
        return
    with outcome.file:
        yield {FIELD: UploadedFile(outcome.file, outcome.name, size=outcome.size)}
