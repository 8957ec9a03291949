"""Rows of the index, written in batches by COPY and one statement each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from data_mgmt.backends import Did, DidDetails, DidInfo, DidType
from data_mgmt.models_index import IndexedDid, Wanted

_STAGE = """
CREATE TEMP TABLE staged (
  scope text, name text, type text, bytes bigint, files bigint, account text, is_open boolean,
  created_at timestamptz, metadata jsonb, described boolean
) ON COMMIT DROP
"""
_COPY = (
    "COPY staged (scope, name, type, bytes, files, account, is_open, created_at, metadata,"
    " described) FROM STDIN"
)
#: What a list tells; a size that it does not know is kept as it was.
_MERGE = """
INSERT INTO data_mgmt_indexeddid AS kept
  (scope, name, type, bytes, files, account, metadata, wanted)
SELECT DISTINCT ON (scope COLLATE "C", name COLLATE "C")
  scope, name, type, bytes, files, '', '{}', CASE type WHEN 'file' THEN 1 ELSE 2 END
FROM staged ORDER BY scope COLLATE "C", name COLLATE "C"
ON CONFLICT (scope, name) DO UPDATE SET
  type = EXCLUDED.type,
  bytes = COALESCE(EXCLUDED.bytes, kept.bytes),
  files = COALESCE(EXCLUDED.files, kept.files),
  wanted = GREATEST(kept.wanted, EXCLUDED.wanted)
WHERE (kept.type, kept.bytes, kept.files) IS DISTINCT FROM
  (EXCLUDED.type, COALESCE(EXCLUDED.bytes, kept.bytes), COALESCE(EXCLUDED.files, kept.files))
"""
#: Details; free metadata is replaced where it was asked, and else joined by Rucio's own columns.
_DETAIL = """
INSERT INTO data_mgmt_indexeddid AS kept
  (scope, name, type, bytes, files, account, is_open, created_at, metadata, wanted)
SELECT DISTINCT ON (scope COLLATE "C", name COLLATE "C")
  scope, name, type, bytes, files, account, is_open, created_at, metadata,
  CASE WHEN described THEN 0 ELSE 3 END
FROM staged ORDER BY scope COLLATE "C", name COLLATE "C"
ON CONFLICT (scope, name) DO UPDATE SET
  type = EXCLUDED.type,
  bytes = COALESCE(EXCLUDED.bytes, kept.bytes),
  files = COALESCE(EXCLUDED.files, kept.files),
  account = EXCLUDED.account,
  is_open = EXCLUDED.is_open,
  created_at = EXCLUDED.created_at,
  metadata = CASE EXCLUDED.wanted
    WHEN 0 THEN EXCLUDED.metadata ELSE kept.metadata || EXCLUDED.metadata END,
  wanted = 0
"""
_MARK = """
UPDATE data_mgmt_indexeddid kept SET wanted = 3
FROM staged WHERE kept.scope = staged.scope AND kept.name = staged.name AND kept.wanted < 3
"""


def merge(infos: Sequence[DidInfo]) -> int:
    """Write what a list tells of DIDs; return how many are new or changed."""
    return _written(_MERGE, map(_listed, infos))


def detail(details: Sequence[DidDetails], *, described: bool) -> int:
    """Write what is told of each DID by name."""
    return _written(_DETAIL, (_detailed(each, described=described) for each in details))


def mark(dids: Sequence[Did]) -> int:
    """Have the metadata of DIDs read."""
    nothing = (None,) * 8
    return _written(_MARK, ((did.scope, did.name, *nothing) for did in dids))


def forget(scope: str, names: Iterable[str]) -> int:
    """Remove DIDs that are gone."""
    return IndexedDid.objects.filter(scope=scope, name__in=[*names]).delete()[0]


def mark_open(scope: str) -> int:
    """Have each open collection read again: nothing else tells that it was closed."""
    rows = IndexedDid.objects.filter(scope=scope, is_open=True, wanted=Wanted.NOTHING)
    return rows.exclude(type=DidType.FILE).update(wanted=Wanted.COLLECTION)


@transaction.atomic
def _written(statement: str, rows: Iterable[Sequence[Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(statement)
        changed = int(cursor.rowcount)
        cursor.execute("DROP TABLE staged")
        return changed


def _listed(info: DidInfo) -> Sequence[Any]:
    files = None if info.type is DidType.FILE else info.files
    did = info.did
    return (did.scope, did.name, info.type.value, info.bytes, files, "", None, None, None, None)


def _detailed(details: DidDetails, *, described: bool) -> Sequence[Any]:
    info, did = details.info, details.info.did
    is_file = info.type is DidType.FILE
    return (
        did.scope,
        did.name,
        info.type.value,
        info.bytes,
        None if is_file else info.files,
        info.account,
        None if is_file else info.is_open,
        details.created_at,
        json.dumps(_storable(details.metadata or {})),
        described,
    )


def _storable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what JSON in PostgreSQL can't hold."""
    kept: dict[str, Any] = {}
    for key, value in metadata.items():
        try:
            text = json.dumps([key, value], allow_nan=False)
        except ValueError:
            continue
        if "\\u0000" not in text and "\\ud8" not in text.lower():
            kept[key] = value
    return kept
