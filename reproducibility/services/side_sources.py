"""The bytes of an output of one side: kept here, or fetched from the workflow service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from reproducibility.backends import get_backend
from reproducibility.models import Run
from reproducibility.services import staging, workspace
from reproducibility.services.fetching import read
from reproducibility.services.outputs import content_of
from reproducibility.services.side_by_side import Side, SideFile
from vre_portal.components.formats import size as in_words
from vre_portal.config import get_config
from vre_portal.errors import NotFound

#: So long one output may be on its way from the service, seconds.
MOST_SECONDS = 900.0

Came = Callable[[int], None]


class NotHere(Exception):
    """There are no bytes to compare; the text says why, as a sentence."""


def bring(side: Side, path: str, file: SideFile, *, to: Path, came: Came) -> Path:
    """Return where an output of a side lies, which is `to` unless it is a kept file.

    Raises
    ------
    NotHere
        It is gone, too large, or another one by now.
    PortalError
        The service does not answer.
    """
    most = get_config().recorded_file_bytes
    if (file.size or 0) > most:
        words = _("It is too large to be looked into here: %(size)s, of at most %(most)s.")
        raise NotHere(words % {"size": in_words(file.size), "most": in_words(most)})
    if side.run is None:
        return _recorded(side, path, to)
    return _of_run(side.run, path, file, to, came)


def _recorded(side: Side, path: str, to: Path) -> Path:
    row = side.version.outputs.filter(path=path).first()
    try:
        if row is None:
            raise NotFound(_("It is not recorded any more."))
        content = content_of(row)
    except NotFound as exc:
        raise NotHere(exc.message) from exc
    if isinstance(content, Path):
        return content
    to.write_bytes(content)
    return to


def _of_run(run: Run, path: str, file: SideFile, to: Path, came: Came) -> Path:
    row = run.outputs.filter(path=path).first()
    if row is not None and row.kept and len(row.content) == row.size:
        to.write_bytes(row.content)
        return to
    if run.files_deleted or not run.workflow_id:
        raise NotHere(_gone(run))
    size = file.size or 0
    if size > staging.room():
        raise NotHere(_("There is no room for it on the portal's disk now. Try again later."))
    try:
        pieces = get_backend().download(workspace.credential(run), run.workflow_id, path)
        found = read(_in_time(pieces, came, size), to=to, most=size)
    except NotFound as exc:
        raise NotHere(_gone(run)) from exc
    if found.sha256 != file.sha256 or found.path is None:
        words = _("The workflow service has another file now than run %s gave at its end.")
        raise NotHere(words % run.number)
    return found.path


def _in_time(pieces: Iterable[bytes], came: Came, most: int) -> Iterator[bytes]:
    """Pass pieces on, and stop when they are more than announced or take too long."""
    until, size = time.monotonic() + MOST_SECONDS, 0
    for piece in pieces:
        size += len(piece)
        yield piece
        came(size)
        if size > most:
            return
        if time.monotonic() > until:
            raise NotHere(_("The workflow service takes too long to give it."))


def _gone(run: Run) -> str:
    words = _(
        "Its file is not at the workflow service any more; of run %s only the checksum is kept."
    )
    return words % run.number
