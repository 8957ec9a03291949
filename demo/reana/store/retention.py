"""Retention rules as rows: which files of a workspace go, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from demo.reana.store import Pool, Row

COLUMNS = "id, workflow, workspace_files, retention_days, status, apply_on"


class RuleStatus(StrEnum):
    """The states of a rule, by REANA's names."""

    CREATED = "created"
    ACTIVE = "active"
    PENDING = "pending"
    APPLIED = "applied"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Files of a workspace that go some days after the end of their run."""

    id: UUID
    workflow: UUID
    workspace_files: str
    retention_days: int
    status: RuleStatus
    apply_on: datetime | None


class RetentionRules:
    """The rules of all workflows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def lay_out(self, workflow: UUID, days: Mapping[str, int]) -> None:
        """Write down the rules of a new workflow; they count from its end."""
        with self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO retention_rule (workflow, workspace_files, retention_days)"
                " VALUES (%s, %s, %s)",
                [(workflow, pattern, number) for pattern, number in days.items()],
            )

    def of(self, workflow: UUID) -> list[RetentionRule]:
        """Return a workflow's rules, by their files."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM retention_rule WHERE workflow = %s"
                " ORDER BY workspace_files",
                (workflow,),
            ).fetchall()
        return [_rule(row) for row in rows]

    def suspend(self, workspace: UUID) -> None:
        """End the rules of a workspace's earlier runs: a restart has its own."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE retention_rule SET status = 'inactive', apply_on = NULL"
                " WHERE status IN ('created', 'active') AND workflow IN"
                " (SELECT id FROM workflow WHERE workspace = %s)",
                (workspace,),
            )

    def activate(self) -> None:
        """Give the rules of ended runs their day, at whose end they are applied."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE retention_rule AS r SET status = 'active', apply_on ="
                " date_trunc('day', coalesce(w.finished, w.stopped) AT TIME ZONE 'UTC'"
                "   + make_interval(days => r.retention_days + 1))"
                "   AT TIME ZONE 'UTC' - interval '1 second'"
                " FROM workflow AS w WHERE w.id = r.workflow AND r.status = 'created'"
                " AND coalesce(w.finished, w.stopped) IS NOT NULL AND w.status <> 'deleted'"
            )

    def take_due(self) -> list[RetentionRule]:
        """Take the rules whose day is over, and those that a killed service had taken."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "UPDATE retention_rule SET status = 'pending' WHERE status = 'pending'"
                f" OR (status = 'active' AND apply_on <= now()) RETURNING {COLUMNS}"
            ).fetchall()
        return [_rule(row) for row in rows]

    def settle(self, rule: RetentionRule) -> None:
        """Record that a rule is applied."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE retention_rule SET status = 'applied' WHERE id = %s", (rule.id,)
            )


def _rule(row: Row) -> RetentionRule:
    return RetentionRule(**{**row, "status": RuleStatus(row["status"])})
