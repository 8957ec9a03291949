"""Asks the broker for audiences, and notes its answers."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

told = json.loads(Path("probe.json").read_text())
found = {}
for audience in told["audiences"]:
    request = urllib.request.Request(
        os.environ["VRE_BROKER_URL"],
        data=json.dumps({"audience": audience}).encode(),
        headers={
            "Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found[audience] = {"status": answer.status, "text": answer.read().decode()}
    except urllib.error.HTTPError as exc:
        found[audience] = {"status": exc.code, "text": exc.read().decode()}
print(json.dumps(found))
