"""Rows of the index for programs: which search goes there, its pages, and its lines as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from accounts.models import User
from data_mgmt.backends import Did, DidInfo
from data_mgmt.services import finding, index_search
from data_mgmt.services.finding import Finding
from data_mgmt.services.index_search import Place

ROWS_AT_ONCE = 5000


def asked(query: Mapping[str, str]) -> str | None:
    """Return the search that goes to the index; with a scope beside it, a name is asked live."""
    text = query.get("q", "").strip()
    return text if text and not query.get("scope") else None


def place_of(cursor: str) -> Place | None:
    """Read the DID behind which a list goes on."""
    if not cursor:
        return None
    did = Did.parse(cursor)
    return did.scope, did.name


def find(user: User, text: str, *, limit: int, cursor: str) -> Finding:
    """Return a page of what a search finds, behind a DID."""
    return finding.find(user, text, limit=limit, after=place_of(cursor))


def lines(user: User, text: str, cursor: str) -> Iterator[bytes]:
    """Yield all that a search finds in the index, some thousand rows of NDJSON at a time.

    Each part is a question of its own: a slow reader holds no connection to the database.
    """
    node, over = finding.understood(user, text)
    pages = index_search.pages(over, node, rows=ROWS_AT_ONCE, after=place_of(cursor))
    return ("".join(_line(row.info) for row in page.rows).encode() for page in pages)


def _line(info: DidInfo) -> str:
    row = {
        "scope": info.did.scope,
        "name": info.did.name,
        "did_type": info.type.value,
        "bytes": info.bytes,
        "length": info.files,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
