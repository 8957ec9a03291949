"""Workflows as rows; a change of state is one statement that names the states it may come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from demo.reana.store import Pool, Row
from demo.reana.values import Status, Workflow, sources_of

COLUMNS = (
    "id, owner, name, run_major, run_minor, status, specification, parameters, workspace,"
    " created, started, finished, stopped, reason, isolation"
)
#: The column that takes the time of a change to this state.
STAMPS = {
    Status.QUEUED: "queued",
    Status.RUNNING: "started",
    Status.FINISHED: "finished",
    Status.FAILED: "finished",
    Status.STOPPED: "stopped",
}

SHARED = "id IN (SELECT workflow FROM valid_share WHERE person = %s) AND status <> 'deleted'"


class Workflows:
    """All workflows; people's own calls always name the owner."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, owner: UUID, name: str, specification: Mapping[str, Any]) -> Workflow:
        """Add the next run of a name, with a new workspace."""
        parameters = (specification.get("inputs") or {}).get("parameters") or {}
        with self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"{owner}{name}",))
            row = connection.execute(
                "WITH place AS (INSERT INTO workspace DEFAULT VALUES RETURNING id)"
                " INSERT INTO workflow (owner, name, run_major, run_minor, status, specification,"
                " parameters, workspace) SELECT %(owner)s, %(name)s, 1 + coalesce((SELECT"
                " max(run_major) FROM workflow WHERE owner = %(owner)s AND name = %(name)s), 0),"
                f" 0, 'created', %(spec)s, %(parameters)s, place.id FROM place RETURNING {COLUMNS}",
                {
                    "owner": owner,
                    "name": name,
                    "spec": Jsonb(specification),
                    "parameters": Jsonb(parameters),
                },
            ).fetchone()
        return _workflow(row)

    def add_restart(self, of: Workflow, specification: Mapping[str, Any]) -> Workflow:
        """Add the next restart of a run, in the same workspace."""
        with self._pool.connection() as connection:
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", (f"{of.owner}{of.name}",)
            )
            row = connection.execute(
                "INSERT INTO workflow (owner, name, run_major, run_minor, status, specification,"
                " parameters, workspace) SELECT owner, name, run_major, 1 + max(run_minor),"
                " 'created', %s, %s, %s FROM workflow WHERE owner = %s AND name = %s"
                f" AND run_major = %s GROUP BY owner, name, run_major RETURNING {COLUMNS}",
                (
                    Jsonb(specification),
                    Jsonb(of.parameters),
                    of.workspace,
                    of.owner,
                    of.name,
                    of.run_major,
                ),
            ).fetchone()
        return _workflow(row)

    def by_id(self, workflow_id: UUID) -> Workflow | None:
        """Return a workflow, whoever owns it (the engine's look)."""
        return self._one("id = %s", (workflow_id,))

    def by_owner_and_id(self, owner: UUID, workflow_id: UUID) -> Workflow | None:
        """Return a person's own workflow."""
        return self._one("owner = %s AND id = %s", (owner, workflow_id))

    def by_run(self, owner: UUID, name: str, major: int, minor: int) -> Workflow | None:
        """Return one run of a name."""
        return self._one(
            "owner = %s AND name = %s AND run_major = %s AND run_minor = %s",
            (owner, name, major, minor),
        )

    def newest_run(self, owner: UUID, name: str) -> Workflow | None:
        """Return the newest run of a name which is not deleted."""
        return self._one(
            "owner = %s AND name = %s AND status <> 'deleted'"
            " ORDER BY run_major DESC, run_minor DESC LIMIT 1",
            (owner, name),
        )

    def shared_by_id(self, reader: UUID, workflow_id: UUID) -> Workflow | None:
        """Return a workflow that somebody shares with a person."""
        return self._one(f"id = %s AND {SHARED}", (workflow_id, reader))

    def shared_by_run(self, reader: UUID, name: str, major: int, minor: int) -> Workflow | None:
        """Return one run of a name that somebody shares with a person, the newest first."""
        return self._one(
            f"name = %s AND run_major = %s AND run_minor = %s AND {SHARED}"
            " ORDER BY created DESC LIMIT 1",
            (name, major, minor, reader),
        )

    def runs_in(self, workspace: UUID) -> list[Workflow]:
        """Return the run and its restarts that share a workspace."""
        return self._many("workspace = %s ORDER BY run_minor", (workspace,))

    def runs_of(self, owner: UUID, name: str) -> list[Workflow]:
        """Return all runs of a name which are not deleted."""
        return self._many(
            "owner = %s AND name = %s AND status <> 'deleted' ORDER BY created", (owner, name)
        )

    def waiting(self, status: Status) -> list[Workflow]:
        """Return the workflows in a state, those first that were started first."""
        return self._many("status = %s ORDER BY queued, created", (status,))

    def counts(self) -> dict[Status, int]:
        """Return how many workflows are in each state, of all people."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT status, count(*) AS number FROM workflow GROUP BY status"
            ).fetchall()
        found = {row["status"]: int(row["number"]) for row in rows}
        return {status: found.get(status, 0) for status in Status}

    def move(self, workflow_id: UUID, to: Status, *, reason: str = "") -> Workflow | None:
        """Change a workflow's state; None when its state does not allow that (any more)."""
        stamp = f", {STAMPS[to]} = clock_timestamp()" if to in STAMPS else ""
        with self._pool.connection() as connection:
            row = connection.execute(
                f"UPDATE workflow SET status = %s, reason = %s{stamp}"
                f" WHERE id = %s AND status = ANY(%s) RETURNING {COLUMNS}",
                (to, reason, workflow_id, list(sources_of(to))),
            ).fetchone()
        return _workflow(row) if row else None

    def set_parameters(self, workflow_id: UUID, parameters: Mapping[str, Any]) -> None:
        """Record the parameters that a run is started with."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE workflow SET parameters = %s WHERE id = %s",
                (Jsonb(parameters), workflow_id),
            )

    def set_isolation(self, workflow_id: UUID, sentence: str) -> None:
        """Record how far a run is kept apart from the machine."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE workflow SET isolation = %s WHERE id = %s", (sentence, workflow_id)
            )

    def workspace_number(self, workspace: UUID) -> int:
        """Return a workspace's number, from which its user id is made."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT number FROM workspace WHERE id = %s", (workspace,)
            ).fetchone()
        return int(row["number"]) if row else 0

    def _one(self, where: str, values: Sequence[object]) -> Workflow | None:
        found = self._many(where, values)
        return found[0] if found else None

    def _many(self, where: str, values: Sequence[object]) -> list[Workflow]:
        with self._pool.connection() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM workflow WHERE {where}",
                values,
            ).fetchall()
        return [_workflow(row) for row in rows]


def _workflow(row: Row | None) -> Workflow:
    assert row is not None
    return Workflow(**{**row, "status": Status(row["status"])})
