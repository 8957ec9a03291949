"""Captures from a ZIP that somebody hands in; one with crate metadata is an RO-Crate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.capture.values import Found
from reproducibility.models import Capture, Source
from reproducibility.services.captures import (
    archives,
    crate_outputs,
    crates,
    foreign_crates,
    incoming,
)
from reproducibility.services.captures.gathering import Gathering
from reproducibility.services.captures.sources import Choice, Origin
from vre_portal.errors import InvalidRequest

MAX_NAME = 120


def let_go(user: User, key: str) -> None:
    """Remove an archive that somebody handed in, unless one of their captures took it."""
    if not Capture.objects.visible_to(user).filter(origin__archive=key).exists():
        incoming.remove(key)


class ArchiveSource:
    """A ZIP with the files of an analysis, its reana.yaml among them or not."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Return name and key of the archive that came with the wish."""
        key = wish.get("archive", "")
        if not incoming.is_here(key):
            raise InvalidRequest(_("Choose a ZIP archive."), field=incoming.FIELD)
        return {"name": wish.get("name", "")[-MAX_NAME:], "archive": key}

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Read the archive, and what a crate says of itself."""
        if not incoming.is_here(capture.origin.get("archive")):
            words = _("The archive is not here any more. Hand it in again.")
            raise InvalidRequest(words, field=incoming.FIELD)
        archive = incoming.path_of(capture.origin["archive"])
        archives.gather(archive, gathering)
        crate = self._crate(capture, gathering)
        if crate is None:
            return Found(tuple(gathering.files))
        found = crates.found_in(crate, gathering)
        crate_outputs.keep(archive, crates.too_large(crate, found))
        return found

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Remove the archive."""
        incoming.remove(str(origin.get("archive", "")))

    def choices(self, user: User) -> list[Choice]:
        """Return none: archives are chosen by the browser."""
        return []

    def _crate(self, capture: Capture, gathering: Gathering) -> crates.Described | None:
        """Return what a crate says; a plain ZIP is read without it where it can't be read."""
        must_be = capture.kind == Source.CRATE
        try:
            crate = crates.described(gathering.files)
        except InvalidRequest as exc:
            if must_be:
                raise
            gathering.note(exc.message)
            return None
        if crate is None and must_be:
            words = foreign_crates.why_none(gathering)
            raise InvalidRequest(words, field=incoming.FIELD)
        return crate
