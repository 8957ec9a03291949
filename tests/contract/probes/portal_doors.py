"""Tries the lent tokens, and the session's own, at the portal's API and at the provider."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from vre_session import broker, tokens

PORTAL = os.environ["VRE_PORTAL_URL"]
told = json.loads(Path("probe.json").read_text())
found: dict[str, dict[str, object]] = {}


def ask(url: str, *, token: str = "", form: dict[str, str] | None = None) -> dict[str, object]:
    """Return the status and the text of an answer."""
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {"status": answer.status, "text": answer.read().decode()}
    except urllib.error.HTTPError as exc:
        return {"status": exc.code, "text": exc.read().decode()}


lent = {name: tokens.token(name) for name in ("rucio", "reana")}
lent["hub"] = os.environ["JUPYTERHUB_API_TOKEN"]
for name, text in lent.items():
    for path in ("me", "me/tokens", "sessions", "data/scopes"):
        found[f"{name} portal {path}"] = ask(f"{PORTAL}/api/v1/{path}", token=text)
    for where, url in (("portal", f"{PORTAL}/oauth/token/"), ("provider", told["token_url"])):
        for client in ("portal", "hub"):
            form = {"grant_type": "refresh_token", "refresh_token": text, "client_id": client}
            found[f"{name} refresh at {where} as {client}"] = ask(url, form=form)
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": text,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": "storage",
            "client_id": "portal",
        }
        found[f"{name} exchange at {where}"] = ask(url, form=form)
uploads = broker.ask(os.environ, audience="uploads").text
found["uploads data"] = ask(f"{PORTAL}/api/v1/data/scopes", token=uploads)
found["uploads sessions"] = ask(f"{PORTAL}/api/v1/sessions", token=uploads)
found["uploads runs"] = ask(f"{PORTAL}/api/v1/runs", token=uploads)
found["uploads tokens"] = ask(f"{PORTAL}/api/v1/me/tokens", token=uploads)
found["uploads a token"] = ask(f"{PORTAL}/api/v1/me/tokens", token=uploads, form={})
found["uploads a session"] = ask(f"{PORTAL}/api/v1/sessions", token=uploads, form={})
print(json.dumps(found))
