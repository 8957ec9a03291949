"""Files that come into a running session piece by piece; nothing there is ever replaced."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from sessions.backends.running import Entry, Place, RunningSession, get_running
from sessions.models import Session
from sessions.services import files, paths
from sessions.services.entering import entered
from vre_portal.errors import Conflict, PortalError, TooLarge

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST_BYTES = 2 << 30
#: One piece; twice as much is held in memory at most.
PIECE = 2 << 20
MOST_TRIES = 20


class Taken(Conflict):
    """There is something of that name; `free` is the next one that is not taken."""

    def __init__(self, name: str, free: str) -> None:
        words = _("There is a file of that name, %(name)s: keep both (%(free)s) or cancel.")
        super().__init__(words % {"name": name, "free": free})
        self.free = free

    def members(self) -> dict[str, str]:
        """Tell the free name."""
        return {"free": self.free}


class Upload:
    """A file that comes in pieces: it gets its name only once all of it is there.

    Until then it stands beside as `upload-….part`; `give_up` deletes that.
    """

    def __init__(
        self, session: Session, folder: str, name: str, *, keep_both: bool = False,
        size: int | None = None,
    ) -> None:  # fmt: skip
        self._session, self._folder = session, paths.checked(folder)
        self._keep_both, self._name = keep_both, paths.new_name(name)
        if size is not None:
            _check_size(size)
        files.must_be_folder(session, self._folder)
        taken = self._taken()
        if self._name in taken:
            if not keep_both:
                raise Taken(name, paths.free_name(name, taken))
            self._name = paths.free_name(self._name, taken)
        part = f"upload-{secrets.token_hex(4)}.part"
        self._part = paths.below(self._folder, part)
        self._held = bytearray()
        self._number = self._came = 0

    def add(self, data: bytes) -> None:
        """Take some bytes, and hand on whole pieces."""
        self._came += len(data)
        _check_size(self._came)
        self._held += data
        while len(self._held) > PIECE:
            piece = bytes(self._held[:PIECE])
            del self._held[:PIECE]
            self._write(piece, last=False)

    def end(self) -> Entry:
        """Hand on the rest, give the file its name, and return it.

        Raises
        ------
        Taken
            Something got that name in the meantime.
        """
        self._write(bytes(self._held), last=True)
        self._held.clear()
        for _try in range(MOST_TRIES):
            try:
                return self._named(paths.below(self._folder, self._name))
            except Conflict as exc:
                free = paths.free_name(self._name, self._taken())
                if not self._keep_both:
                    raise Taken(self._name, free) from exc
                self._name = free
        raise Conflict(_("Others take the same names just now. Try again."))

    def give_up(self) -> None:
        """Delete what came; a session that is silent keeps it."""
        if not self._number:
            return
        try:
            self._ask(lambda running, who, at: running.delete(who, at, self._part))
        except PortalError as exc:
            log.info("half an upload stays in %s: %s", self._session.pk, exc.message)

    def _named(self, to: str) -> Entry:
        return self._ask(lambda running, who, at: running.rename(who, at, self._part, to))

    def _write(self, piece: bytes, *, last: bool) -> None:
        number = self._number + 1
        # Not by `ask`: a piece that is sent twice would be in the file twice.
        who, at = entered(self._session)
        self._number = number
        get_running().write_part(who, at, self._part, piece, number=number, last=last)

    def _ask(self, question: Callable[[RunningSession, Credential, Place], T]) -> T:
        return files.ask(self._session, question)

    def _taken(self) -> set[str]:
        found = self._ask(lambda running, who, at: running.entries(who, at, self._folder))
        return {one.name for one in found}


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise TooLarge(
            _(
                "Files of more than 2 GiB are not taken this way: upload them to Rucio,"
                " or fetch them inside the session."
            )
        )
