"""A workflow service in memory: it runs when told to, and fails or is left when told to."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, BinaryIO, Concatenate, ParamSpec, TypeVar

from accounts.credentials import Credential
from reproducibility.backends import (
    Environment,
    Person,
    StepLog,
    Workflow,
    WorkflowLogs,
    WorkflowState,
    WorkspaceFile,
)
from vre_portal.errors import Conflict, CredentialExpired, InvalidRequest, NotFound, PortalError

P = ParamSpec("P")
R = TypeVar("R")
BEGAN = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
STEP_SECONDS = 20


class Killed(BaseException):
    """The worker is killed: nothing in the portal catches this."""


@dataclass
class FakeWorkflow:
    """A workflow, its workspace, and what it will give when it is run."""

    workflow: Workflow
    owner: str
    specification: Mapping[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    starts: int = 0
    logs: list[StepLog] = field(default_factory=list)
    reason: str = ""

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.specification["workflow"]["specification"]["steps"])

    def turn(self, state: WorkflowState) -> None:
        self.workflow = replace(self.workflow, state=state)


def counted(
    method: Callable[Concatenate[FakeWorkflows, P], R],
) -> Callable[Concatenate[FakeWorkflows, P], R]:
    """Count calls, raise where a test said so, and kill the worker after the call's effect."""

    @wraps(method)
    def called(self: FakeWorkflows, *args: P.args, **kwargs: P.kwargs) -> R:
        name = method.__name__
        self.calls[name] += 1
        error = self.failures.get(name) or self.failures.get("*") or self.refusal(args)
        if error is not None:
            raise error
        answer = method(self, *args, **kwargs)
        if self.kill_at == (name, self.calls[name]):
            raise Killed
        return answer

    return called  # type: ignore[return-value]  # mypy loses the method in the wrapper


class FakeWorkflows:
    """Does what `reproducibility.backends.WorkflowsBackend` promises."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: dict[str, PortalError] = {}
        self.kill_at: tuple[str, int] | None = None
        self.workflows: dict[str, FakeWorkflow] = {}
        self.outputs: dict[str, bytes] = {}
        self.expired: set[str] = set()
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

    def fail_on(self, method: str, error: PortalError | None) -> None:
        """Let a method (``*``: each) raise, until it is given None."""
        if error is None:
            self.failures.pop(method, None)
        else:
            self.failures[method] = error

    @contextmanager
    def down(self, error: PortalError) -> Iterator[None]:
        """Let every call fail for a while."""
        self.fail_on("*", error)
        try:
            yield
        finally:
            self.fail_on("*", None)

    def kill_after(self, method: str, call: int = 1) -> None:
        """Kill the worker right after the nth call of a method has taken effect."""
        self.kill_at = (method, call)

    def gives(self, outputs: Mapping[str, bytes]) -> None:
        """Say which files runs leave in their workspace."""
        self.outputs = dict(outputs)

    def refusal(self, args: tuple[object, ...]) -> PortalError | None:
        """Return what a call with an expired token gets."""
        who = args[0]
        if isinstance(who, Credential) and who.token in self.expired:
            return CredentialExpired(
                "REANA no longer accepts your sign-in. Sign in again.", provider="", service="reana"
            )
        return None

    def only(self) -> FakeWorkflow:
        """Return the one workflow that there is."""
        (made,) = self.workflows.values()
        return made

    def run(self, steps: int | None = None) -> None:
        """Let the one workflow do so many of its steps, or all and finish."""
        made = self.only()
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
        made = self.only()
        self.run(number)
        made.logs[number] = replace(_said(made, number, WorkflowState.FAILED), text=text)
        made.reason = f"Step '{made.logs[number].name}' ended with exit code 1."
        made.turn(WorkflowState.FAILED)

    # What the portal asks.

    @counted
    def whoami(self, credential: Credential) -> Person:
        return Person(credential.account, f"{credential.account}@localhost")

    @counted
    def find(self, credential: Credential, name: str) -> Workflow | None:
        found = [
            made.workflow
            for made in self.workflows.values()
            if made.owner == credential.account
            and made.workflow.name.split(".")[0] == name
            and made.workflow.state is not WorkflowState.DELETED
        ]
        return found[-1] if found else None

    @counted
    def create(
        self, credential: Credential, name: str, specification: Mapping[str, Any]
    ) -> Workflow:
        if "workflow" not in specification:
            raise InvalidRequest("REANA says: The specification is not valid.", service="reana")
        same = [
            made for made in self.workflows.values() if made.workflow.name.startswith(f"{name}.")
        ]
        made = Workflow(str(uuid.uuid4()), f"{name}.{len(same) + 1}", WorkflowState.CREATED)
        self.workflows[made.id] = FakeWorkflow(made, credential.account, specification)
        return made

    def _mine(self, credential: Credential, workflow_id: str) -> FakeWorkflow:
        made = self.workflows.get(workflow_id)
        if made is None or made.owner != credential.account:
            raise NotFound("REANA says: there is no such workflow.", service="reana")
        return made

    @counted
    def upload(
        self, credential: Credential, workflow_id: str, path: str, content: BinaryIO
    ) -> None:
        self._mine(credential, workflow_id).files[path] = content.read()

    @counted
    def start(
        self, credential: Credential, workflow_id: str, parameters: Mapping[str, Any]
    ) -> None:
        made = self._mine(credential, workflow_id)
        if made.workflow.state is not WorkflowState.CREATED:
            raise Conflict("REANA says: it was started already.", service="reana")
        made.starts += 1
        made.parameters = dict(parameters)
        made.turn(WorkflowState.QUEUED)

    @counted
    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        made = self._mine(credential, workflow_id)
        if self.runs_by_itself and made.starts and not made.workflow.state.ended:
            self.run()
        return made.workflow

    @counted
    def logs(self, credential: Credential, workflow_id: str) -> WorkflowLogs:
        made = self._mine(credential, workflow_id)
        return WorkflowLogs(made.reason, tuple(made.logs))

    @counted
    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        files = self._mine(credential, workflow_id).files
        return tuple(WorkspaceFile(path, len(files[path])) for path in sorted(files))

    @counted
    def download(self, credential: Credential, workflow_id: str, path: str) -> Iterator[bytes]:
        files = self._mine(credential, workflow_id).files
        if path not in files:
            raise NotFound("REANA says: there is no such file.", service="reana")
        return iter([files[path][:3], files[path][3:]])

    @counted
    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        self._mine(credential, workflow_id)
        return self.environment_told

    @counted
    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        made = self._mine(credential, workflow.id)
        if made.workflow.state is not workflow.state:
            raise Conflict("REANA says: it is in another state.", service="reana")
        if workflow.state is WorkflowState.RUNNING:
            made.turn(WorkflowState.STOPPED)
        elif not workflow.state.ended:
            made.turn(WorkflowState.DELETED)


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
