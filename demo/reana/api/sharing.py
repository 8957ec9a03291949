"""Calls about who else reads a workflow, and about interactive sessions on it."""

from __future__ import annotations

from datetime import date

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from demo.reana.api.call import Call, route
from demo.reana.errors import Malformed, NotFound
from demo.reana.values import Workflow


def share(call: Call) -> Response:
    """Let somebody read a workflow."""
    fields, workflow = call.fields(), call.workflow
    email, message = fields.get("user_email_to_share_with"), fields.get("message") or ""
    if not isinstance(email, str) or not email or not isinstance(message, str):
        raise Malformed("user_email_to_share_with must be the e-mail of a person.")
    until = _day(fields.get("valid_until"))
    call.runner.sharing.share(call.person, workflow, email, message=message, until=until)
    return _about(workflow, "The workflow has been shared with the user.")


def unshare(call: Call) -> Response:
    """Take a workflow back from somebody."""
    email, workflow = call.query.get("user_email_to_unshare_with"), call.workflow
    if not email:
        raise Malformed("user_email_to_unshare_with must be the e-mail of a person.")
    call.runner.sharing.unshare(call.person, workflow, email)
    return _about(workflow, "The workflow has been unshared with the user.")


def share_status(call: Call) -> Response:
    """Answer with whom a workflow is shared, and until when."""
    workflow = call.workflow
    readers = [
        {
            "user_email": one.email,
            "valid_until": f"{one.valid_until}T23:59:59" if one.valid_until else None,
        }
        for one in call.runner.sharing.readers_of(workflow)
    ]
    return JSONResponse(
        {
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
            "shared_with": readers,
        }
    )


def sharers(call: Call) -> Response:
    """Answer who shares something with the caller."""
    emails = call.runner.sharing.sharers(call.person)
    return JSONResponse({"users_shared_with_you": [{"email": email} for email in emails]})


def readers(call: Call) -> Response:
    """Answer with whom the caller shares something."""
    emails = call.runner.sharing.readers(call.person)
    return JSONResponse({"users_you_shared_with": [{"email": email} for email in emails]})


def open_session(call: Call) -> Response:
    """Refuse an interactive session: the demo's are the hub's."""
    raise NotFound(
        f"This runner has no interactive sessions of its own: to work on the files of"
        f" {call.workflow.full_name}, open its workspace in a session of the hub, from the run's"
        " page in the portal."
    )


def close_session(call: Call) -> Response:
    """Refuse to close an interactive session: there is none."""
    raise NotFound(
        f"Workflow {call.workflow.full_name} has no open interactive session. Sessions are the"
        " hub's; end them in the portal."
    )


def _about(workflow: Workflow, message: str) -> Response:
    return JSONResponse(
        {
            "message": message,
            "workflow_id": str(workflow.id),
            "workflow_name": workflow.full_name,
        }
    )


def _day(text: object) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError as exc:
        raise Malformed("valid_until must be a day as YYYY-MM-DD.") from exc


ONE = "/api/workflows/{workflow}"
ROUTES: list[BaseRoute] = [
    route("/api/users/shared-with-you", "GET", sharers),
    route("/api/users/you-shared-with", "GET", readers),
    route(f"{ONE}/share", "POST", share),
    route(f"{ONE}/unshare", "POST", unshare),
    route(f"{ONE}/share-status", "GET", share_status),
    route(f"{ONE}/open/{{kind}}", "POST", open_session),
    route(f"{ONE}/close/", "POST", close_session),
]
