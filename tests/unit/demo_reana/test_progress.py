"""Progress counts the jobs of a run, and names the one that began last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from demo.reana.values import Job, Progress, Status

RUN = uuid4()
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def job(position: int, status: Status, minute: int | None = None) -> Job:
    return Job(
        id=uuid4(),
        workflow=RUN,
        position=position,
        step=f"step-{position}",
        command=f"command-{position}",
        image="python:3.12",
        status=status,
        attempt=0 if minute is None else 1,
        started=None if minute is None else NOON + timedelta(minutes=minute),
        finished=None,
    )


def test_a_run_without_jobs_has_no_progress() -> None:
    assert Progress.of([]) == Progress()


def test_jobs_are_counted_by_state_and_listed_once_they_began() -> None:
    jobs = [
        job(0, Status.FINISHED, 0),
        job(1, Status.FAILED, 1),
        job(2, Status.RUNNING, 2),
        job(3, Status.QUEUED),
    ]

    progress = Progress.of(jobs)

    counts = (progress.total, progress.finished, progress.failed, progress.running)
    assert counts == (4, 1, 1, 1)
    assert progress.ids == tuple(one.id for one in jobs[:3])
    assert progress.running_ids == (jobs[2].id,)


def test_the_job_that_began_last_is_at_work_wherever_it_stands() -> None:
    jobs = [job(0, Status.RUNNING, 5), job(1, Status.RUNNING, 3), job(2, Status.QUEUED)]

    progress = Progress.of(jobs)

    assert (progress.step, progress.command) == ("step-0", "command-0")
