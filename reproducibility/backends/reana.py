"""REANA by its REST API (dialect A: an access token in the query, the specification as JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

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
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    UpstreamRefused,
    UpstreamUnavailable,
)
from vre_portal.http import call, json_of

SERVICE = "reana"
NAME = "REANA"
PAGE = 500
CHUNK = 1 << 18
UPLOAD_SECONDS = 120.0
KINDS: Mapping[int, type[PortalError]] = {
    400: InvalidRequest, 403: Forbidden, 404: NotFound, 409: Conflict,
    413: QuotaExceeded, 429: QuotaExceeded, 500: UpstreamUnavailable,
}  # fmt: skip


class ReanaBackend:
    """The adapter; REANA 0.9 (dialect A)."""

    def whoami(self, credential: Credential) -> Person:
        """Ask ``/api/you``, which makes the user at the first call."""
        told = _json(credential, "GET", "/you")
        return Person(str(told.get("username") or ""), str(told.get("email") or ""))

    def find(self, credential: Credential, name: str) -> Workflow | None:
        """Search by name; REANA matches parts of names, so the whole is compared here."""
        query = {"type": "batch", "search": json.dumps({"name": [name]}), "page": 1, "size": 50}
        found = _json(credential, "GET", "/workflows", params=query)
        rows = [row for row in found.get("items", []) if row["name"].split(".")[0] == name]
        return _workflow(max(rows, key=lambda row: str(row.get("created")))) if rows else None

    def create(
        self, credential: Credential, name: str, specification: Mapping[str, Any]
    ) -> Workflow:
        """Post the loaded specification."""
        made = _json(
            credential,
            "POST",
            "/workflows",
            params={"workflow_name": name},
            body=dict(specification),
        )
        return Workflow(made["workflow_id"], made["workflow_name"], WorkflowState.CREATED)

    def upload(
        self, credential: Credential, workflow_id: str, path: str, content: BinaryIO
    ) -> None:
        """Stream one file; REANA has no resume, so a broken upload starts again."""
        _ask(
            credential,
            "POST",
            f"/workflows/{quote(workflow_id)}/workspace",
            params={"file_name": path},
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            timeout=UPLOAD_SECONDS,
        )

    def start(
        self, credential: Credential, workflow_id: str, parameters: Mapping[str, Any]
    ) -> None:
        """Start with parameters that replace the specification's."""
        body = {"input_parameters": dict(parameters), "operational_options": {}}
        _json(credential, "POST", f"/workflows/{quote(workflow_id)}/start", body=body)

    def get(self, credential: Credential, workflow_id: str) -> Workflow:
        """Ask the status."""
        return _workflow(_json(credential, "GET", f"/workflows/{quote(workflow_id)}/status"))

    def logs(self, credential: Credential, workflow_id: str) -> WorkflowLogs:
        """Read the JSON that REANA puts as a string into its JSON."""
        told = _json(credential, "GET", f"/workflows/{quote(workflow_id)}/logs")
        try:
            logs = json.loads(told["logs"])
            jobs = [_step(job) for job in (logs.get("job_logs") or {}).values()]
        except (KeyError, TypeError, ValueError) as exc:
            raise UpstreamRefused("REANA's logs can't be read.", service=SERVICE) from exc
        last = datetime.max.replace(tzinfo=UTC)
        jobs.sort(key=lambda job: job.started_at or last)
        return WorkflowLogs(str(logs.get("workflow_logs") or ""), tuple(jobs))

    def list_files(self, credential: Credential, workflow_id: str) -> tuple[WorkspaceFile, ...]:
        """Read every page of the workspace."""
        files: list[WorkspaceFile] = []
        number, more = 1, True
        while more:
            query = {"page": number, "size": PAGE}
            path = f"/workflows/{quote(workflow_id)}/workspace"
            rows = _json(credential, "GET", path, params=query).get("items", [])
            files += [
                WorkspaceFile(row["name"].lstrip("/"), int(row["size"]["raw"])) for row in rows
            ]
            number, more = number + 1, len(rows) == PAGE
        return tuple(files)

    def download(self, credential: Credential, workflow_id: str, path: str) -> Iterator[bytes]:
        """Stream one file."""
        where = f"/workflows/{quote(workflow_id)}/workspace/{quote(path, safe='/')}"
        answer = _ask(credential, "GET", where, stream=True, timeout=UPLOAD_SECONDS)
        return _pieces(answer)

    def environment(self, credential: Credential, workflow_id: str) -> Environment:
        """Ask a runner that tells; REANA itself runs the image that is named, and says no more."""
        try:
            told = _json(credential, "GET", f"/workflows/{quote(workflow_id)}/environment")
        except NotFound:
            return Environment()
        return Environment(
            recorded=str(told.get("recorded") or ""),
            used=str(told.get("used") or ""),
            substituted=told.get("substituted"),
            isolation=str(told.get("isolation") or ""),
            packages_sha256=str(told.get("packages_sha256") or ""),
            packages=tuple(told.get("packages") or ()),
        )

    def cancel(self, credential: Credential, workflow: Workflow) -> None:
        """Stop what runs; REANA can only delete what does not run yet."""
        path = f"/workflows/{quote(workflow.id)}/status"
        match workflow.state:
            case WorkflowState.RUNNING:
                query, body = {"status": "stop"}, {"force_stop": True}
            case WorkflowState.CREATED | WorkflowState.QUEUED | WorkflowState.PENDING:
                query, body = {"status": "deleted"}, {"all_runs": False, "workspace": True}
            case _:
                return
        _json(credential, "PUT", path, params=query, body=body)


def _ask(
    credential: Credential,
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> requests.Response:
    query = {**(params or {}), "access_token": credential.token}
    url = f"{get_config().reana_url}/api{path}"
    answer = call(NAME, method, url, params=query, json=body, **kwargs)
    if answer.ok:
        return answer
    raise _error(answer)


def _json(credential: Credential, method: str, path: str, **kwargs: Any) -> Mapping[str, Any]:
    told = json_of(NAME, _ask(credential, method, path, **kwargs))
    if not isinstance(told, dict):
        raise UpstreamRefused("REANA gave an answer of an unknown shape.", service=SERVICE)
    return told


def _error(answer: requests.Response) -> PortalError:
    try:
        message = str(answer.json().get("message") or "")[:300]
    except (ValueError, AttributeError):
        message = ""
    if answer.status_code == 401:
        return CredentialExpired(
            "REANA no longer accepts your sign-in.", provider="", service=SERVICE
        )
    kind = KINDS.get(answer.status_code, UpstreamRefused)
    said = f"REANA says: {message}" if message else f"REANA answered {answer.status_code}."
    return kind(said, service=SERVICE)


def _workflow(row: Mapping[str, Any]) -> Workflow:
    try:
        return Workflow(str(row["id"]), str(row["name"]), WorkflowState(row["status"]))
    except (KeyError, ValueError) as exc:
        raise UpstreamRefused("REANA told a state that is not known.", service=SERVICE) from exc


def _step(job: Mapping[str, Any]) -> StepLog:
    return StepLog(
        name=str(job.get("job_name") or ""),
        state=WorkflowState(job["status"]),
        command=str(job.get("cmd") or ""),
        text=str(job.get("logs") or ""),
        image=str(job.get("docker_img") or ""),
        started_at=_time(job.get("started_at")),
        finished_at=_time(job.get("finished_at")),
    )


def _time(text: object) -> datetime | None:
    """REANA's times are naive and in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if isinstance(text, str) else None


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    with answer:
        yield from answer.iter_content(CHUNK)
