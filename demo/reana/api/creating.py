"""Calls that bring a specification: create, validate, restart; as JSON and as a bundle."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demo.reana.api.call import (
    Call,
    answer_form,
    answer_json,
    file_of,
    form_route,
    is_form,
    object_of,
)
from demo.reana.errors import Malformed, NotOffered, RunnerError, TooLarge
from demo.reana.services.bundles import MOST_SPECIFICATION_BYTES, load_yaml, open_bundle
from demo.reana.services.reports import submitted
from demo.reana.services.workflows import Start
from demo.reana.specification import check_specification
from demo.reana.values import Workflow


async def create(request: Request) -> Response:
    """Create a workflow from a loaded specification (JSON) or from a bundle (a form)."""
    if is_form(request):
        return await answer_form(request, _create_from_bundle)
    return await answer_json(request, _create_from_json)


def validate(call: Call) -> Response:
    """Answer whether the bundle's specification would be accepted, and if not, why."""
    with open_bundle(file_of(call, "bundle")) as bundle:
        document = bundle.specification
    try:
        specification = check_specification(document)
    except RunnerError as exc:
        fault = {"code": type(exc).__name__.lower(), "message": str(exc), "path": "reana.yaml"}
        return JSONResponse({"valid": False, "errors": [fault], "warnings": []})
    report: dict[str, Any] = {"valid": True, "errors": [], "warnings": []}
    if call.flag("environments"):
        report |= {"environments": _environments(specification), "environments_truncated": False}
    return JSONResponse(report)


def restart(call: Call) -> Response:
    """Restart a workflow in its workspace by another specification."""
    text = file_of(call, "replacement").read(MOST_SPECIFICATION_BYTES + 1)
    if len(text) > MOST_SPECIFICATION_BYTES:
        raise TooLarge("The specification is larger than 1 MiB.")
    specification = load_yaml(text)
    if not isinstance(specification, dict):
        raise Malformed("The specification must be a mapping.")
    given = _parameters(call)
    wish = Start(
        parameters=object_of(given, "input_parameters"),
        restart=True,
        specification=specification,
        options=object_of(given, "operational_options"),
    )
    started = call.runner.workflows.start(call.person, call.workflow, wish)
    return JSONResponse(
        {**submitted(started, "Workflow submitted."), "workflow_name": started.name}
    )


def _create_from_json(call: Call) -> Response:
    if "spec" in call.query:
        raise NotOffered("This runner does not fetch specifications; send one with the call.")
    name = call.query.get("workflow_name", "")
    return _created(call.runner.workflows.create(call.person, name, _without_null(call.body)))


def _create_from_bundle(call: Call) -> Response:
    name = call.query.get("workflow_name", "")
    with open_bundle(file_of(call, "bundle")) as bundle:
        return _created(call.runner.workflows.create_from(call.person, name, bundle))


def _without_null(document: Any) -> Any:
    """Return a document without the null that stands for a yadage file to be read later."""
    workflow = document.get("workflow") if isinstance(document, dict) else None
    if not isinstance(workflow, dict) or workflow.get("specification", ...) is not None:
        return document
    kept = {name: value for name, value in workflow.items() if name != "specification"}
    return {**document, "workflow": kept}


def _created(workflow: Workflow) -> Response:
    return JSONResponse(
        {
            "message": "The workflow has been successfully created.",
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
        },
        201,
    )


def _parameters(call: Call) -> dict[str, Any]:
    text = call.body.get("parameters") or "{}"
    try:
        parameters = json.loads(text)
    except (TypeError, ValueError) as exc:
        raise Malformed("The parameters are not valid JSON.") from exc
    if not isinstance(parameters, dict):
        raise Malformed("The parameters must be a JSON object.")
    return parameters


def _environments(specification: Any) -> list[dict[str, object]]:
    """Return the images that the steps name, each with the user that it would run as."""
    steps = specification["workflow"].get("specification", {}).get("steps", ())
    found = {
        (str(step.get("environment", "")), int(step.get("kubernetes_uid") or 1000))
        for step in steps
    }
    return [{"image": image, "runtime_uid": uid, "runtime_gid": 0} for image, uid in sorted(found)]


ROUTES: list[BaseRoute] = [
    Route("/api/workflows", create, methods=["POST"]),
    form_route("/api/workflows/validate", validate),
    form_route("/api/workflows/{workflow}/restart", restart),
]
