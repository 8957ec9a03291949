"""REANA by its REST API of 0.9: the specification as JSON, the user's token as bearer.

A token in the query, which 0.9 takes too, would end in logs; the bearer is what newer ones take.
"""

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
#: What REANA says with these is meant for people; with 5xx it is an exception's own text.
KINDS: Mapping[int, type[PortalError]] = {
    400: InvalidRequest, 403: Forbidden, 404: NotFound, 409: Conflict, 413: QuotaExceeded,
}  # fmt: skip


class ReanaBackend:
    """The adapter to REANA 0.9."""

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
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> requests.Response:
    url = f"{get_config().reana_url}/api{path}"
    sent = {**(headers or {}), "Authorization": f"Bearer {credential.token}"}
    answer = call(NAME, method, url, headers=sent, json=body, **kwargs)
    if answer.ok:
        return answer
    with answer:
        raise _error(answer)


def _json(credential: Credential, method: str, path: str, **kwargs: Any) -> Mapping[str, Any]:
    told = json_of(NAME, _ask(credential, method, path, **kwargs))
    if not isinstance(told, dict):
        raise UpstreamRefused("REANA gave an answer of an unknown shape.", service=SERVICE)
    return told


def _error(answer: requests.Response) -> PortalError:
    status, said = answer.status_code, _message(answer)
    if status == 401 or (status == 403 and "token" in said.lower()):
        return CredentialExpired(
            "REANA no longer accepts your sign-in. Sign in again.", provider="", service=SERVICE
        )
    if status == 403 and "quota" in said.lower():
        return QuotaExceeded(f"REANA says: {said}", service=SERVICE)
    if status in {429, 500}:
        return UpstreamUnavailable(
            "REANA can't do this at the moment. Try again in a minute.", service=SERVICE
        )
    text = f"REANA says: {said}" if said else f"REANA refused this with the code {status}."
    return KINDS.get(status, UpstreamRefused)(text, service=SERVICE)


def _message(answer: requests.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("message") or "")[:300] if isinstance(told, dict) else ""


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
    try:
        with answer:
            yield from answer.iter_content(CHUNK)
    except requests.RequestException as exc:
        raise UpstreamUnavailable(
            "REANA broke off in the middle of a file. Try again.", service=SERVICE
        ) from exc
