"""A shell script that fetches files from the portal, with a token that lives for a day."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from shlex import quote

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import api_tokens, audit
from accounts.credentials import credential_for
from accounts.models import TokenScope, User
from data_mgmt.backends import Did, FileEntry, get_backend
from data_mgmt.file_names import folder_name, paths_of, printable
from data_mgmt.services.archives import BASKET
from data_mgmt.services.embargo import check_contents
from data_mgmt.services.metalinks import content_path
from vre_portal.errors import InvalidRequest

#: The shortest life of a personal token.
DAYS = 1
MOST_FILES = 100_000
TEMPLATE = Path(__file__).with_name("fetch.sh")


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its name, its text, which holds a token, and how long that opens something."""

    name: str
    text: str = field(repr=False)
    expires_at: datetime


def make(user: User, dids: Sequence[Did], *, portal: str) -> Script:
    """Return a script that fetches all files below some DIDs; a token is made for it.

    Raises
    ------
    Forbidden
        Contents of one are kept from the person.
    InvalidRequest
        There is no file, or there are too many.
    Conflict
        The person has too many tokens.
    """
    for did in dids:
        check_contents(user, did)
    files = _files(user, dids)
    name = folder_name(dids[0]) if len(dids) == 1 else BASKET
    token = _token(user, dids, files)
    values = {
        "@what@": _what(dids, files),
        "@until@": f"{token.row.expires_at:%Y-%m-%d %H:%M} UTC",
        "@end@": str(int(token.row.expires_at.timestamp())),
        "@portal@": quote(portal),
        "@token@": quote(token.secret),
        "@folder@": quote(f"./{name}"),
    }
    text = TEMPLATE.read_text()
    for mark, value in values.items():
        text = text.replace(mark, value)
    return Script(f"{name}.sh", text.replace("@files@\n", _calls(files)), token.row.expires_at)


def _files(user: User, dids: Sequence[Did]) -> list[FileEntry]:
    credential, backend = credential_for(user, "rucio"), get_backend()
    rows = chain.from_iterable(backend.files_below(credential, did) for did in dids)
    found = {file.did: file for file in islice(rows, MOST_FILES + 1)}
    if len(found) > MOST_FILES:
        words = _("A script holds at most %(most)s files: take the metalink instead.")
        raise InvalidRequest(words % {"most": f"{MOST_FILES:,}"})
    if not found:
        raise InvalidRequest(_("There is no file in it."))
    return [found[did] for did in sorted(found)]


def _token(user: User, dids: Sequence[Did], files: Sequence[FileEntry]) -> api_tokens.NewToken:
    name = f"Download script, {timezone.now():%Y-%m-%d %H:%M}, {secrets.token_hex(3)}"
    made = api_tokens.make(user, name=name, scopes=[TokenScope.DATA.value], days=DAYS)
    detail = {
        "dids": [str(did) for did in dids[:20]],
        "files": len(files),
        "bytes": sum(file.bytes for file in files),
        "until": made.row.expires_at.isoformat(),
    }
    audit.record("data.script", actor=user, about=("token", made.row.pk), detail=detail)
    return made


def _what(dids: Sequence[Did], files: Sequence[FileEntry]) -> str:
    """Return what is fetched as a part of a comment: nothing in it may end the line."""
    of = printable(str(dids[0])) if len(dids) == 1 else f"a basket of {len(dids)}"
    return f"{len(files)} files ({sum(file.bytes for file in files)} bytes) of {of}"


def _calls(files: Sequence[FileEntry]) -> str:
    paths = paths_of([file.did for file in files])
    return "".join(_call(path, file) for path, file in zip(paths, files, strict=True))


def _call(path: str, file: FileEntry) -> str:
    parts = (path, content_path(file.did), str(file.bytes), file.adler32 or "-")
    return f"fetch {' '.join(quote(part) for part in parts)}\n"
