"""Calls about the caller's own secrets."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from demo.reana.api.call import Call, route
from demo.reana.errors import Malformed


def list_secrets(call: Call) -> Response:
    """Answer the names of the caller's secrets; the values are for runs alone."""
    kinds = call.runner.vault.kinds(call.person)
    return JSONResponse([{"name": name, "type": kind} for name, kind in kinds.items()])


def add_secrets(call: Call) -> Response:
    """Keep secrets."""
    call.runner.vault.add(call.person, call.fields(), overwrite=call.flag("overwrite"))
    return JSONResponse({"message": "Secret(s) successfully added."}, 201)


def delete_secrets(call: Call) -> Response:
    """Forget secrets."""
    names = call.body
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Malformed("The body must be a list of names of secrets.")
    return JSONResponse(call.runner.vault.remove(call.person, names))


ROUTES: list[BaseRoute] = [
    route("/api/secrets", "GET", list_secrets),
    route("/api/secrets/", "POST", add_secrets),
    route("/api/secrets/", "DELETE", delete_secrets),
]
