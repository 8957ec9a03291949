"""Which keys of metadata a scope uses: kept beside it for suggestions, facets and quick ranges."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import DatabaseError, connection
from psycopg import sql

from data_mgmt.models_index import IndexedDid, IndexedScope, Wanted

log = logging.getLogger(__name__)

MOST_KEYS = 40
MOST_VALUES = 12
#: A key on so many DIDs gets indexes of its own for ranges, but not more keys than that.
MANY = 20_000
MOST_INDEXED = 6
MAX_VALUE = 80

_KEYS = """
SELECT key, count(*),
  count(*) FILTER (WHERE jsonb_typeof(value) = 'number'),
  count(*) FILTER (WHERE jsonb_typeof(value) = 'boolean'),
  count(*) FILTER (WHERE (value #>> '{}') ~ '^\\d{4}-\\d\\d-\\d\\d')
FROM data_mgmt_indexeddid, jsonb_each(metadata)
WHERE scope = %s AND metadata <> '{}'
GROUP BY key ORDER BY 2 DESC, 1 LIMIT %s
"""
_VALUES = """
SELECT value #>> '{}', jsonb_typeof(value), count(*) FROM (
  SELECT metadata -> %s AS value FROM data_mgmt_indexeddid
  WHERE scope = %s AND metadata <> '{}'
) named
WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean') AND length(value #>> '{}') <= %s
GROUP BY value ORDER BY 3 DESC, 1 LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of metadata in some scopes: what its values are, and how many DIDs have it."""

    name: str
    kind: str
    dids: int


def summarise(row: IndexedScope) -> None:
    """Count a scope's DIDs, what is still to be asked, and its keys with their values."""
    dids = IndexedDid.objects.filter(scope=row.scope)
    row.dids = dids.count()
    row.waiting = dids.filter(wanted__gt=Wanted.FILE).count()
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, [row.scope, MOST_KEYS])
        keys = [_key(*each) for each in cursor.fetchall()]
        for key in keys[:MOST_VALUES]:
            cursor.execute(_VALUES, [key["name"], row.scope, MAX_VALUE, MOST_VALUES])
            key["values"] = [[text, kind, count] for text, kind, count in cursor.fetchall()]
    row.keys = keys


def _key(name: str, count: int, numbers: int, truths: int, moments: int) -> dict[str, Any]:
    kinds = {"number": numbers, "boolean": truths, "date": moments}
    kind = next((kind for kind, found in kinds.items() if found == count), "text")
    return {"name": name, "kind": kind, "dids": count, "values": []}


def keys_of(rows: list[IndexedScope]) -> list[Key]:
    """Return the keys of scopes together, the most used first."""
    found: dict[str, Key] = {}
    for row in rows:
        for each in row.keys:
            name, kind = each["name"], each["kind"]
            known = found.get(name, Key(name, kind, 0))
            kind = kind if known.kind == kind else "text"
            found[name] = Key(name, kind, known.dids + each["dids"])
    return sorted(found.values(), key=lambda key: (-key.dids, key.name))


def index_ranges() -> list[str]:
    """Make indexes for each much used key of numbers or moments; return the names made.

    A range over a key is otherwise a look at every row: one index finds what is rare, and one in
    the order of names what is frequent. Outside a transaction only.
    """
    keys = keys_of([*IndexedScope.objects.all()])
    wanted = [key for key in keys if key.kind in {"number", "date"} and key.dids >= MANY]
    made = []
    for key in wanted[:MOST_INDEXED]:
        name = f"indexed_key_{sha256(f'{key.kind} {key.name}'.encode()).hexdigest()[:16]}"
        try:
            made += [each for each in (name, f"{name}_names") if _make(each, key)]
        except DatabaseError as exc:
            log.warning("no index for the key %s: %s", key.name, exc)
    if made:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE data_mgmt_indexeddid")
    return made


def _make(name: str, key: Key) -> bool:
    function = "indexed_number" if key.kind == "number" else "indexed_moment"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_class WHERE relname = %s", [name])
        if cursor.fetchone():
            return False
        value = sql.SQL("{}(metadata, {})").format(sql.Identifier(function), sql.Literal(key.name))
        columns = sql.SQL("scope, name, ({})" if name.endswith("_names") else "({})").format(value)
        statement = sql.SQL(
            "CREATE INDEX CONCURRENTLY {name} ON data_mgmt_indexeddid ({columns})"
            " WHERE {value} IS NOT NULL"
        ).format(name=sql.Identifier(name), columns=columns, value=value)
        cursor.execute(statement.as_string(cursor.cursor))
    return True
