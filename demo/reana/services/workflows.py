"""Create, start, restart, stop and delete workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.supervisor import Supervisor
from demo.reana.errors import Conflict, Malformed, RunnerError
from demo.reana.parameters import effective_parameters
from demo.reana.services.bundles import Bundle
from demo.reana.services.quota import Quota
from demo.reana.settings import Settings
from demo.reana.specification import check_specification
from demo.reana.store.jobs import Jobs
from demo.reana.store.retention import RetentionRules
from demo.reana.store.workflows import Workflows
from demo.reana.values import Person, Status, Workflow
from demo.reana.workspace.paths import parts_of, put_file, remove_tree
from demo.sandbox import give

DEFAULT_NAME = "workflow"
#: A century: later days cannot be computed with.
MOST_RETENTION_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Start:
    """What a start asks for."""

    parameters: Mapping[str, Any]
    restart: bool = False
    specification: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class WorkflowService:
    """A person's workflows."""

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        jobs: Jobs,
        *,
        rules: RetentionRules,
        quota: Quota,
        launcher: Launcher,
        supervisor: Supervisor,
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._jobs = jobs
        self._rules = rules
        self._quota = quota
        self._launcher = launcher
        self._supervisor = supervisor

    def create(self, person: Person, name: str, document: object) -> Workflow:
        """Create the next run of a name, with an empty workspace."""
        self._quota.check(person)
        name, specification = _checked_name(name), check_specification(document)
        days = _retention_days(specification)
        workflow = self._workflows.add(person.id, name, specification)
        self._rules.lay_out(workflow.id, days)
        self._settings.workspaces.mkdir(parents=True, exist_ok=True)
        give(self.workspace(workflow), self.uid(workflow))
        return workflow

    def create_from(self, person: Person, name: str, bundle: Bundle) -> Workflow:
        """Create the next run of a name, whose workspace has the bundle's files."""
        workflow = self.create(person, name, bundle.specification)
        root, owner = self.workspace(workflow), self.uid(workflow)
        self._settings.uploads.mkdir(parents=True, exist_ok=True)
        try:
            bundle.unpack(
                self._settings.uploads,
                lambda path, part: put_file(root, path, part, owner=owner),
            )
        except RunnerError:
            self.delete(person, workflow, all_runs=False)
            raise
        return workflow

    def start(self, person: Person, workflow: Workflow, wish: Start) -> Workflow:
        """Queue a created workflow, or a new run in the workspace of an ended one."""
        self._quota.check(person)
        if wish.restart:
            workflow = self._restarted(workflow, wish)
        elif workflow.status is not Status.CREATED:
            raise Conflict(
                f"Workflow {workflow.full_name} could not be started because it was started"
                f" before; it is {workflow.status}. A restart makes a new run of it."
            )
        parameters = effective_parameters(workflow.specification, wish.parameters)
        self._supervisor.planner.plan(workflow, parameters, wish.options)
        self._workflows.set_parameters(workflow.id, parameters)
        queued = self._workflows.move(workflow.id, Status.QUEUED)
        if queued is None:
            raise Conflict(f"Workflow {workflow.full_name} was started at the same time.")
        self._supervisor.wake()
        return queued

    def stop(self, workflow: Workflow) -> Workflow:
        """Stop a running workflow."""
        if not self._supervisor.stop(workflow):
            raise Conflict(f"Workflow {workflow.full_name} is not running.")
        return self._fresh(workflow)

    def delete(self, person: Person, workflow: Workflow, *, all_runs: bool) -> Workflow:
        """Delete a run with its workspace and the restarts in it, or all runs of its name."""
        runs = (
            self._workflows.runs_of(person.id, workflow.name)
            if all_runs
            else self._workflows.runs_in(workflow.workspace)
        )
        for run in runs:
            if run.status is Status.RUNNING:
                raise Conflict(f"Workflow {run.full_name} is running; stop it first.")
        for run in runs:
            if self._workflows.move(run.id, Status.DELETED) is not None:
                remove_tree(self.workspace(run))
                remove_tree(self._settings.runs / str(run.id))
                self._quota.note_end(run.workspace)
        return self._fresh(workflow)

    def running_in(self, workflow: Workflow) -> Workflow | None:
        """Return the run or restart that is at work in a workflow's workspace."""
        runs = self._workflows.runs_in(workflow.workspace)
        return next((run for run in runs if run.status.active), None)

    def workspace(self, workflow: Workflow) -> Path:
        """Return the folder of a workflow's files."""
        return self._settings.workspaces / str(workflow.workspace)

    def uid(self, workflow: Workflow) -> int:
        """Return the user id that a workflow's commands run as."""
        return self._launcher.uid_of(self._workflows.workspace_number(workflow.workspace))

    def _restarted(self, workflow: Workflow, wish: Start) -> Workflow:
        if not workflow.status.ended:
            raise Conflict(
                f"Workflow {workflow.full_name} is {workflow.status}; only a run that has ended"
                " can be restarted."
            )
        if not self.workspace(workflow).is_dir():
            raise Conflict(f"The workspace of {workflow.full_name} is gone.")
        specification = check_specification(wish.specification or workflow.specification)
        days = _retention_days(specification)
        self._rules.suspend(workflow.workspace)
        restart = self._workflows.add_restart(workflow, specification)
        self._rules.lay_out(restart.id, days)
        return restart

    def _fresh(self, workflow: Workflow) -> Workflow:
        return self._workflows.by_id(workflow.id) or workflow


def _checked_name(name: str) -> str:
    name = name.strip() or DEFAULT_NAME
    if "." in name or "/" in name or len(name) > 255:
        raise Malformed("A workflow's name has neither dot nor slash and at most 255 characters.")
    try:
        UUID(name)
    except ValueError:
        return name
    raise Malformed("A workflow's name must not be a UUID.")


def _retention_days(specification: Mapping[str, Any]) -> Mapping[str, int]:
    days: Mapping[str, int] = (specification.get("workspace") or {}).get("retention_days") or {}
    for pattern, number in days.items():
        parts_of(pattern)
        if not 0 <= number <= MOST_RETENTION_DAYS:
            raise Malformed(
                f"The retention of {pattern!r} must be 0 to {MOST_RETENTION_DAYS} days."
            )
    return days
