"""Asks the hub for all sorts of things with the session's own token."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request

BASE, TOKEN = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"]
ME = os.environ["JUPYTERHUB_USER"]


def ask(method: str, path: str, body: object = None) -> dict[str, object]:
    """Return the status and the text of an answer."""
    request = urllib.request.Request(
        f"{BASE}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {"status": answer.status, "text": answer.read().decode()}
    except urllib.error.HTTPError as exc:
        return {"status": exc.code, "text": exc.read().decode()}


everything = {"scopes": ["admin:auth_state!user", "tokens", "self"], "expires_in": 60}
print(
    json.dumps(
        {
            "own": ask("GET", "/user"),
            "own by name": ask("GET", f"/users/{ME}"),
            "with auth_state": ask("GET", f"/users/{ME}?include_auth_state=1"),
            "all users": ask("GET", "/users"),
            "own tokens": ask("GET", f"/users/{ME}/tokens"),
            "a new token": ask("POST", f"/users/{ME}/tokens", everything),
            "another user": ask("GET", "/users/researcher"),
            "the proxy": ask("GET", "/proxy"),
            "a server": ask("POST", f"/users/{ME}/servers/s-mine", {}),
            "the hub": ask("GET", "/info"),
            "the services": ask("GET", "/services"),
        }
    )
)
