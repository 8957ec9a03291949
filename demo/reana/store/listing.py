"""Pages of workflows with owner, shares, size and progress: one statement, however many match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from demo.reana.store import Pool, Row
from demo.reana.values import Progress, Status

ANYBODY = "anybody"
NOBODY = "nobody"

RUN_NUMBER = "w.run_major || CASE WHEN w.run_minor > 0 THEN '.' || w.run_minor ELSE '' END"
FULL_NAME = f"w.name || '.' || {RUN_NUMBER}"
RUN_TIME = "coalesce(w.finished, w.stopped) - w.started"


class Order(StrEnum):
    """The orders of a list, by REANA's names."""

    NEWEST = "desc"
    OLDEST = "asc"
    LARGEST = "disk-desc"
    LONGEST = "cpu-desc"


ORDERS: Mapping[Order, str] = {
    Order.NEWEST: "w.created DESC",
    Order.OLDEST: "w.created",
    Order.LARGEST: "(SELECT bytes FROM workspace WHERE id = w.workspace) DESC, w.created DESC",
    Order.LONGEST: f"{RUN_TIME} DESC NULLS LAST, w.created DESC",
}

SHARED_WITH_ME = "w.id IN (SELECT workflow FROM valid_share WHERE person = %(person)s)"
SHARED = "EXISTS (SELECT 1 FROM valid_share WHERE workflow = w.id)"
PEOPLE = "(SELECT id FROM person WHERE lower(email) = lower(%(email)s))"

#: The page is cut before jobs and shares are looked up, so these are read for the page alone.
STATEMENT = """
WITH matching AS MATERIALIZED (
    SELECT w.id, row_number() OVER (ORDER BY {order}, w.id) AS place FROM workflow AS w
    WHERE {whose}
      AND (cardinality(%(statuses)s::text[]) = 0 OR w.status = ANY(%(statuses)s))
      AND (%(exact)s::text IS NULL OR %(exact)s IN (w.id::text, w.name, {full_name}))
      AND (cardinality(%(names)s::text[]) = 0
        OR lower(w.name || '.' || w.run_major) LIKE ANY (%(names)s::text[]))
), page AS (
    SELECT * FROM matching ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
)
SELECT total.count AS total, page.place, w.id, w.owner, o.email AS owner_email, w.workspace,
    {full_name} AS name, w.status, w.created, w.started, w.finished, w.stopped, p.bytes,
    coalesce((SELECT array_agg(DISTINCT r.email ORDER BY r.email) FROM valid_share AS s
        JOIN person AS r ON r.id = s.person WHERE s.workflow = w.id
        AND w.owner = %(person)s), '{{}}') AS shared_with,
    j.*
FROM (SELECT count(*) FROM matching) AS total
LEFT JOIN (page JOIN workflow AS w ON w.id = page.id
    JOIN workspace AS p ON p.id = w.workspace JOIN person AS o ON o.id = w.owner) ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS jobs,
        count(*) FILTER (WHERE status = 'running') AS running,
        count(*) FILTER (WHERE status = 'finished') AS done,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        {ids} FILTER (WHERE attempt > 0) AS ids,
        {ids} FILTER (WHERE attempt > 0 AND status = 'running') AS running_ids,
        {ids} FILTER (WHERE attempt > 0 AND status = 'finished') AS done_ids,
        {ids} FILTER (WHERE attempt > 0 AND status = 'failed') AS failed_ids,
        (array_agg(command ORDER BY {latest}) FILTER (WHERE attempt > 0))[1] AS command,
        (array_agg(step ORDER BY {latest}) FILTER (WHERE attempt > 0))[1] AS step
    FROM job WHERE workflow = w.id AND %(progress)s
) AS j ON true
ORDER BY page.place
"""


@dataclass(frozen=True, slots=True)
class Search:
    """Which of the workflows that a person may read to list."""

    statuses: Sequence[str] = ()
    names: Sequence[str] = ()
    exact: str | None = None
    order: Order = Order.NEWEST
    shared: bool = False
    shared_by: str | None = None
    shared_with: str | None = None
    progress: bool = False
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A workflow as a list shows it."""

    id: UUID
    owner: UUID
    owner_email: str
    workspace: UUID
    name: str
    status: Status
    created: datetime
    started: datetime | None
    finished: datetime | None
    stopped: datetime | None
    bytes: int
    shared_with: tuple[str, ...] = ()
    progress: Progress | None = None


class Listing:
    """Lists of workflows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def page(self, person: UUID, search: Search) -> tuple[list[Listed], int]:
        """Return a page of the workflows that a person may read, and how many match in all."""
        statement = STATEMENT.format(
            order=ORDERS[search.order],
            whose=_whose(search),
            full_name=FULL_NAME,
            ids="array_agg(id ORDER BY position)",
            latest="started DESC NULLS LAST, position DESC",
        )
        values = {
            "person": person,
            "email": search.shared_with or search.shared_by,
            "statuses": list(search.statuses),
            "names": [_containing(name) for name in search.names],
            "exact": search.exact,
            "progress": search.progress,
            "limit": search.limit,
            "offset": search.offset,
        }
        with self._pool.connection() as connection:
            rows = connection.execute(statement, values).fetchall()
        found = [_listed(row, progress=search.progress) for row in rows if row["id"] is not None]
        return found, int(rows[0]["total"])


def _containing(text: str) -> str:
    """Return the LIKE pattern for what contains a text, whatever its case."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text.lower()}%"


def _whose(search: Search) -> str:
    """Return the condition for REANA's three ways to ask for shared workflows."""
    mine = "w.owner = %(person)s"
    match search.shared_with, search.shared_by:
        case str(reader), _ if reader == NOBODY:
            return f"{mine} AND NOT {SHARED}"
        case str(reader), _ if reader == ANYBODY:
            return f"{mine} AND {SHARED}"
        case str(), _:
            return f"{mine} AND w.id IN (SELECT workflow FROM valid_share WHERE person IN {PEOPLE})"
        case None, str(owner) if owner == ANYBODY:
            return SHARED_WITH_ME
        case None, str():
            return f"{SHARED_WITH_ME} AND w.owner IN {PEOPLE}"
        case _:
            return f"({mine} OR {SHARED_WITH_ME})" if search.shared else mine


def _listed(row: Row, *, progress: bool) -> Listed:
    plain = ("id", "owner", "owner_email", "workspace", "name", "created")
    moments = ("started", "finished", "stopped", "bytes")
    return Listed(
        **{name: row[name] for name in (*plain, *moments)},
        status=Status(row["status"]),
        shared_with=tuple(row["shared_with"]),
        progress=_progress(row) if progress else None,
    )


def _progress(row: Mapping[str, Any]) -> Progress:
    return Progress(
        total=row["jobs"],
        running=row["running"],
        finished=row["done"],
        failed=row["failed"],
        ids=tuple(row["ids"] or ()),
        running_ids=tuple(row["running_ids"] or ()),
        finished_ids=tuple(row["done_ids"] or ()),
        failed_ids=tuple(row["failed_ids"] or ()),
        command=row["command"],
        step=row["step"],
    )
