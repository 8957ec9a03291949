"""Calls about workflows."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from demo.reana.api.call import Call, object_of, route
from demo.reana.errors import Malformed
from demo.reana.services.differences import specification_diff, workspace_diff
from demo.reana.services.reports import listed, submitted
from demo.reana.services.workflows import Start
from demo.reana.store.listing import Listed, Order, Search
from demo.reana.values import Status
from demo.reana.workspace.listing import parse_search


def list_workflows(call: Call) -> Response:
    """Answer a page of the workflows that the caller may read, newest first."""
    page, size = call.number("page") or 1, call.number("size")
    if call.query.get("type") == "interactive":
        found, total = list[Listed](), 0  # the demo's sessions are the hub's
    else:
        found, total = call.runner.listing.page(call.person.id, _search(call, page, size))
    sized = call.flag("verbose") or call.flag("include_workspace_size")
    fresh = call.runner.quota.refresh([one.workspace for one in found]) if sized else {}
    seen = (page - 1) * (size or 0) + len(found)
    return JSONResponse(
        {
            "items": [
                listed(one, size=fresh.get(one.workspace, one.bytes) if sized else None)
                for one in found
            ],
            "total": total,
            "page": page,
            "has_next": seen < total,
            "has_prev": page > 1,
        }
    )


def specification(call: Call) -> Response:
    """Answer a workflow's specification."""
    workflow = call.readable
    return JSONResponse(
        {"specification": workflow.specification, "parameters": dict(workflow.parameters)}
    )


def parameters(call: Call) -> Response:
    """Answer a workflow's parameters."""
    workflow = call.readable
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
        parameters=object_of(fields, "input_parameters"),
        restart=bool(fields.get("restart")),
        specification=object_of(fields, "reana_specification") or None,
        options=object_of(fields, "operational_options"),
    )
    started = call.runner.workflows.start(call.person, call.workflow, wish)
    return JSONResponse(
        {**submitted(started, "Workflow submitted."), "workflow_name": started.name}
    )


def status(call: Call) -> Response:
    """Answer a workflow's status and progress."""
    return JSONResponse(call.runner.reports.status(call.readable))


def set_status(call: Call) -> Response:
    """Start, stop or delete a workflow."""
    wanted = call.query.get("status")
    if wanted == "start":
        return start(call)
    if wanted == "stop":
        return JSONResponse(
            submitted(call.runner.workflows.stop(call.workflow), "Workflow stopped.")
        )
    if wanted == "deleted":
        all_runs = bool(call.fields().get("all_runs"))
        gone = call.runner.workflows.delete(call.person, call.workflow, all_runs=all_runs)
        return JSONResponse(submitted(gone, "Workflow deleted."))
    raise Malformed(f"{wanted!r} is none of: start, stop, deleted.")


def logs(call: Call) -> Response:
    """Answer a workflow's logs as they are now."""
    workflow = call.readable
    steps, size = call.body or [], call.number("size")
    if not isinstance(steps, list):
        raise Malformed("The body must be a list of names of steps.")
    return JSONResponse(
        {
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
            "user": str(workflow.owner),
            "logs": call.runner.reports.logs(
                workflow,
                steps,
                first=((call.number("page") or 1) - 1) * (size or 0),
                count=size,
            ),
        }
    )


def environment(call: Call) -> Response:
    """Answer which environment a run names, and which one runs it."""
    return JSONResponse(call.runner.reports.environment(call.readable))


def diff(call: Call) -> Response:
    """Answer how two workflows differ."""
    first, second = (
        call.runner.finder.readable(call.person, call.path[key]) for key in ("first", "second")
    )
    context = call.query.get("context_lines", "5")
    if not context.isdecimal():
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


def _search(call: Call, page: int, size: int | None) -> Search:
    statuses = [one for text in call.lists("status") for one in text.split(",") if one]
    order = call.query.get("sort") or Order.NEWEST
    if set(statuses) - set(Status) or order not in set(Order):
        raise Malformed("No such status or order.")
    return Search(
        statuses=statuses or [one for one in Status if one is not Status.DELETED],
        names=parse_search(call.query.get("search")).get("name", ()),
        exact=call.query.get("workflow_id_or_name") or None,
        order=Order(order),
        shared=call.flag("shared"),
        shared_by=call.query.get("shared_by") or None,
        shared_with=call.query.get("shared_with") or None,
        progress=call.flag("include_progress") or call.flag("verbose"),
        limit=size,
        offset=(page - 1) * (size or 0),
    )


ONE = "/api/workflows/{workflow}"
ROUTES: list[BaseRoute] = [
    route("/api/workflows", "GET", list_workflows),
    route("/api/workflows/{first}/diff/{second}", "GET", diff),
    route(f"{ONE}/specification", "GET", specification),
    route(f"{ONE}/parameters", "GET", parameters),
    route(f"{ONE}/start", "POST", start),
    route(f"{ONE}/status", "GET", status),
    route(f"{ONE}/status", "PUT", set_status),
    route(f"{ONE}/logs", "GET", logs),
    route(f"{ONE}/environment", "GET", environment),
]
