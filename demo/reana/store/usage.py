"""What people take: seconds of their runs, bytes of their workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from demo.reana.store import Pool

#: A workspace whose stored size may be wrong: something was put or removed, or a run wrote into it.
STALE = """
(p.changed > p.measured OR EXISTS (
    SELECT 1 FROM workflow AS r WHERE r.workspace = p.id
    AND (r.status = 'running' OR coalesce(r.finished, r.stopped) > p.measured)))
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a person's runs and workspaces have taken."""

    cpu_seconds: float
    disk_bytes: int


class Usages:
    """The usage of all people."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def of(self, owner: UUID) -> Usage:
        """Return a person's usage by the stored sizes; a running run counts until now.

        Time of deleted runs counts on: deleting gives room back, not time.
        """
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT (SELECT coalesce(sum(extract(epoch FROM coalesce(finished, stopped,"
                " clock_timestamp()) - started)), 0)::float8 FROM workflow WHERE owner = %(owner)s"
                " AND (status = 'running' OR coalesce(finished, stopped) IS NOT NULL)) AS seconds,"
                " (SELECT coalesce(sum(bytes), 0)::bigint FROM workspace WHERE id IN"
                " (SELECT workspace FROM workflow WHERE owner = %(owner)s)) AS bytes",
                {"owner": owner},
            ).fetchone()
        assert row is not None
        return Usage(cpu_seconds=row["seconds"], disk_bytes=row["bytes"])

    def stale_of(self, owner: UUID) -> list[UUID]:
        """Return a person's workspaces whose stored size may be wrong."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT p.id FROM workspace AS p WHERE p.id IN (SELECT workspace FROM workflow"
                f" WHERE owner = %s AND status <> 'deleted') AND {STALE}",
                (owner,),
            ).fetchall()
        return [row["id"] for row in rows]

    def stale_among(self, workspaces: Sequence[UUID]) -> list[UUID]:
        """Return those of some workspaces whose stored size may be wrong."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                f"SELECT p.id FROM workspace AS p WHERE p.id = ANY(%s) AND {STALE}",
                (list(workspaces),),
            ).fetchall()
        return [row["id"] for row in rows]

    def now(self) -> datetime:
        """Return the database's time, by which changes and measurements are ordered."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
        assert row is not None
        moment: datetime = row["now"]
        return moment

    def record(self, workspace: UUID, size: int, *, measured: datetime) -> None:
        """Store the size that a workspace had when its measurement began."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE workspace SET bytes = %s, measured = %s WHERE id = %s",
                (size, measured, workspace),
            )

    def note_change(self, workspace: UUID) -> None:
        """Note that a workspace's stored size may be wrong from now on."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE workspace SET changed = clock_timestamp() WHERE id = %s", (workspace,)
            )
