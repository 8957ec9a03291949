"""Create, find, start, restart, stop and delete workflows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.supervisor import Supervisor
from demo.reana.errors import Conflict, Malformed, NotFound
from demo.reana.parameters import effective_parameters, expand_commands
from demo.reana.settings import Settings
from demo.reana.specification import check_specification
from demo.reana.store.jobs import Jobs
from demo.reana.store.workflows import Workflows
from demo.reana.values import Person, Status, Workflow
from demo.sandbox import give

DEFAULT_NAME = "workflow"
RUN_NAME = re.compile(r"(?P<name>[^.]+)\.(?P<major>\d{1,9})(?:\.(?P<minor>\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Start:
    """What a start asks for."""

    parameters: Mapping[str, Any]
    restart: bool = False
    specification: Mapping[str, Any] | None = None


class WorkflowService:
    """A person's workflows."""

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        jobs: Jobs,
        launcher: Launcher,
        supervisor: Supervisor,
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._jobs = jobs
        self._launcher = launcher
        self._supervisor = supervisor

    def create(self, person: Person, name: str, document: object) -> Workflow:
        """Create the next run of a name, with an empty workspace."""
        specification = check_specification(document)
        workflow = self._workflows.add(person.id, _checked_name(name), specification)
        self._settings.workspaces.mkdir(parents=True, exist_ok=True)
        give(self.workspace(workflow), self.uid(workflow))
        return workflow

    def find(self, person: Person, id_or_name: str) -> Workflow:
        """Return a person's workflow by its id, its name with run number, or its name alone."""
        workflow = self._look_up(person, id_or_name)
        if workflow is None:
            raise NotFound(f"Workflow {id_or_name} does not exist.")
        return workflow

    def start(self, person: Person, workflow: Workflow, wish: Start) -> Workflow:
        """Queue a created workflow, or a new run in the workspace of an ended one."""
        if wish.restart:
            workflow = self._restarted(workflow, wish)
        elif workflow.status is not Status.CREATED:
            raise Conflict(
                f"Workflow {workflow.full_name} could not be started because it was started"
                f" before; it is {workflow.status}. A restart makes a new run of it."
            )
        parameters = effective_parameters(workflow.specification, wish.parameters)
        commands = expand_commands(workflow.specification, parameters)
        self._workflows.set_parameters(workflow.id, parameters)
        self._jobs.lay_out(workflow.id, commands)
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
                shutil.rmtree(self.workspace(run), ignore_errors=True)
                shutil.rmtree(self._settings.runs / str(run.id), ignore_errors=True)
        return self._fresh(workflow)

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
        return self._workflows.add_restart(workflow, specification)

    def _look_up(self, person: Person, id_or_name: str) -> Workflow | None:
        try:
            return self._workflows.by_owner_and_id(person.id, UUID(id_or_name))
        except ValueError:
            pass  # not an id: a name
        match = RUN_NAME.fullmatch(id_or_name)
        if match is None:
            return self._workflows.newest_run(person.id, id_or_name)
        return self._workflows.by_run(
            person.id, match["name"], int(match["major"]), int(match["minor"] or 0)
        )

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
