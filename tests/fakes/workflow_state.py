"""The state of a workflow service in memory, and how tests make its calls fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from accounts.credentials import Credential
from reproducibility.backends import (
    RetentionRule,
    SecretKind,
    Share,
    StepLog,
    Usage,
    Workflow,
    WorkflowState,
)
from vre_portal.errors import CredentialExpired, Forbidden, NotFound, PortalError

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="FakeState")


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
    options: Mapping[str, Any] = field(default_factory=dict)
    starts: int = 0
    logs: list[StepLog] = field(default_factory=list)
    reason: str = ""
    shares: list[Share] = field(default_factory=list)
    rules: list[RetentionRule] = field(default_factory=list)
    session: str = ""

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.specification["workflow"]["specification"]["steps"])

    @property
    def name(self) -> str:
        """The name without its run number."""
        return self.workflow.name.partition(".")[0]

    def turn(self, state: WorkflowState) -> None:
        self.workflow = replace(self.workflow, state=state)

    def opens_for(self, account: str) -> bool:
        """Whether somebody may read it."""
        return account == self.owner or email_of(account) in {one.email for one in self.shares}


def email_of(account: str) -> str:
    """Return the address of a person."""
    return f"{account}@localhost"


def counted(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Count calls, raise where a test said so, and kill the worker after the call's effect."""

    @wraps(method)
    def called(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
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


class FakeState:
    """What every part of the fake shares."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: dict[str, PortalError] = {}
        self.kill_at: tuple[str, int] | None = None
        self.workflows: dict[str, FakeWorkflow] = {}
        self.expired: set[str] = set()
        self.kept_secrets: dict[tuple[str, str], SecretKind] = {}
        self.cpu: Usage | None = Usage(0)
        self.disk_limit: int | None = None
        #: So many downloads break off in the middle from now on.
        self.broken_downloads = 0
        self.has_sessions = True

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

    def refusal(self, args: tuple[object, ...]) -> PortalError | None:
        """Return what a call with an expired token gets."""
        who = args[0] if args else None
        if isinstance(who, Credential) and who.token in self.expired:
            return CredentialExpired(
                "REANA no longer accepts your sign-in. Sign in again.", provider="", service="reana"
            )
        return None

    def mine(self, credential: Credential, workflow_id: str) -> FakeWorkflow:
        """Return a workflow of the person's own."""
        made = self.readable(credential, workflow_id)
        if made.owner != credential.account:
            raise Forbidden("REANA says: it is shared with you for reading.", service="reana")
        return made

    def readable(self, credential: Credential, workflow_id: str) -> FakeWorkflow:
        """Return a workflow that the person owns, or that is shared with them."""
        made = self.workflows.get(workflow_id)
        if made is None or not made.opens_for(credential.account):
            raise NotFound("REANA says: there is no such workflow.", service="reana")
        return made
