"""Calls about the files of a workflow."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from demo.reana.api.call import Call, make_call, route
from demo.reana.api.cutting import cut
from demo.reana.errors import Malformed
from demo.reana.services.reports import show_time
from demo.reana.values import Workflow
from demo.reana.workspace.archive import zip_files
from demo.reana.workspace.listing import parse_search
from demo.reana.workspace.paths import parts_of

#: Uploads are written in pieces of this size, each in a thread.
PIECE = 1 << 20


class OpenFileResponse(FileResponse):
    """A file that is open already, with ranges; closed when it is sent or the client left."""

    def __init__(self, file: IO[bytes], *, filename: str, media_type: str) -> None:
        # The descriptor's own name is opened anew: no path of the workspace is followed twice.
        super().__init__(
            f"/proc/self/fd/{file.fileno()}",
            filename=filename,
            media_type=media_type,
            stat_result=os.fstat(file.fileno()),
        )
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, and no more than it had at first: a running step may add to it."""
        ranged = any(name == b"range" for name, _value in scope["headers"])
        size = int(self.headers["content-length"])
        try:
            await super().__call__(scope, receive, send if ranged else cut(send, size))
        finally:
            self._file.close()


def list_files(call: Call) -> Response:
    """Answer a page of a workspace's files."""
    page, size = call.number("page") or 1, call.number("size")
    entries = call.runner.files.entries(
        call.readable,
        call.query.get("file_name", ""),
        parse_search(call.query.get("search")),
    )
    first = (page - 1) * (size or 0)
    shown = entries[first : first + size] if size else entries
    return JSONResponse(
        {
            "items": [entry.answer() for entry in shown],
            "total": len(entries),
            "page": page,
            "has_next": first + len(shown) < len(entries),
            "has_prev": page > 1,
        }
    )


async def upload(request: Request) -> Response:
    """Take one file, whole or not at all."""
    call = await run_in_threadpool(lambda: make_call(request))
    name = call.query.get("file_name", "")
    parts_of(name)
    workflow = await run_in_threadpool(lambda: call.workflow)
    await run_in_threadpool(call.runner.files.root, workflow)
    await run_in_threadpool(_check_room, call, request.headers.get("content-length", ""))
    folder = call.runner.settings.uploads
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            await _receive(request.stream(), stream, call.runner.settings.upload_bytes)
        Path(part).chmod(0o644)
        await run_in_threadpool(call.runner.files.put, workflow, name, Path(part))
    finally:
        Path(part).unlink(missing_ok=True)
    return JSONResponse({"message": f"{name} has been successfully uploaded."})


def move(call: Call) -> Response:
    """Give a file or folder another name."""
    workflow = call.workflow
    source, target = (call.query.get(name, "") for name in ("source", "target"))
    call.runner.files.move(workflow, source, target)
    return JSONResponse(_about(workflow, "Files were successfully moved."))


def prune(call: Call) -> Response:
    """Remove what is declared neither as input nor as output, or also these."""
    workflow = call.workflow
    call.runner.files.prune(
        workflow, inputs=call.flag("include_inputs"), outputs=call.flag("include_outputs")
    )
    return JSONResponse(_about(workflow, "The workspace has been correctly pruned."))


def retention_rules(call: Call) -> Response:
    """Answer which files go, and when."""
    workflow = call.readable
    rules = [
        {
            "id": str(rule.id),
            "workspace_files": rule.workspace_files,
            "retention_days": rule.retention_days,
            "apply_on": show_time(rule.apply_on),
            "status": rule.status,
        }
        for rule in call.runner.rules.of(workflow.id)
    ]
    return JSONResponse(
        {
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
            "retention_rules": rules,
        }
    )


def download(call: Call) -> Response:
    """Answer one file, or a folder or glob as a ZIP."""
    workflow, name = call.readable, call.path["name"]
    descriptor = call.runner.files.open_one(workflow, name)
    if descriptor is None:
        return _zipped(call, workflow, name)
    return OpenFileResponse(
        os.fdopen(descriptor, "rb"),
        filename="/".join(parts_of(name)),
        media_type="application/octet-stream",
    )


def remove(call: Call) -> Response:
    """Remove the files that a path or glob matches."""
    return JSONResponse(call.runner.files.remove(call.workflow, call.path["name"]))


def disk_usage(call: Call) -> Response:
    """Answer what a workspace takes."""
    workflow, fields = call.readable, call.fields()
    usage = call.runner.files.usage(
        workflow,
        summarize=bool(fields.get("summarize")),
        search=parse_search(fields.get("search")),
    )
    return JSONResponse(
        {
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
            "user": str(workflow.owner),
            "disk_usage_info": usage,
        }
    )


def _about(workflow: Workflow, message: str) -> dict[str, str]:
    return {
        "message": message,
        "workflow_id": str(workflow.id),
        "workflow_name": workflow.full_name,
    }


def _check_room(call: Call, length: str) -> None:
    call.runner.quota.check(call.person, more_bytes=int(length) if length.isdecimal() else 0)


def _zipped(call: Call, workflow: Workflow, name: str) -> Response:
    files = call.runner.files
    packed = zip_files(files.root(workflow), files.entries(workflow, name))
    plain = "".join(one if one.isalnum() or one in "-." else "_" for one in name.strip("/"))
    return OpenFileResponse(
        packed, filename=f"{workflow.full_name}_{plain}.zip", media_type="application/zip"
    )


async def _receive(chunks: AsyncIterator[bytes], stream: IO[bytes], limit: int) -> None:
    piece, total = bytearray(), 0
    async for chunk in chunks:
        piece += chunk
        total += len(chunk)
        if total > limit:
            raise Malformed(
                f"The file is larger than {limit >> 30} GiB, the most the runner takes."
            )
        if len(piece) >= PIECE:
            await run_in_threadpool(stream.write, bytes(piece))
            piece.clear()
    await run_in_threadpool(stream.write, bytes(piece))


WORKSPACE = "/api/workflows/{workflow}/workspace"
ROUTES: list[BaseRoute] = [
    route(WORKSPACE, "GET", list_files),
    Route(WORKSPACE, upload, methods=["POST"]),
    route(f"{WORKSPACE}/{{name:path}}", "GET", download),
    route(f"{WORKSPACE}/{{name:path}}", "DELETE", remove),
    route("/api/workflows/move_files/{workflow}", "PUT", move),
    route("/api/workflows/{workflow}/disk_usage", "GET", disk_usage),
    route("/api/workflows/{workflow}/prune", "POST", prune),
    route("/api/workflows/{workflow}/retention_rules", "GET", retention_rules),
]
