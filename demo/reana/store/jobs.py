"""Jobs as rows: the commands of a run, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from demo.reana.store import Pool, Row
from demo.reana.store.plans import Plans
from demo.reana.values import Command, Job, Status

COLUMNS = "id, workflow, position, step, command, image, status, attempt, started, finished"


@dataclass(frozen=True, slots=True)
class Told:
    """A step as a workflow engine tells of it."""

    position: int
    step: str
    command: str = ""
    image: str = ""
    status: Status = Status.QUEUED
    started: datetime | None = None
    finished: datetime | None = None


class Jobs:
    """The jobs of all workflows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.plans = Plans(pool)

    def lay_out(self, workflow_id: UUID, commands: Sequence[Command]) -> None:
        """Write down the jobs of a run that is about to be queued."""
        rows = [
            (workflow_id, position, one.step, one.text, one.image)
            for position, one in enumerate(commands)
        ]
        with self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO job (workflow, position, step, command, image, status)"
                " VALUES (%s, %s, %s, %s, %s, 'queued') ON CONFLICT DO NOTHING",
                rows,
            )

    def of(self, workflow_id: UUID) -> list[Job]:
        """Return a run's jobs, in order."""
        return self.of_all([workflow_id])[workflow_id]

    def of_all(self, workflow_ids: Sequence[UUID]) -> dict[UUID, list[Job]]:
        """Return the jobs of several runs by one query, in order."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM job WHERE workflow = ANY(%s) ORDER BY position",
                (list(workflow_ids),),
            ).fetchall()
        found: dict[UUID, list[Job]] = {one: [] for one in workflow_ids}
        for row in rows:
            found[row["workflow"]].append(_job(row))
        return found

    def clear(self, workflow_id: UUID) -> None:
        """Forget a run's jobs: its engine begins again and tells of them anew."""
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM job WHERE workflow = %s", (workflow_id,))

    def record(self, workflow_id: UUID, steps: Sequence[Told]) -> None:
        """Write down how steps stand that an engine told of, also for the second time."""
        rows = [
            {**asdict(one), "workflow": workflow_id, "attempt": int(one.started is not None)}
            for one in steps
        ]
        with self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO job (workflow, position, step, command, image, status, attempt,"
                " started, finished) VALUES (%(workflow)s, %(position)s, %(step)s, %(command)s,"
                " %(image)s, %(status)s, %(attempt)s, %(started)s, %(finished)s)"
                " ON CONFLICT (workflow, position) DO UPDATE SET step = excluded.step,"
                " command = excluded.command, image = excluded.image, status = excluded.status,"
                " attempt = excluded.attempt, started = excluded.started,"
                " finished = excluded.finished",
                rows,
            )

    def begin(self, job: Job) -> Job:
        """Count an attempt at a job, which is running from now on."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "UPDATE job SET status = 'running', attempt = attempt + 1,"
                " started = coalesce(started, clock_timestamp()) WHERE id = %s"
                f" RETURNING {COLUMNS}",
                (job.id,),
            ).fetchone()
        assert row is not None
        return _job(row)

    def end(self, job: Job, status: Status) -> None:
        """Record how a job ended."""
        with self._pool.connection() as connection:
            connection.execute(
                "UPDATE job SET status = %s, finished = clock_timestamp() WHERE id = %s",
                (status, job.id),
            )


def _job(row: Row) -> Job:
    return Job(**{**row, "status": Status(row["status"])})
