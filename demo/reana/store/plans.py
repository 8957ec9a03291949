"""Plans as rows: what a run was started with, and the environment that was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from demo.reana.store import Pool


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run runs: its options as given, its images, its environment, its network."""

    options: Mapping[str, Any]
    images: tuple[str, ...]
    environment: str
    network: bool


class Plans:
    """The plans of all runs that were started."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        with pool.connection() as connection:
            connection.execute((Path(__file__).parent / "plans.sql").read_bytes())

    def record(self, workflow_id: UUID, plan: Plan) -> None:
        """Write down how a run runs."""
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO run_plan (workflow, options, images, environment, network)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (workflow) DO UPDATE SET"
                " options = excluded.options, images = excluded.images,"
                " environment = excluded.environment, network = excluded.network",
                (
                    workflow_id,
                    Jsonb(dict(plan.options)),
                    list(plan.images),
                    plan.environment,
                    plan.network,
                ),
            )

    def of(self, workflow_id: UUID) -> Plan | None:
        """Return a run's plan, None before its start."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT options, images, environment, network FROM run_plan WHERE workflow = %s",
                (workflow_id,),
            ).fetchone()
        return Plan(**{**row, "images": tuple(row["images"])}) if row else None

    def username_of(self, owner: UUID) -> str:
        """Return the name by which settings know a person."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT username FROM person WHERE id = %s", (owner,))
            found = row.fetchone()
        return str(found["username"]) if found else ""
