"""A search's result as a file: a list of DIDs, a table, a metalink; of any search up to a bound."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, islice

from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.services import index_search, metalinks
from data_mgmt.services.finding import understood
from data_mgmt.services.index_search import Row
from vre_portal.errors import InvalidRequest

MOST_ROWS = 200_000
#: Each DID of a metalink is asked of Rucio, whether its contents may be had and which they are.
MOST_LINKED = 100
PAGE = 2000
COLUMNS = ("scope", "name", "type", "bytes", "files", "account", "open", "metadata")


class Kind(StrEnum):
    """What a result is written as."""

    LIST = "txt"
    TABLE = "csv"
    METALINK = "metalink"


TYPES = {Kind.LIST: "text/plain", Kind.TABLE: "text/csv", Kind.METALINK: metalinks.TYPE}
NAMES = {Kind.LIST: "dids.txt", Kind.TABLE: "dids.csv", Kind.METALINK: "dids.meta4"}


def export(user: User, text: str, kind: Kind, *, portal: str) -> Iterator[str]:
    """Yield the file, as it is found.

    Raises
    ------
    InvalidRequest
        The search can't be read, finds nothing, or too much for a metalink.
    """
    node, over = understood(user, text)
    pages = index_search.pages(over, node, rows=PAGE)
    rows = (row for page in pages for row in page.rows)
    first = next(rows, None)
    if first is None:
        raise InvalidRequest(_("Nothing is found, so that there is nothing to write."), field="q")
    found = chain([first], rows)
    if kind is Kind.METALINK:
        return _metalink(user, found, portal)
    end = _unread(over.unread)
    return _table(found, end) if kind is Kind.TABLE else _list(found, end)


def _list(rows: Iterator[Row], end: str) -> Iterator[str]:
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            yield f"# {_cut()}\n"
            break
        yield f"{row.info.did}\n"
    if end:
        yield f"# {end}\n"


def _table(rows: Iterator[Row], end: str) -> Iterator[str]:
    yield _line(COLUMNS)
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            yield _line([f"# {_cut()}"])
            break
        info = row.info
        told = (info.did.scope, info.did.name, info.type.value, info.bytes, info.files)
        yield _line([*told, info.account, info.is_open, row.metadata or ""])
    if end:
        yield _line([f"# {end}"])


def _metalink(user: User, rows: Iterator[Row], portal: str) -> Iterator[str]:
    found = [row.info.did for row in islice(rows, MOST_LINKED + 1)]
    if len(found) > MOST_LINKED:
        words = _("A metalink takes %(most)d DIDs at most: narrow the search, or use the list.")
        raise InvalidRequest(words % {"most": MOST_LINKED}, field="q")
    return metalinks.document(user, found, portal=portal)[1]


def _line(cells: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_harmless(cell) for cell in cells])
    return written.getvalue()


def _harmless(cell: object) -> object:
    """Keep a spreadsheet from taking a text for a formula."""
    if isinstance(cell, dict):
        return json.dumps(cell, ensure_ascii=False)
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _unread(scopes: Sequence[str]) -> str:
    """Return what a file says of scopes that the index does not have whole."""
    if not scopes:
        return ""
    listed = ", ".join(scopes)
    return _("Not whole: these scopes are not in the index yet: %(scopes)s.") % {"scopes": listed}


def _cut() -> str:
    return _("Cut here: the first %(most)d only, there are more.") % {"most": MOST_ROWS}
