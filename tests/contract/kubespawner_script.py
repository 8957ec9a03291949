"""Runs in KubeSpawner's own environment: JSON of a profile list and options in, attributes out."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# It wants a cluster's address before it does anything; nothing is ever asked there.
CLUSTER = {
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
}
with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as config:
    json.dump(CLUSTER, config)
os.environ["KUBECONFIG"] = config.name

from kubespawner import KubeSpawner  # noqa: E402 - it reads the variable when it is imported

TOLD = (
    "image", "cpu_limit", "cpu_guarantee", "mem_limit", "mem_guarantee", "extra_resource_limits",
    "extra_resource_guarantees", "node_selector", "default_url", "extra_pod_config",
)  # fmt: skip
FORM = {"profile": ["physics"], "profile-option-physics--memory": ["2"]}


def spawner(profiles: list[dict[str, Any]], options: dict[str, str]) -> KubeSpawner:
    """Return a spawner that talks to no cluster."""
    return KubeSpawner(_mock=True, profile_list=profiles, user_options=options)


async def main() -> None:
    """Answer the question on standard input."""
    question = json.load(sys.stdin)
    profiles, spawned = question["profile_list"], []
    for options in question["user_options"]:
        made = spawner(profiles, options)
        await made.load_user_options()
        spawned.append({name: getattr(made, name) for name in TOLD})
    made = spawner(profiles, {})
    form = made.options_form
    rendered = await form(made) if callable(form) else form
    answer = {"spawned": spawned, "form": rendered, "from_form": made.options_from_form(FORM)}
    json.dump(answer, sys.stdout)


try:
    asyncio.run(main())
finally:
    Path(config.name).unlink()
