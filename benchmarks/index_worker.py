"""A million synthetic DIDs in a database of their own, and how quickly the index finds some.

Runs with the portal's settings on that database; prints JSON. The same questions are asked as a
database expert would write them, to tell what the portal adds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import django
import psycopg

DATABASE = "benchmark_index"


def own_database() -> str:
    """Return the address of a database of our own beside the portal's, made where it is not."""
    url = os.environ["VRE_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as portal:
        known = portal.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            portal.execute(f"CREATE DATABASE {DATABASE}")
    return urlsplit(url)._replace(path=f"/{DATABASE}").geturl()


os.environ["VRE_DATABASE_URL"] = own_database()
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from data_mgmt.models_index import IndexedDid, IndexedScope  # noqa: E402
from data_mgmt.query.text import parse  # noqa: E402
from data_mgmt.services import harvest, index_facets, index_keys, index_search  # noqa: E402

SCOPES = ("ligo", "virgo", "cms", "atlas", "user.researcher")
#: Each thousandth DID is a dataset; four instruments, times of 4096 s, runs of 2,000 files.
FILL = """
INSERT INTO data_mgmt_indexeddid
  (scope, name, type, bytes, files, account, is_open, created_at, metadata, wanted)
SELECT (ARRAY['ligo', 'virgo', 'cms', 'atlas', 'user.researcher'])[1 + n %% 5],
  CASE WHEN n %% 1000 < 5 THEN 'run' || lpad((n / 1000)::text, 5, '0') || '.frames'
    ELSE 'run' || lpad((n / 1000)::text, 5, '0') || '/frame-' || lpad(n::text, 8, '0') || '.'
      || (ARRAY['gwf', 'hdf5', 'root', 'fits'])[1 + n %% 4] END,
  CASE WHEN n %% 1000 < 5 THEN 'dataset' ELSE 'file' END,
  (hashint4(n)::bigint + 2147483648) %% 8000000000, CASE WHEN n %% 1000 < 5 THEN 199 END,
  'root', n %% 1000 < 5 AND n %% 7 = 0,
  timestamptz '2024-01-01' + n * interval '60 seconds',
  jsonb_build_object(
    'instrument', (ARRAY['LIGO-H1', 'LIGO-L1', 'VIRGO-V1', 'KAGRA-K1'])[1 + (n / 7) %% 4],
    'gps_start', 968000000 + (n / 4) * 16, 'duration', 4096, 'run', n / 2000,
    'quality', CASE WHEN n %% 97 = 0 THEN 'bad' WHEN n %% 11 = 0 THEN 'unknown' ELSE 'good' END,
    'format', (ARRAY['gwf', 'hdf5', 'root', 'fits'])[1 + n %% 4],
    'taken',
    to_char(timestamp '2020-01-01' + (n / 4) * interval '16 minutes', 'YYYY-MM-DD"T"HH24:MI:SS')
  ) || CASE WHEN n %% 50000 = 17 THEN '{"event": "GW150914"}'::jsonb ELSE '{}'::jsonb END,
  0
FROM generate_series(%s, %s) AS n
"""
#: What people ask -> in the language, and as an expert writes it.
QUESTIONS = {
    "a part of a name": ("frame-00123", "name ILIKE '%frame-00123%'"),
    "a rare part of a name": ("frame-00777123", "name ILIKE '%frame-00777123%'"),
    "datasets of a scope": ("scope:ligo type:dataset", "scope = 'ligo' AND type = 'dataset'"),
    "two keys": (
        "instrument=LIGO-H1 quality=bad",
        """metadata @> '{"instrument": "LIGO-H1", "quality": "bad"}'""",
    ),
    "a rare value": ("event=GW150914", """metadata @> '{"event": "GW150914"}'"""),
    "a time range": (
        "instrument=LIGO-L1 gps_start>=970000000 gps_start<970010000",
        """metadata @> '{"instrument": "LIGO-L1"}' AND indexed_number(metadata, 'gps_start')"""
        " >= 970000000 AND indexed_number(metadata, 'gps_start') < 970010000",
    ),
    "half of all": (
        "gps_start>=970000000 size>1GB",
        "indexed_number(metadata, 'gps_start') >= 970000000 AND bytes > 1000000000",
    ),
    "some runs, not the bad": (
        "scope in (ligo, virgo) run in (101, 202, 303) NOT quality=bad",
        """scope IN ('ligo', 'virgo')"""
        """ AND (metadata @> '{"run": 101}' OR metadata @> '{"run": 202}'"""
        """ OR metadata @> '{"run": 303}') AND NOT metadata @> '{"quality": "bad"}'""",
    ),
    "lately registered and large": (
        "created>=2025-11-20 size>3GB type:file",
        "created_at >= '2025-11-20' AND bytes > 3000000000 AND type = 'file'",
    ),
    "one or the other": (
        "(event=GW150914 OR run=77) format=gwf",
        """(metadata @> '{"event": "GW150914"}' OR metadata @> '{"run": 77}')"""
        """ AND metadata @> '{"format": "gwf"}'""",
    ),
    "a day of a key": (
        "taken=2021-03-01 quality=good",
        """indexed_moment(metadata, 'taken') >= '2021-03-01'"""
        """ AND indexed_moment(metadata, 'taken') < '2021-03-02'"""
        """ AND metadata @> '{"quality": "good"}'""",
    ),
    "nothing": (
        "instrument=TAMA quality=good",
        """metadata @> '{"instrument": "TAMA", "quality": "good"}'""",
    ),
}
DIRECT = (
    "SELECT scope, name, type, bytes, files, account, is_open, metadata FROM data_mgmt_indexeddid"
    " WHERE {} ORDER BY scope, name LIMIT 101"
)
BATCH = 100_000
#: So long a scope is read; the names come first.
MOST_SECONDS = 60.0


def fill(rows: int) -> None:
    """Put the rows in, unless they are there; what a harvest left is not asked."""
    call_command("migrate", verbosity=0)
    left, _kinds = IndexedDid.objects.exclude(scope__in=SCOPES).delete()
    if IndexedDid.objects.filter(scope__in=SCOPES).count() >= rows:
        if left:
            _vacuum()
        index_keys.index_ranges()
        return
    with connection.cursor() as cursor:
        for start in range(0, rows, BATCH):
            cursor.execute(FILL, [start, start + BATCH - 1])
    _vacuum()
    now = datetime.now(UTC)
    for scope in SCOPES:
        row = IndexedScope(scope=scope, finished_at=now, refreshed_at=now, started_at=now)
        index_keys.summarise(row)
        row.save()
    index_keys.index_ranges()


def _vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute("VACUUM ANALYZE data_mgmt_indexeddid")


def spans(ask: Callable[[], object], times: int) -> list[float]:
    """Return how long each of some calls took, in milliseconds, sorted."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        found.append((time.perf_counter() - begun) * 1000)
    return sorted(found)


def direct(where: str) -> Callable[[], object]:
    """Return the question as an expert asks it."""

    def ask() -> object:
        with connection.cursor() as cursor:
            cursor.execute(DIRECT.format(where.replace("%", "%%")), [])
            return cursor.fetchall()

    return ask


def search(rows: int, times: int) -> list[dict[str, object]]:
    """Fill, and ask each question so often."""
    fill(rows)
    over = index_search.Extent(SCOPES, tuple(IndexedScope.objects.all()), is_narrowed=False)
    told: list[dict[str, object]] = []
    fewer = max(3, times // 4)
    for name, (text, where) in QUESTIONS.items():
        node = parse(text)
        found = index_search.search(over, node, limit=100)
        told.append(
            {
                "name": name,
                "found": len(found.rows),
                "search": spans(partial(index_search.search, over, parse(text), limit=100), times),
                "count": spans(partial(index_search.count, over, node), fewer),
                "facets": spans(partial(index_facets.facets, over, node), fewer),
                "direct": spans(direct(where), times),
            }
        )
    return told


def read(scope: str) -> dict[str, object]:
    """Read all names of a scope, as if for the first time."""
    IndexedDid.objects.filter(scope=scope).delete()
    IndexedScope.objects.filter(pk=scope).delete()
    harvest.find_scopes()
    harvest.harvest(scope, seconds=MOST_SECONDS)
    row = IndexedScope.objects.get(pk=scope)
    if row.finished_at is None or row.started_at is None:
        raise RuntimeError(row.problem or "the names were not read in time")
    seconds = (row.finished_at - row.started_at).total_seconds()
    return {"dids": IndexedDid.objects.filter(scope=scope).count(), "seconds": seconds}


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "search":
        print(json.dumps(search(*map(int, arguments))))
    else:
        call_command("migrate", verbosity=0)
        print(json.dumps(read(*arguments)))
