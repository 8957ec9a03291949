"""Workflows of REANA: made, started, followed, ended."""

from __future__ import annotations

import json
import os.path
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from accounts.credentials import Credential
from reproducibility.backends.reana import parsing, rest
from reproducibility.backends.reana.bundles import SPECIFICATION, as_yaml, bundle
from reproducibility.backends.reana.dialects import Dialects
from reproducibility.backends.reana.refusals import SERVICE
from reproducibility.backends.reana.rest import workflow_path
from reproducibility.backends.runs import PAGE
from reproducibility.backends.values import (
    Dialect,
    Environment,
    ListedWorkflow,
    NotOffered,
    Ownership,
    RetentionRule,
    Workflow,
    WorkflowLogs,
    WorkflowPage,
    WorkflowState,
)
from vre_portal.errors import InvalidRequest, NotFound

#: REANA lists deleted ones too, unless it is told which to list.
KEPT = tuple(state for state in WorkflowState if state is not WorkflowState.DELETED)
#: A server loads what it is handed, in a sandbox of its own; that takes a while.
CREATE_SECONDS = 120.0
OWNERSHIPS: Mapping[Ownership, Mapping[str, str]] = {
    Ownership.MINE: {},
    Ownership.SHARED_WITH_ME: {"shared_by": "anybody"},
    Ownership.ALL: {"shared": "true"},
}


class RunsPart:
    """See `reproducibility.backends.runs.Runs`."""

    dialects: Dialects

    def find(self, credential: Credential, name: str) -> Workflow | None:
        """Search by name and take the newest; other names that hold this one may fill pages."""
        number, more = 1, True
        while more:
            page = self.list_workflows(credential, names=[name], page=number)
            if page.items:
                return page.items[0].workflow
            number, more = number + 1, page.more
        return None

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
        """Search for what the names have in common; REANA reads one name, and finds parts."""
        query = {
            "type": "batch", "sort": "desc", "page": page, "size": size,
            "include_progress": "true", "include_workspace_size": "true",
            "status": ",".join(states or KEPT), **OWNERSHIPS[ownership],
        }  # fmt: skip
        # By letters, not by folders: that is how REANA looks for names.
        if part := os.path.commonprefix(list(names)):  # noqa: RUF071
            query["search"] = json.dumps({"name": [part]})
        told = rest.fields(credential, "GET", "/workflows", params=query)
        found = [parsing.listed(row) for row in parsing.rows(told)]
        wanted = frozenset(names)
        items = [row for row in found if not wanted or _name_of(row) in wanted]
        return WorkflowPage(tuple(items), more=told.get("has_next", len(found) == size) is True)

    def create(
        self,
        credential: Credential,
        name: str,
        specification: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
    ) -> Workflow:
        """Hand the specification in as this REANA takes it."""

        def make(dialect: Dialect) -> Workflow:
            if dialect.bundles:
                packed = bundle(specification, files or {})
                parts = {"bundle": ("bundle.zip", packed, "application/zip")}
                return _created(credential, name, files=parts)
            return _created(credential, name, json=_loaded(specification))

        return self.dialects.speaking(make)

    def start(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Start with parameters that replace the specification's."""
        _start(credential, workflow_id, _wish(parameters, options))

    def restart(
        self,
        credential: Credential,
        workflow_id: str,
        parameters: Mapping[str, Any],
        *,
        specification: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Workflow:
        """Start once more; with another specification the dialects differ."""
        again = {**_wish(parameters, options), "restart": True}
        if specification is None:
            return parsing.restarted(_start(credential, workflow_id, again))

        def replace(dialect: Dialect) -> Workflow:
            if dialect.bundles:
                wish = _wish(parameters, options)
                return _replaced(credential, workflow_id, specification, wish)
            other = {**again, "reana_specification": dict(specification)}
            return parsing.restarted(_start(credential, workflow_id, other))

        return self.dialects.speaking(replace)

    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        """Ask the status."""
        told = rest.fields(credential, "GET", workflow_path(workflow_id, "status"))
        return parsing.workflow(told)

    def logs(
        self, credential: Credential, workflow_id: str, steps: Sequence[str] = ()
    ) -> WorkflowLogs:
        """Ask the logs; REANA wants the names of steps as the body of a GET."""
        body = list(steps) or None
        where = workflow_path(workflow_id, "logs")
        return parsing.logs(rest.fields(credential, "GET", where, json=body))

    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        """Ask a runner that tells; REANA itself runs the image that is named, and says no more."""
        try:
            told = rest.fields(credential, "GET", workflow_path(workflow_id, "environment"))
        except (NotFound, NotOffered):
            return Environment()
        return parsing.environment(told)

    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        """Stop what runs; REANA can only delete what does not run yet."""
        match workflow.state:
            case WorkflowState.RUNNING:
                _turn(credential, workflow.id, "stop", {"force_stop": True})
            case WorkflowState.CREATED | WorkflowState.QUEUED | WorkflowState.PENDING:
                self.delete(credential, workflow.id)

    def delete(
        self,
        credential: Credential,
        workflow_id: str,
        *,
        all_runs: bool = False,
        workspace: bool = True,
    ) -> None:
        """Delete; REANA takes the workspace in any case, says its own client."""
        body = {"all_runs": all_runs, "workspace": workspace}
        _turn(credential, workflow_id, "deleted", body)

    def retention(self, credential: Credential, workflow_id: str) -> tuple[RetentionRule, ...]:
        """List the rules."""
        told = rest.fields(credential, "GET", workflow_path(workflow_id, "retention_rules"))
        return tuple(parsing.retention(row) for row in parsing.rows(told, "retention_rules"))


def _name_of(row: ListedWorkflow) -> str:
    """Return a name without its run number: a name itself has no dot."""
    return row.workflow.name.partition(".")[0]


def _created(credential: Credential, name: str, **body: Any) -> Workflow:
    query = {"workflow_name": name}
    made = rest.fields(
        credential, "POST", "/workflows", params=query, timeout=CREATE_SECONDS, **body
    )
    return parsing.created(made)


def _loaded(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification as 0.9 takes it: what engines load, only REANA's programs could."""
    inner = specification.get("workflow")
    if isinstance(inner, Mapping) and "file" in inner and not inner.get("specification"):
        raise InvalidRequest(
            "This REANA (0.9) takes serial workflows from the portal only. Workflows in files of "
            "their own need REANA 0.95.",
            service=SERVICE,
        )
    return dict(specification)


def _replaced(
    credential: Credential,
    workflow_id: str,
    specification: Mapping[str, Any],
    wish: Mapping[str, Any],
) -> Workflow:
    parts = {"replacement": (SPECIFICATION, as_yaml(specification), "application/yaml")}
    made = rest.fields(
        credential,
        "POST",
        workflow_path(workflow_id, "restart"),
        files=parts,
        data={"parameters": json.dumps(wish)},
        timeout=CREATE_SECONDS,
    )
    return parsing.restarted(made)


def _wish(parameters: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"input_parameters": dict(parameters), "operational_options": dict(options or {})}


def _start(credential: Credential, workflow_id: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    where = workflow_path(workflow_id, "start")
    return rest.fields(credential, "POST", where, json=body, timeout=CREATE_SECONDS)


def _turn(credential: Credential, workflow_id: str, status: str, body: Mapping[str, Any]) -> None:
    where = workflow_path(workflow_id, "status")
    rest.fields(credential, "PUT", where, params={"status": status}, json=body)
