"""The names of a scope as folders: out of the index, or of Rucio while it was not read whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, DidInfo, DidType, get_backend
from data_mgmt.models_index import IndexedDid, IndexedScope
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.index_search import visible_scopes
from data_mgmt.services.paths import SHARE, Folder
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import NotFound

SHOWN = 100
#: Names that are read at once, and how often at most for a page.
NAMES, QUESTIONS = 100, 40
#: Sorts behind every name in a folder: names are of ASCII.
END = "\x7f"
#: Names that are counted at most: the sums of a larger folder are not told.
COUNTED = 200_000
_SUMS = """
SELECT left(name, strpos(substr(name, %(length)s + 1), '/') + %(length)s) AS folder,
       count(*), sum(bytes)
FROM (SELECT name, bytes FROM data_mgmt_indexeddid
      WHERE scope = %(scope)s AND name >= %(path)s AND name < %(end)s AND type = 'file'
      LIMIT %(most)s) AS below
WHERE strpos(substr(name, %(length)s + 1), '/') > 0
GROUP BY 1
"""
#: Given a path, a name and a number: DIDs whose names begin with the path and come after the name.
After = Callable[[str, str, int], Sequence[DidInfo]]


@dataclass(frozen=True, slots=True)
class Level:
    """What is in a folder of a scope, by name, and after which name it goes on."""

    path: str
    folders: tuple[Folder, ...]
    dids: tuple[DidInfo, ...]
    next: str = ""
    is_counted: bool = False


def in_scope(user: User, scope: str, path: str, *, after: str = "") -> Level:
    """Return a part of a folder of a scope's names.

    Raises
    ------
    NotFound
        There is no such scope, or the user may not see it.
    """
    if scope not in visible_scopes(user):
        raise NotFound(_("There is no scope %(scope)s.") % {"scope": scope}, service=SERVICE)
    known = IndexedScope.objects.filter(scope=scope, finished_at__isnull=False).exists()
    if known:
        return _counted(scope, level(_of_index(scope), path, after=after))
    credential = credential_for(user, SERVICE)
    backend = get_backend()

    def ask(prefix: str, behind: str, count: int) -> Sequence[DidInfo]:
        page = backend.search_dids(
            credential, scope, pattern=f"{prefix}*", after=behind or None, limit=count
        )
        return page.items

    ends = time.monotonic() + get_config().page_budget * SHARE

    def goes_on() -> bool:
        return time.monotonic() < ends

    return Budget(SERVICE).ask(lambda: level(ask, path, after=after, goes_on=goes_on)).get()


def always() -> bool:
    """Go on."""
    return True


def level(
    names_after: After, path: str, *, after: str = "", goes_on: Callable[[], bool] = always
) -> Level:
    """Return a part of a folder, hopping over what lies in the folders in it, while it may."""
    folders: list[Folder] = []
    dids: list[DidInfo] = []
    behind = after
    for _question in range(QUESTIONS):
        rows = names_after(path, behind, NAMES)
        for row in rows:
            name = row.did.name
            if name <= behind:
                continue  # it lies in a folder that was hopped over
            if len(folders) + len(dids) >= SHOWN:
                return Level(path, tuple(folders), tuple(dids), behind)
            end = name.find("/", len(path))
            if end < 0:
                dids.append(row)
                behind = name
            else:
                folder = name[: end + 1]
                folders.append(Folder(folder[len(path) : -1] or "/", folder, None, None))
                behind = folder + END
        if len(rows) < NAMES:
            return Level(path, tuple(folders), tuple(dids))
        if not goes_on():
            break
    return Level(path, tuple(folders), tuple(dids), behind)


def _of_index(scope: str) -> After:
    def ask(prefix: str, behind: str, count: int) -> Sequence[DidInfo]:
        rows = IndexedDid.objects.filter(
            scope=scope, name__gt=behind, name__gte=prefix, name__lt=_end(prefix)
        ).order_by("name")
        return [
            DidInfo(Did(scope, row.name), DidType(row.type), row.bytes, row.files)
            for row in rows.only("name", "type", "bytes", "files")[:count]
        ]

    return ask


def _end(path: str) -> str:
    """Return what sorts behind every name that begins with a path."""
    return path + chr(0x10FFFF)


def _counted(scope: str, found: Level) -> Level:
    values: dict[str, str | int] = {
        "scope": scope, "path": found.path, "end": _end(found.path),
        "length": len(found.path), "most": COUNTED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, values)
        sums = {folder: (count, size) for folder, count, size in cursor.fetchall()}
    if sum(count for count, _size in sums.values()) >= COUNTED:
        return found
    folders = tuple(
        Folder(each.name, each.path, *sums.get(each.path, (0, 0))) for each in found.folders
    )
    return Level(found.path, folders, found.dids, found.next, is_counted=True)
