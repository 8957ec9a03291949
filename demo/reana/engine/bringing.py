"""What both kinds of runs need to come to their end: their place, what is left to them, the end."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from demo.reana.engine.launcher import Launcher, Place
from demo.reana.engine.planning import Planner
from demo.reana.limits import time_in_words
from demo.reana.settings import Settings
from demo.reana.store.jobs import Jobs
from demo.reana.store.secrets import Secrets
from demo.reana.store.workflows import Workflows
from demo.reana.values import Status, Workflow


class Bringing:
    """Rows, folders and limits of runs that are on their way."""

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        jobs: Jobs,
        launcher: Launcher,
        planner: Planner,
        *,
        secrets: Secrets,
    ) -> None:
        self.settings = settings
        self.workflows = workflows
        self.jobs = jobs
        self.launcher = launcher
        self.planner = planner
        self._secrets = secrets

    def place_of(self, workflow: Workflow) -> Place:
        """Return where a run's next command runs, with the time that is left to the run."""
        limits = self.settings.run_limits
        plan = self.jobs.plans.of(workflow.id)
        uid = self.launcher.uid_of(self.workflows.workspace_number(workflow.workspace))
        return Place(
            workflow=workflow.id,
            workspace=self.settings.workspaces / str(workflow.workspace),
            uid=uid,
            environment=self.planner.environment_of(workflow),
            seconds=limits.seconds - _age(workflow),
            cpu_seconds=limits.cpu_seconds - self._cpu_seconds(workflow),
            network=plan.network if plan else False,
            secrets=self._secrets.hand_out(workflow.owner, self._secrets_of(workflow), uid=uid),
        )

    def over_time(self, place: Place) -> str | None:
        """Return why a run may not go on, None as long as it may."""
        limits = self.settings.run_limits
        if place.seconds <= 0:
            return f"The run took longer than the {time_in_words(limits.seconds)} that it may."
        if place.cpu_seconds <= 0:
            return (
                f"The run used more than the {time_in_words(limits.cpu_seconds)} of CPU time"
                " that it may."
            )
        return None

    def finish(self, workflow: Workflow) -> None:
        """End a run whose commands all ended well."""
        self.take_back_secrets(workflow)
        self.workflows.move(workflow.id, Status.FINISHED)

    def fail(self, workflow: Workflow, reason: str) -> None:
        """End a run that cannot go on."""
        self.take_back_secrets(workflow)
        self.workflows.move(workflow.id, Status.FAILED, reason=reason)

    def take_back_secrets(self, workflow: Workflow) -> None:
        """Remove the files that a run was given of its owner's secrets."""
        shutil.rmtree(self._secrets_of(workflow), ignore_errors=True)

    def _secrets_of(self, workflow: Workflow) -> Path:
        return self.launcher.folder(workflow.id) / "secrets"

    def _cpu_seconds(self, workflow: Workflow) -> float:
        outcomes = (one.outcome() for one in self.launcher.attempts_of(workflow.id))
        return sum(one.cpu_seconds for one in outcomes if one is not None)


def _age(workflow: Workflow) -> float:
    if workflow.started is None:
        return 0.0
    return (datetime.now(UTC) - workflow.started).total_seconds()
