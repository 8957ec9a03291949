"""What REANA tells about a workflow: status, progress, logs, environment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from demo.reana.engine.launcher import Launcher
from demo.reana.environment import LocalEnvironment
from demo.reana.store.jobs import Jobs
from demo.reana.values import Job, Status, Workflow

Answer = dict[str, Any]
PROGRESS = {
    "running": Status.RUNNING,
    "finished": Status.FINISHED,
    "failed": Status.FAILED,
}


class Reports:
    """Answers about workflows, in REANA's shapes."""

    def __init__(self, jobs: Jobs, launcher: Launcher, environment: LocalEnvironment) -> None:
        self._jobs = jobs
        self._launcher = launcher
        self._environment = environment

    def status(self, workflow: Workflow) -> Answer:
        """Return a workflow's status."""
        return {
            "id": str(workflow.id),
            "name": workflow.full_name,
            "created": show_time(workflow.created),
            "status": workflow.status,
            "user": str(workflow.owner),
            "logs": workflow.reason,
            "progress": _progress(workflow, self._jobs.of(workflow.id)),
            "environment": self._environment_label(workflow),
        }

    def listed(self, workflows: Sequence[Workflow]) -> list[Answer]:
        """Return workflows as a list shows them, without the size of their workspaces."""
        jobs = self._jobs.of_all([workflow.id for workflow in workflows])
        return [
            {
                "id": str(workflow.id),
                "name": workflow.full_name,
                "status": workflow.status,
                "user": str(workflow.owner),
                "created": show_time(workflow.created),
                "progress": _progress(workflow, jobs[workflow.id]),
                "size": {"raw": -1, "human_readable": ""},
            }
            for workflow in workflows
        ]

    def logs(self, workflow: Workflow, steps: Sequence[str] = ()) -> str:
        """Return a run's logs: JSON, as REANA puts it into the JSON of its answer."""
        jobs = [job for job in self._jobs.of(workflow.id) if job.attempt]
        shown = [job for job in jobs if not steps or job.step in steps]
        return json.dumps(
            {
                "workflow_logs": workflow.reason,
                "job_logs": {str(job.id): self._job_log(job) for job in shown},
                "engine_specific": self._engine_log(workflow),
            }
        )

    def environment(self, workflow: Workflow) -> Answer:
        """Return which environment the specification names, and which one is used."""
        return {
            **self._environment_label(workflow),
            "recorded_images": list(workflow.images),
            "packages_sha256": self._environment.packages_sha256,
            "packages": list(self._environment.packages),
        }

    def _environment_label(self, workflow: Workflow) -> Answer:
        return {
            "recorded": ", ".join(workflow.images),
            "used": self._environment.name,
            "substituted": True,
            "isolated": self._launcher.isolated,
            "isolation": workflow.isolation or self._launcher.sentence,
        }

    def _engine_log(self, workflow: Workflow) -> str:
        lines = [
            self._environment.sentence(workflow.images),
            f"Isolation: {workflow.isolation or self._launcher.sentence}",
        ]
        return "\n".join(lines)

    def _job_log(self, job: Job) -> Answer:
        """Return a job's log; another key than these breaks reana-client 0.9's printer."""
        path = self._launcher.attempt(job).log
        output = path.read_text(errors="replace") if path.exists() else ""
        if job.attempt > 1:
            output = f"[Attempt {job.attempt}: the one before was interrupted.]\n{output}"
        return {
            "workflow_uuid": str(job.workflow),
            "job_name": job.step,
            "compute_backend": "Kubernetes",
            "backend_job_id": f"{job.workflow}-{job.position}-{job.attempt}",
            "docker_img": job.image,
            "cmd": job.command,
            "status": job.status,
            "logs": output,
            "started_at": show_time(job.started),
            "finished_at": show_time(job.finished),
        }


def show_time(moment: datetime | None) -> str | None:
    """Return a time as REANA writes it: UTC without saying so, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if moment else None


def _progress(workflow: Workflow, jobs: Sequence[Job]) -> Answer:
    """Return how many of a run's commands are done, and which one is at work."""
    times = {
        "run_started_at": workflow.started,
        "run_finished_at": workflow.finished,
        "run_stopped_at": workflow.stopped,
    }
    begun = [job for job in jobs if job.attempt]
    counts = {
        key: _count([job for job in jobs if job.status is status])
        for key, status in PROGRESS.items()
    }
    return {
        **{key: show_time(moment) for key, moment in times.items()},
        **counts,
        "total": _count(jobs),
        "current_command": begun[-1].command if begun else None,
        "current_step_name": begun[-1].step if begun else None,
    }


def _count(jobs: Sequence[Job]) -> Answer:
    return {"total": len(jobs), "job_ids": [str(job.id) for job in jobs if job.attempt]}
