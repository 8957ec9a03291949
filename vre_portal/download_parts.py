"""What a download is: what is asked for, what was prepared, and the answer on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.http import content_disposition_header

from accounts.credentials import Credential
from data_mgmt.backends import Did, FileEntry
from data_mgmt.services.archives import Pack
from data_mgmt.services.reading import Readable
from vre_portal import raw_asgi
from vre_portal.errors import PortalError, UpstreamRefused
from vre_portal.raw_asgi import Send

OK, PARTIAL, NOT_MODIFIED = 200, 206, 304
#: Browsers keep a download to themselves, and ask whether it is the same still.
PRIVATE = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks to download; without a DID it is the basket."""

    part: str
    request: HttpRequest
    did: Did | None = None

    @property
    def is_head(self) -> bool:
        """Whether nothing but the headers is wanted."""
        return self.request.method == "HEAD"

    def header(self, name: str) -> str:
        """Return a header of the request, empty where there is none."""
        return self.request.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Lines:
    """A text that is written while it is sent, and its name."""

    name: str
    content_type: str
    parts: Iterator[str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A download that may start.

    `lend` gives the person's token for storages; `ask_again` raises once they may not act any
    more, and `admit` where a file's contents are kept from them. `damaged` is told of storages
    that gave other bytes than the catalogue's.
    """

    what: Readable | Pack | Lines
    lend: Callable[[], Credential]
    ask_again: Callable[[], object]
    damaged: Callable[[Did, list[str]], object]
    admit: Callable[[Did], object]


class Answer:
    """What goes to the client; without its last part a client sees that it was cut."""

    def __init__(self, send: Send) -> None:
        self._send, self._begun = send, False

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin."""
        self._begun = True
        await raw_asgi.start(self._send, status, headers)

    async def part(self, chunk: bytes) -> None:
        """Send some bytes."""
        await raw_asgi.body(self._send, chunk, more=True)

    async def end(self) -> None:
        """Say that these were all."""
        await raw_asgi.body(self._send, b"", more=False)

    async def refuse(self, error: PortalError, also: Mapping[str, str] | None = None) -> None:
        """Tell what was wrong; what has begun is left without its end instead."""
        if not self._begun:
            self._begun = True
            await raw_asgi.problem(self._send, error, also)


def saved_as(name: str, content_type: str) -> dict[str, str]:
    """Return the headers of what is saved under a name, and never shown."""
    return {
        "Content-Type": content_type,
        "Content-Disposition": str(content_disposition_header(True, name)),
        "Cache-Control": PRIVATE,
        "X-Accel-Buffering": "no",
    }


def damaged(file: FileEntry) -> PortalError:
    """Return what is told of a file whose bytes are not those of its checksum."""
    words = f"The copy of {file.did} that was read is damaged. Try again: another is taken."
    return UpstreamRefused(words, service="storage")
