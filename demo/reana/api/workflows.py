"""Calls about workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from demo.reana.api.call import Call, route
from demo.reana.errors import Malformed, NotOffered
from demo.reana.services.differences import specification_diff, workspace_diff
from demo.reana.services.workflows import Start
from demo.reana.store.workflows import Search
from demo.reana.values import Status, Workflow
from demo.reana.workspace.listing import parse_search, size_answer


def list_workflows(call: Call) -> Response:
    """Answer a page of the caller's workflows, newest first."""
    page, size = call.number("page") or 1, call.number("size")
    statuses = [one for text in call.lists("status") for one in text.split(",") if one]
    named = call.query.get("workflow_id_or_name")
    search = Search(
        statuses=statuses or [one for one in Status if one is not Status.DELETED],
        names=[
            *parse_search(call.query.get("search")).get("name", ()),
            *([named] if named else []),
        ],
        newest_first=call.query.get("sort", "desc") != "asc",
        limit=size,
        offset=(page - 1) * (size or 0),
    )
    found, total = call.runner.rows.page(call.person.id, search)
    seen = search.offset + len(found)
    return JSONResponse(
        {
            "items": _with_sizes(call, found),
            "total": total,
            "page": page,
            "has_next": seen < total,
            "has_prev": page > 1,
        }
    )


def create(call: Call) -> Response:
    """Create a workflow from a loaded specification."""
    if "spec" in call.query:
        raise NotOffered("This runner does not fetch specifications; send one as JSON.")
    name = call.query.get("workflow_name", "")
    workflow = call.runner.workflows.create(call.person, name, call.body)
    return JSONResponse(
        {
            "message": "The workflow has been successfully created.",
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
        },
        201,
    )


def specification(call: Call) -> Response:
    """Answer a workflow's specification."""
    workflow = call.workflow
    return JSONResponse(
        {"specification": workflow.specification, "parameters": dict(workflow.parameters)}
    )


def parameters(call: Call) -> Response:
    """Answer a workflow's parameters."""
    workflow = call.workflow
    return JSONResponse(
        {
            "id": str(workflow.id),
            "name": workflow.full_name,
            "type": workflow.specification["workflow"]["type"],
            "parameters": dict(workflow.parameters),
        }
    )


def start(call: Call) -> Response:
    """Start a workflow, or restart it in the same workspace."""
    fields = call.fields()
    wish = Start(
        parameters=_object(fields, "input_parameters"),
        restart=bool(fields.get("restart")),
        specification=_object(fields, "reana_specification") or None,
    )
    started = call.runner.workflows.start(call.person, call.workflow, wish)
    return JSONResponse({**_told(started, "Workflow submitted."), "workflow_name": started.name})


def status(call: Call) -> Response:
    """Answer a workflow's status and progress."""
    return JSONResponse(call.runner.reports.status(call.workflow))


def set_status(call: Call) -> Response:
    """Start, stop or delete a workflow."""
    wanted = call.query.get("status")
    if wanted == "start":
        return start(call)
    if wanted == "stop":
        return JSONResponse(_told(call.runner.workflows.stop(call.workflow), "Workflow stopped."))
    if wanted == "deleted":
        all_runs = bool(call.fields().get("all_runs"))
        gone = call.runner.workflows.delete(call.person, call.workflow, all_runs=all_runs)
        return JSONResponse(_told(gone, "Workflow deleted."))
    raise Malformed(f"{wanted!r} is none of: start, stop, deleted.")


def logs(call: Call) -> Response:
    """Answer a workflow's logs as they are now."""
    workflow = call.workflow
    steps = call.body or []
    if not isinstance(steps, list):
        raise Malformed("The body must be a list of names of steps.")
    return JSONResponse(
        {
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
            "user": str(workflow.owner),
            "logs": call.runner.reports.logs(workflow, steps),
        }
    )


def environment(call: Call) -> Response:
    """Answer which environment a run names, and which one runs it."""
    return JSONResponse(call.runner.reports.environment(call.workflow))


def diff(call: Call) -> Response:
    """Answer how two workflows differ."""
    first, second = (
        call.runner.workflows.find(call.person, call.path[key]) for key in ("first", "second")
    )
    context = call.query.get("context_lines", "5")
    if not context.isdigit():
        raise Malformed("context_lines must be a number.")
    places = [(one.full_name, call.runner.files.root(one)) for one in (first, second)]
    return JSONResponse(
        {
            "reana_specification": specification_diff(first, second),
            "workspace_listing": workspace_diff(
                places[0], places[1], brief=call.flag("brief"), context=min(int(context), 100)
            ),
        }
    )


def _with_sizes(call: Call, found: list[Workflow]) -> list[dict[str, Any]]:
    answers = call.runner.reports.listed(found)
    if not (call.flag("verbose") or call.flag("include_workspace_size")):
        return answers
    for workflow, answer in zip(found, answers, strict=True):
        if workflow.status is not Status.DELETED:
            entries = call.runner.files.entries(workflow)
            answer["size"] = size_answer(sum(entry.size for entry in entries))
    return answers


def _told(workflow: Workflow, message: str) -> dict[str, Any]:
    return {
        "message": message,
        "workflow_id": str(workflow.id),
        "workflow_name": workflow.full_name,
        "run_number": workflow.run_number,
        "status": workflow.status,
        "user": str(workflow.owner),
    }


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name) or {}
    if not isinstance(found, dict):
        raise Malformed(f"{name} must be a JSON object.")
    return found


ONE = "/api/workflows/{workflow}"
ROUTES: list[BaseRoute] = [
    route("/api/workflows", "GET", list_workflows),
    route("/api/workflows", "POST", create),
    route("/api/workflows/{first}/diff/{second}", "GET", diff),
    route(f"{ONE}/specification", "GET", specification),
    route(f"{ONE}/parameters", "GET", parameters),
    route(f"{ONE}/start", "POST", start),
    route(f"{ONE}/status", "GET", status),
    route(f"{ONE}/status", "PUT", set_status),
    route(f"{ONE}/logs", "GET", logs),
    route(f"{ONE}/environment", "GET", environment),
]
