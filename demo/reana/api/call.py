"""From a request to a call: who asks, for what; from a refusal to an answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.reana.composition import Runner
from demo.reana.errors import (
    Malformed,
    RunnerError,
    SecretsMissing,
    SignInRequired,
    TooLarge,
    TooManyCalls,
)
from demo.reana.values import Person, Workflow

log = logging.getLogger("reana.api")
MAX_BODY = 4 << 20
#: A bundle's bytes, and room for the names in it.
MAX_FORM = 104 << 20


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
        """Return the person's own workflow that the path names, which they may change."""
        return self.runner.finder.own(self.person, self.path["workflow"])

    @property
    def readable(self) -> Workflow:
        """Return the workflow that the path names, the person's own or shared with them."""
        return self.runner.finder.readable(self.person, self.path["workflow"])

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set to something like yes."""
        return self.query.get(name, "").lower() in {"true", "1", "yes", "on"}

    def number(self, name: str) -> int | None:
        """Return a positive number of the query, None when it is not given."""
        text = self.query.get(name)
        if not text:
            return None
        if not text.isdecimal() or not 0 < int(text) < 1 << 31:
            raise Malformed(f"{name} must be a positive number.")
        return int(text)

    def fields(self) -> Mapping[str, Any]:
        """Return the body as an object, empty when there is none."""
        if self.body is not None and not isinstance(self.body, dict):
            raise Malformed("The body must be a JSON object.")
        return self.body or {}


def object_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that must be an object, empty when it is not given."""
    found = fields.get(name) or {}
    if not isinstance(found, dict):
        raise Malformed(f"{name} must be a JSON object.")
    return found


Handler = Callable[[Call], Response]


def route(path: str, method: str, handler: Handler) -> Route:
    """Return a route whose handler gets a call with a JSON body, and runs in a thread."""

    async def endpoint(request: Request) -> Response:
        return await answer_json(request, handler)

    return Route(path, endpoint, methods=[method])


def form_route(path: str, handler: Handler) -> Route:
    """Return a route whose handler gets a call with a form, and runs in a thread."""

    async def endpoint(request: Request) -> Response:
        return await answer_form(request, handler)

    return Route(path, endpoint, methods=["POST"])


async def answer_json(request: Request, handler: Handler) -> Response:
    """Answer a call whose body is JSON or empty."""
    body = await read_json(request)
    return await run_in_threadpool(lambda: handler(make_call(request, body)))


async def answer_form(request: Request, handler: Handler) -> Response:
    """Answer a call whose body is a form with files, which are read from disk."""
    call = await run_in_threadpool(make_call, request)
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Malformed("A form needs its length in Content-Length.")
    if int(length) > MAX_FORM:
        raise TooLarge(f"The form is larger than {MAX_FORM >> 20} MiB.")
    async with request.form(max_files=2, max_fields=10, max_part_size=MAX_BODY) as form:
        return await run_in_threadpool(handler, replace(call, body=form))


def is_form(request: Request) -> bool:
    """Whether a request brings a form with files."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def file_of(call: Call, name: str) -> IO[bytes]:
    """Return the open file that a form brings under a name."""
    found = call.body.get(name)
    if not isinstance(found, UploadFile):
        raise Malformed(f"The form has no file {name!r}.")
    return found.file


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
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise Malformed("The body is not valid JSON.") from exc


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def refused(_: Request, exc: Exception) -> Response:
    """Answer a refusal."""
    if isinstance(exc, SecretsMissing):
        return JSONResponse(list(exc.names), exc.status)
    status = exc.status if isinstance(exc, RunnerError) else 500
    headers = {"Retry-After": str(exc.retry_after)} if isinstance(exc, TooManyCalls) else None
    return JSONResponse({"message": str(exc)}, status, headers)


def unknown(_: Request, exc: Exception) -> Response:
    """Answer a path or method that is not there, or a form that cannot be read."""
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    if status == HTTPStatus.BAD_REQUEST:
        return JSONResponse({"message": "The form cannot be read."}, status)
    return JSONResponse({"message": "This runner does not offer that call."}, status)


def unstorable(_: Request, __: Exception) -> Response:
    """Answer a text or number that the database cannot hold, such as a null character."""
    return JSONResponse({"message": "The call holds a value that cannot be stored."}, 400)


def broken(request: Request, exc: Exception) -> Response:
    """Answer a fault of our own, without its text."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=exc)
    return JSONResponse({"message": "The runner failed; its log says why."}, 500)
