"""What REANA tells about a workflow: status, progress, logs, environment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.planning import Planner
from demo.reana.store.jobs import Jobs
from demo.reana.store.listing import Listed
from demo.reana.values import Job, Progress, Workflow
from demo.reana.workspace.listing import size_answer

Answer = dict[str, Any]


class Reports:
    """Answers about workflows, in REANA's shapes."""

    def __init__(self, jobs: Jobs, launcher: Launcher, planner: Planner) -> None:
        self._jobs = jobs
        self._launcher = launcher
        self._planner = planner

    def status(self, workflow: Workflow) -> Answer:
        """Return a workflow's status."""
        return {
            "id": str(workflow.id),
            "name": workflow.full_name,
            "created": show_time(workflow.created),
            "status": workflow.status,
            "user": str(workflow.owner),
            "logs": workflow.reason,
            "progress": {
                **_times(workflow),
                **_progress(Progress.of(self._jobs.of(workflow.id))),
            },
            "environment": self._environment_label(workflow),
        }

    def logs(
        self,
        workflow: Workflow,
        steps: Sequence[str] = (),
        *,
        first: int = 0,
        count: int | None = None,
    ) -> str:
        """Return a page of a run's logs: JSON, as REANA puts it into the JSON of its answer."""
        jobs = [job for job in self._jobs.of(workflow.id) if job.attempt]
        chosen = [job for job in jobs if not steps or job.step in steps]
        shown = chosen[first:] if count is None else chosen[first : first + count]
        return json.dumps(
            {
                "workflow_logs": workflow.reason,
                "job_logs": {str(job.id): self._job_log(job) for job in shown},
                "engine_specific": self._engine_log(workflow),
            }
        )

    def environment(self, workflow: Workflow) -> Answer:
        """Return which environment the specification names, and which one is used."""
        used = self._planner.environment_of(workflow)
        return {
            **self._environment_label(workflow),
            "recorded_images": list(self._images(workflow)),
            "interpreter": used.interpreter,
            "lock_sha256": used.lock_sha256,
            "packages_sha256": used.packages_sha256,
            "packages": list(used.packages),
        }

    def _environment_label(self, workflow: Workflow) -> Answer:
        return {
            "recorded": ", ".join(self._images(workflow)),
            "used": self._planner.environment_of(workflow).name,
            "substituted": True,
            "isolated": self._launcher.isolated,
            "isolation": workflow.isolation or self._launcher.sentence,
        }

    def _images(self, workflow: Workflow) -> tuple[str, ...]:
        plan = self._jobs.plans.of(workflow.id)
        return plan.images if plan else workflow.images

    def _engine_log(self, workflow: Workflow) -> str:
        environment = self._planner.environment_of(workflow)
        lines = [
            environment.sentence(self._images(workflow)),
            f"Isolation: {workflow.isolation or self._launcher.sentence}",
            self._launcher.engine_log(workflow.id),
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


def listed(workflow: Listed, *, size: int | None) -> Answer:
    """Return a workflow as a list shows it, with its bytes where they were asked for."""
    progress = _progress(workflow.progress) if workflow.progress else {}
    return {
        "id": str(workflow.id),
        "name": workflow.name,
        "status": workflow.status,
        "user": str(workflow.owner),
        "owner_email": workflow.owner_email,
        "shared_with": list(workflow.shared_with),
        "created": show_time(workflow.created),
        "progress": {**_times(workflow), **progress},
        "size": {"raw": -1, "human_readable": ""} if size is None else size_answer(size),
    }


def submitted(workflow: Workflow, message: str) -> Answer:
    """Return what a change of a workflow's state is answered with."""
    return {
        "message": message,
        "workflow_id": str(workflow.id),
        "workflow_name": workflow.full_name,
        "run_number": workflow.run_number,
        "status": workflow.status,
        "user": str(workflow.owner),
    }


def _times(workflow: Workflow | Listed) -> Answer:
    return {
        "run_started_at": show_time(workflow.started),
        "run_finished_at": show_time(workflow.finished),
        "run_stopped_at": show_time(workflow.stopped),
    }


def _progress(progress: Progress) -> Answer:
    """Return how many of a run's commands are done, and which one is at work."""
    return {
        "running": _count(progress.running, progress.running_ids),
        "finished": _count(progress.finished, progress.finished_ids),
        "failed": _count(progress.failed, progress.failed_ids),
        "total": _count(progress.total, progress.ids),
        "current_command": progress.command,
        "current_step_name": progress.step,
    }


def _count(total: int, ids: Sequence[UUID]) -> Answer:
    return {"total": total, "job_ids": [str(one) for one in ids]}
