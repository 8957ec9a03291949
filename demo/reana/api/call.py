"""From a request to a call: who asks, for what; from a refusal to an answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.reana.composition import Runner
from demo.reana.errors import Malformed, RunnerError, SignInRequired
from demo.reana.values import Person, Workflow

log = logging.getLogger("reana.api")
MAX_BODY = 4 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One call, with its body read and its person known."""

    runner: Runner
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, str]
    lists: Callable[[str], list[str]]
    body: Any

    @property
    def workflow(self) -> Workflow:
        """Return the person's workflow that the path names."""
        return self.runner.workflows.find(self.person, self.path["workflow"])

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set to something like yes."""
        return self.query.get(name, "").lower() in {"true", "1", "yes", "on"}

    def number(self, name: str) -> int | None:
        """Return a positive number of the query, None when it is not given."""
        text = self.query.get(name)
        if not text:
            return None
        if not text.isdigit() or not 0 < int(text) < 1 << 31:
            raise Malformed(f"{name} must be a positive number.")
        return int(text)

    def fields(self) -> Mapping[str, Any]:
        """Return the body as an object, empty when there is none."""
        if self.body is not None and not isinstance(self.body, dict):
            raise Malformed("The body must be a JSON object.")
        return self.body or {}


Handler = Callable[[Call], Response]


def route(path: str, method: str, handler: Handler) -> Route:
    """Return a route whose handler gets a call and runs in a thread."""

    async def endpoint(request: Request) -> Response:
        body = await read_json(request)
        return await run_in_threadpool(lambda: handler(make_call(request, body)))

    return Route(path, endpoint, methods=[method])


def make_call(request: Request, body: object = None) -> Call:
    """Return the call of a request, whose token is verified here."""
    runner: Runner = request.app.state.runner
    return Call(
        runner=runner,
        person=runner.sign_in(token_of(request)),
        path=request.path_params,
        query=request.query_params,
        lists=request.query_params.getlist,
        body=body,
    )


def token_of(request: Request) -> str:
    """Return the token: `Authorization: Bearer`, else REANA's query parameter."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else ""
    token = token or request.query_params.get("access_token", "")
    if not token:
        raise SignInRequired("User not signed in: no access token came with the call.")
    return token


async def read_json(request: Request) -> object:
    """Return the JSON body, None when the body is empty."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY:
            raise Malformed("The body is larger than the runner reads.")
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError as exc:
        raise Malformed("The body is not valid JSON.") from exc


def refused(_: Request, exc: Exception) -> Response:
    """Answer a refusal."""
    status = exc.status if isinstance(exc, RunnerError) else 500
    return JSONResponse({"message": str(exc)}, status)


def unknown(_: Request, exc: Exception) -> Response:
    """Answer a path or method that is not there."""
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    return JSONResponse({"message": "This runner does not offer that call."}, status)


def broken(request: Request, exc: Exception) -> Response:
    """Answer a fault of our own, without its text."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=exc)
    return JSONResponse({"message": "The runner failed; its log says why."}, 500)
