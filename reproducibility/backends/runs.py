"""What the portal asks of a workflow service about workflows: make, start, follow, end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from accounts.credentials import Credential
from reproducibility.backends.values import (
    Environment,
    Ownership,
    RetentionRule,
    Share,
    Workflow,
    WorkflowLogs,
    WorkflowPage,
    WorkflowState,
)

PAGE = 100


class Runs(Protocol):
    """Workflows of the credential's owner; each method raises `PortalError`."""

    def find(self, credential: Credential, name: str) -> Workflow | None:
        """Return the newest run of a name, None when there is none."""
        ...

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
        """Return a page of workflows with their progress, by one call; not deleted ones.

        With `names` (without run numbers) only theirs. A service may look for what the names
        begin with and leave the rest to the adapter: a page may then have fewer than `size`, and
        still `more` to come. Names that begin alike, and pages that are large, cost least.
        """
        ...

    def create(
        self,
        credential: Credential,
        name: str,
        specification: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
    ) -> Workflow:
        """Make a workflow from a parsed reana.yaml; calling it twice makes two.

        `files`, by their path, are those that an engine reads already then, such as a Snakefile;
        a ``reana.yaml`` among them is handed in as it is written, in place of the parsed one.
        """
        ...

    def start(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a created workflow; `Conflict` when it was started already.

        `options` are operational ones, of the engine or the service, such as ``{"FROM": "fit"}``.
        """
        ...

    def restart(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        specification: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Workflow:
        """Run an ended workflow again, in the same workspace: its outputs are written over.

        What is returned is another workflow, named x.1.1 after x.1.
        """
        ...

    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        """Return a workflow as it stands."""
        ...

    def logs(
        self, credential: Credential, workflow_id: str, steps: Sequence[str] = ()
    ) -> WorkflowLogs:
        """Return what it said so far; with `steps`, those jobs only."""
        ...

    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        """Return the environment; unknown fields are empty where the service does not tell."""
        ...

    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        """Stop a running workflow, delete one that does not run yet; nothing for an ended one."""
        ...

    def delete(
        self,
        credential: Credential,
        workflow_id: str,
        *,
        all_runs: bool = False,
        workspace: bool = True,
    ) -> None:
        """Delete a workflow that does not run, or all of its name.

        The workspace goes too; some services keep it where `workspace` is false.
        """
        ...

    def retention(self, credential: Credential, workflow_id: str) -> tuple[RetentionRule, ...]:
        """Return when which files of the workspace will be removed."""
        ...

    def share(
        self,
        credential: Credential,
        workflow_id: str,
        email: str,
        *,
        until: date | None = None,
        message: str = "",
    ) -> None:
        """Let somebody read a workflow, to the end of a day; `Conflict` when they may already."""
        ...

    def unshare(self, credential: Credential, workflow_id: str, email: str) -> None:
        """Take that back."""
        ...

    def shares(self, credential: Credential, workflow_id: str) -> tuple[Share, ...]:
        """Return who may read a workflow."""
        ...

    def open_session(
        self, credential: Credential, workflow_id: str, kind: str = "jupyter", *, image: str = ""
    ) -> str:
        """Open an interactive session on the workspace and return its path at the service.

        Raises
        ------
        NotOffered
            The service has no such sessions.
        """
        ...

    def close_session(self, credential: Credential, workflow_id: str) -> None:
        """Close it; `NotFound` when there is none."""
        ...
