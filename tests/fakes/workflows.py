"""A workflow service in memory: it runs when told to, and fails or is left when told to."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from accounts.credentials import Credential
from reproducibility.backends import (
    PAGE,
    Environment,
    ListedWorkflow,
    Ownership,
    Progress,
    RetentionRule,
    StepLog,
    Workflow,
    WorkflowLogs,
    WorkflowPage,
    WorkflowState,
)
from tests.fakes.workflow_files import FakeWorkspaces
from tests.fakes.workflow_people import FakePeople
from tests.fakes.workflow_state import FakeWorkflow, Killed, counted, email_of
from vre_portal.errors import Conflict, InvalidRequest

__all__ = ["FakeWorkflow", "FakeWorkflows", "Killed"]

BEGAN = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
STEP_SECONDS = 20


class FakeWorkflows(FakePeople, FakeWorkspaces):
    """Does what `reproducibility.backends.WorkflowsBackend` promises."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: dict[str, bytes] = {}
        self.runs_by_itself = False
        self.environment_told = Environment(
            recorded="vre-portal/physics:2026.11",
            used="Physics 2026.11",
            substituted=True,
            isolation="bubblewrap, no network",
            packages_sha256="ab" * 32,
            packages=("numpy==2.3.5", "uproot==5.6.8"),
        )

    # What tests say.

    def gives(self, outputs: Mapping[str, bytes]) -> None:
        """Say which files runs leave in their workspace."""
        self.outputs = dict(outputs)

    def only(self) -> FakeWorkflow:
        """Return the one workflow that there is."""
        (made,) = self.workflows.values()
        return made

    def run(self, steps: int | None = None) -> None:
        """Let the one workflow do so many of its steps, or all and finish."""
        self.run_one(self.only(), steps)

    def run_one(self, made: FakeWorkflow, steps: int | None = None) -> None:
        """Let a workflow do so many of its steps, or all and finish."""
        total = len(made.steps)
        made.turn(WorkflowState.RUNNING)
        done = total if steps is None else steps
        made.logs = [_said(made, n, WorkflowState.FINISHED) for n in range(done)]
        if done < total:
            made.logs.append(_said(made, done, WorkflowState.RUNNING))
        if steps is None:
            made.files |= self.outputs
            made.turn(WorkflowState.FINISHED)

    def fail_step(self, number: int, text: str) -> None:
        """Let the one workflow fail at a step."""
        self.fail_one(self.only(), number, text)

    def fail_one(self, made: FakeWorkflow, number: int, text: str) -> None:
        """Let a workflow fail at a step."""
        self.run_one(made, number)
        made.logs[number] = replace(_said(made, number, WorkflowState.FAILED), text=text)
        made.reason = f"Step '{made.logs[number].name}' ended with exit code 1."
        made.turn(WorkflowState.FAILED)

    # What the portal asks.

    @counted
    def find(self, credential: Credential, name: str) -> Workflow | None:
        found = [
            made.workflow
            for made in self.workflows.values()
            if made.owner == credential.account
            and made.name == name
            and made.workflow.state is not WorkflowState.DELETED
        ]
        return found[-1] if found else None

    @counted
    def list_workflows(
        self,
        credential: Credential,
        *,
        names: Collection[str] = (),
        states: Collection[WorkflowState] = (),
        ownership: Ownership = Ownership.MINE,
        page: int = 1,
        size: int = PAGE,
    ) -> WorkflowPage:
        self._go_on()
        wanted = states or set(WorkflowState) - {WorkflowState.DELETED}
        found = [
            _listed(made, credential.account)
            for made in reversed(self.workflows.values())
            if _shows(made, credential.account, ownership)
            and made.workflow.state in wanted
            and (not names or made.name in names)
        ]
        first = (page - 1) * size
        return WorkflowPage(tuple(found[first : first + size]), more=len(found) > first + size)

    @counted
    def create(
        self,
        credential: Credential,
        name: str,
        specification: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
    ) -> Workflow:
        if "workflow" not in specification:
            raise InvalidRequest("REANA says: The specification is not valid.", service="reana")
        number = sum(made.name == name for made in self.workflows.values()) + 1
        made = Workflow(str(uuid.uuid4()), f"{name}.{number}", WorkflowState.CREATED)
        written = yaml.safe_dump(dict(specification), sort_keys=False).encode()
        workspace = {"reana.yaml": written, **(files or {})}
        self.workflows[made.id] = FakeWorkflow(made, credential.account, specification, workspace)
        return made

    @counted
    def start(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        made = self.mine(credential, workflow_id)
        if made.workflow.state is not WorkflowState.CREATED:
            raise Conflict("REANA says: it was started already.", service="reana")
        made.starts += 1
        made.parameters, made.options = dict(parameters), dict(options or {})
        made.turn(WorkflowState.QUEUED)

    @counted
    def restart(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        specification: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Workflow:
        before = self.mine(credential, workflow_id)
        if not before.workflow.state.ended or before.workflow.state is WorkflowState.DELETED:
            raise Conflict("REANA says: it has not ended yet.", service="reana")
        first = ".".join(before.workflow.name.split(".")[:2])
        same = [one for one in self.workflows.values() if one.workflow.name.startswith(f"{first}.")]
        name = f"{first}.{len(same) + 1}"
        again = Workflow(str(uuid.uuid4()), name, WorkflowState.QUEUED)
        # One workspace: both workflows hold the same files.
        self.workflows[again.id] = FakeWorkflow(
            again, before.owner, specification or before.specification, before.files,
            {**before.parameters, **parameters}, dict(options or {}), starts=1,
        )  # fmt: skip
        return again

    @counted
    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        self._go_on()
        return self.readable(credential, workflow_id).workflow

    def _go_on(self) -> None:
        """Let what was started run, where a test said that it does by itself."""
        for made in self.workflows.values():
            if self.runs_by_itself and made.starts and not made.workflow.state.ended:
                self.run_one(made)

    @counted
    def logs(
        self, credential: Credential, workflow_id: str, steps: Sequence[str] = ()
    ) -> WorkflowLogs:
        made = self.readable(credential, workflow_id)
        shown = [step for step in made.logs if not steps or step.name in steps]
        return WorkflowLogs(made.reason, tuple(shown))

    @counted
    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        self.readable(credential, workflow_id)
        return self.environment_told

    @counted
    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        made = self.mine(credential, workflow.id)
        if made.workflow.state is not workflow.state:
            raise Conflict("REANA says: it is in another state.", service="reana")
        if workflow.state is WorkflowState.RUNNING:
            made.turn(WorkflowState.STOPPED)
        elif not workflow.state.ended:
            made.turn(WorkflowState.DELETED)

    @counted
    def delete(
        self,
        credential: Credential,
        workflow_id: str,
        *,
        all_runs: bool = False,
        workspace: bool = True,
    ) -> None:
        made = self.mine(credential, workflow_id)
        gone = [one for one in self.workflows.values() if one is made or _is_run_of(one, made)]
        gone = gone if all_runs else [made]
        if any(one.workflow.state is WorkflowState.RUNNING for one in gone):
            raise Conflict("REANA says: it is running.", service="reana")
        for one in gone:
            one.turn(WorkflowState.DELETED)
            one.files.clear()

    @counted
    def retention(self, credential: Credential, workflow_id: str) -> tuple[RetentionRule, ...]:
        return tuple(self.mine(credential, workflow_id).rules)


def _is_run_of(one: FakeWorkflow, other: FakeWorkflow) -> bool:
    return (one.owner, one.name) == (other.owner, other.name)


def _shows(made: FakeWorkflow, account: str, ownership: Ownership) -> bool:
    is_mine = made.owner == account
    match ownership:
        case Ownership.MINE:
            return is_mine
        case Ownership.SHARED_WITH_ME:
            return not is_mine and made.opens_for(account)
        case _:
            return made.opens_for(account)


def _listed(made: FakeWorkflow, account: str) -> ListedWorkflow:
    states = [step.state for step in made.logs]
    running = [step.name for step in made.logs if step.state is WorkflowState.RUNNING]
    ends = [step.finished_at for step in made.logs if step.finished_at]
    return ListedWorkflow(
        workflow=made.workflow,
        progress=Progress(
            total=len(made.steps) if made.starts else 0,
            running=len(running),
            finished=states.count(WorkflowState.FINISHED),
            failed=states.count(WorkflowState.FAILED),
            current_step=running[-1] if running else "",
        ),
        created_at=BEGAN,
        started_at=BEGAN if made.logs else None,
        ended_at=max(ends) if ends and made.workflow.state.ended else None,
        size=sum(map(len, made.files.values())),
        owner=email_of(made.owner),
        shared_with=tuple(one.email for one in made.shares if made.owner == account),
    )


def _said(made: FakeWorkflow, number: int, state: WorkflowState) -> StepLog:
    step = made.steps[number]
    began = BEGAN + timedelta(seconds=number * STEP_SECONDS)
    over = state is not WorkflowState.RUNNING
    name = str(step["name"])
    return StepLog(
        name=name,
        state=state,
        command=str(step["commands"][0]),
        text=f"{name} says hello\n",
        started_at=began,
        finished_at=began + timedelta(seconds=STEP_SECONDS) if over else None,
    )
