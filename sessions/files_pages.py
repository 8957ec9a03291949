"""What the pages of a session's files show, worked out before their templates see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from data_mgmt import preview_pages
from sessions.backends.running import Entry, EntryKind
from sessions.models import Session, SessionState
from sessions.services import file_previews, file_uploads, files, paths
from sessions.services.opening import opened_file
from vre_portal.config import get_config

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One folder on the way to a page."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a folder."""

    entry: Entry
    url: str
    open_url: str
    download_url: str

    @property
    def icon(self) -> str:
        """The name of its drawing."""
        return "folder" if self.is_folder else "file"

    @property
    def is_folder(self) -> bool:
        """Whether it leads further down."""
        return self.entry.kind is EntryKind.FOLDER

    @property
    def open_label(self) -> str:
        """The name of the open link for a screen reader."""
        return _("Open %s in the session, in a new tab") % self.entry.name

    @property
    def download_label(self) -> str:
        """The name of the download link for a screen reader."""
        return _("Download %s") % self.entry.name


def frame(session: Session, path: str) -> dict[str, Any]:
    """Return what every page of files has: the way to it, and where it goes back to."""
    parent = paths.parent_of(path)
    return {
        "session": session,
        "path": path,
        "name": path.rpartition("/")[2],
        "steps": steps(session, path),
        "parent_url": address(session, parent) if path else "",
        "is_ready": session.state == SessionState.READY,
    }


def folder(session: Session, path: str) -> dict[str, Any]:
    """Return a folder's values."""
    found = files.browse(session, path)
    return {
        "rows": [_row(session, entry) for entry in found.entries[:MOST_ROWS]],
        "left_out": max(0, len(found.entries) - MOST_ROWS),
        "unshown": found.unshown,
        "open_url": _opened(session, path),
        "content_url": reverse("api:session-content", args=(session.pk,)),
        "most_bytes": file_uploads.MOST_BYTES,
    }


def file(session: Session, entry: Entry, query: Mapping[str, str]) -> dict[str, Any]:
    """Return a file's values, with its preview."""
    download_url = _content(session, entry.path)
    preview = preview_pages.told(
        query,
        lambda options: file_previews.preview(session, entry, options),
        content_url=download_url,
    )
    hand_over = reverse("sessions:hand-over", args=(session.pk,))
    return {
        "entry": entry,
        "download_url": download_url,
        "open_url": _opened(session, entry.path),
        "hand_over_url": f"{hand_over}?{urlencode({'path': entry.path})}",
        **preview,
    }


def address(session: Session, path: str) -> str:
    """Return the page of a file or folder."""
    return reverse("sessions:files", args=(session.pk, path) if path else (session.pk,))


def steps(session: Session, path: str) -> list[Step]:
    """Return the folders above a path; the last one is the page itself, without an address."""
    names = path.split("/") if path else []
    found = [Step(_("Files"), address(session, "") if names else "")]
    for number, name in enumerate(names, 1):
        is_last = number == len(names)
        url = "" if is_last else address(session, "/".join(names[:number]))
        found.append(Step(name, url))
    return found


def _row(session: Session, entry: Entry) -> Row:
    is_folder = entry.kind is EntryKind.FOLDER
    return Row(
        entry,
        address(session, entry.path),
        _opened(session, entry.path),
        "" if is_folder else _content(session, entry.path),
    )


def _opened(session: Session, path: str) -> str:
    return f"{get_config().hub_url or ''}{opened_file(session, path)}"


def _content(session: Session, path: str) -> str:
    url = reverse("api:session-content", args=(session.pk,))
    return f"{url}?{urlencode({'path': path})}"
