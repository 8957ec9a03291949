"""Downloads: a raw ASGI app before Django that passes files on from their storages as they come.

Caller, embargo and copies are checked first, in a thread, and caller and embargo again while bytes
flow. Nothing is kept: a client that reads slowly stops the reading, and one that leaves ends it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from accounts.callers import caller_of
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services import archives, basket, metalinks, reading
from data_mgmt.services.archives import Pack
from data_mgmt.services.embargo import check_contents
from data_mgmt.services.reading import Readable
from vre_portal.client_sessions import ClientSessions
from vre_portal.config import get_config
from vre_portal.download_parts import OK, Answer, Lines, Prepared, Wanted, saved_as
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.file_answers import send_file
from vre_portal.racing import ASK_AGAIN_SECONDS, asked_again, first_of, in_thread, left
from vre_portal.raw_asgi import App, Receive, Scope, Send
from vre_portal.raw_requests import request_of
from vre_portal.remote_bytes import Lender, RemoteBytes
from vre_portal.zip_answers import send_zip

log = logging.getLogger(__name__)

AREA = "data"
#: Storages that are read at the same time, by all people of a server process.
CONNECTIONS = 256
LINES_AT_ONCE = 200
_DID = r"(?P<scope>[^/]+)/(?P<name>(?s:.)+)"
#: What is downloaded -> at which address.
ADDRESSES = {
    "content": re.compile(rf"/api/v1/data/files/{_DID}/content"),
    "zip": re.compile(rf"/api/v1/data/(?:dids/{_DID}|basket)/zip"),
    "metalink": re.compile(rf"/api/v1/data/(?:dids/{_DID}|basket)/metalink"),
}


class Downloads:
    """Serves downloads itself and leaves everything else to the app behind it."""

    def __init__(
        self,
        app: App,
        *,
        prepare: Callable[[Wanted], Prepared] | None = None,
        every: float = ASK_AGAIN_SECONDS,
    ) -> None:
        self._app, self._prepare, self._every = app, prepare or prepare_download, every
        self._sessions = ClientSessions(CONNECTIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        wanted = wanted_of(scope)
        if wanted is None:
            await self._app(scope, receive, send)
            return
        await first_of(left(receive), self._serve(wanted, Answer(send)))

    async def _serve(self, wanted: Wanted, answer: Answer) -> None:
        """Send it, or a problem when it can't start; what ends it later cuts it."""
        try:
            prepared = await in_thread(lambda: self._prepare(wanted))
            sending = self._send(wanted, prepared, answer)
            await first_of(sending, asked_again(prepared.ask_again, every=self._every))
        except PortalError as exc:
            level = logging.WARNING if exc.status >= 500 else logging.INFO
            log.log(level, "download of %s: %s (%r)", wanted.did, exc.message, exc.__cause__)
            await answer.refuse(exc)

    async def _send(self, wanted: Wanted, prepared: Prepared, answer: Answer) -> None:
        what, lender = prepared.what, Lender(prepared.lend)
        reader = partial(RemoteBytes, self._sessions.get(), lender)
        if isinstance(what, Readable):
            await send_file(wanted, prepared, what.file, reader(what), answer)
        elif isinstance(what, Pack):
            await send_zip(prepared, what, reader, answer, is_head=wanted.is_head)
        else:
            await _send_lines(what, answer, is_head=wanted.is_head)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._sessions.close()


async def _send_lines(what: Lines, answer: Answer, *, is_head: bool) -> None:
    def some() -> bytes:
        return "".join(islice(what.parts, LINES_AT_ONCE)).encode()

    part = b"" if is_head else await in_thread(some)
    await answer.start(OK, saved_as(what.name, what.content_type))
    while part:
        await answer.part(part)
        part = await in_thread(some)
    await answer.end()


def wanted_of(scope: Scope) -> Wanted | None:
    """Return what a request asks to download; None is for Django, also to refuse or redirect it."""
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return None
    found = [(part, it.fullmatch(scope["path"])) for part, it in ADDRESSES.items()]
    part, match = next((one for one in found if one[1]), ("", None))
    request = request_of(scope) if match else None
    if match is None or request is None:
        return None
    parts = match.groupdict()
    did = Did(parts["scope"], parts["name"]) if parts["scope"] else None
    return Wanted(part, request, did)


def prepare_download(wanted: Wanted) -> Prepared:
    """Find out who asks, whether they may, and what they get."""
    caller = caller_of(wanted.request, area=AREA)
    user = caller.user
    dids = [wanted.did] if wanted.did else [item.did for item in basket.contents(user)]
    if not dids:
        raise InvalidRequest("Your basket is empty.")

    def ask_again() -> None:
        caller.ask_again()
        for did in dids:
            check_contents(user, did)

    return Prepared(
        what_for(user, wanted.part, dids),
        lend=partial(reading.storage_credential, user),
        ask_again=ask_again,
        damaged=partial(reading.note_damaged, user),
        admit=partial(check_contents, user),
    )


def what_for(user: User, part: str, dids: Sequence[Did]) -> Readable | Pack | Lines:
    """Return what somebody gets who asks for a part of some DIDs."""
    if part == "content":
        return reading.readable(user, dids[0])
    if part == "zip":
        return archives.pack(user, dids)
    return _metalink(user, dids)


def _metalink(user: User, dids: Sequence[Did]) -> Lines:
    name, parts = metalinks.document(user, dids, portal=get_config().public_url)
    return Lines(name, metalinks.TYPE, parts)
