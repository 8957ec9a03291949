"""The REANA-compatible runner as a component of the demo."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.stack import REPOSITORY, Component, Stack, write_private

HERE = Path(__file__).resolve().parent

#: The virtual environment that stands in for most images.
ENVIRONMENT = "physics"
ISSUERS = (("iam-escape", "/"), ("iam-checkin", "/oidc"))

#: The workflow engines, each in an environment that the steps of a run know nothing of.
ENGINES = ("snakemake", "cwltool", "yadage")
#: `reana-client` is for sessions and the contract tests.
ENVIRONMENTS: dict[str, Path] = {
    "reana": HERE / "requirements.txt",
    "reana-client": HERE / "client" / "requirements.txt",
    "reana-client-next": HERE / "client" / "next" / "requirements.txt",
    **{f"engine-{name}": HERE / "engines" / "requirements" / f"{name}.txt" for name in ENGINES},
}


def settings_file(stack: Stack) -> Path:
    """Return the file that the service reads at its start."""
    return stack.folder("reana") / "settings.json"


def prepare(stack: Stack) -> None:
    """Write the service's settings."""
    settings = {
        "port": stack.port_of("reana"),
        "database_url": stack.database_url("reana"),
        "state": str(stack.folder("reana").resolve()),
        "issuers": [stack.url(listener, path) for listener, path in ISSUERS],
        "audience": "reana",
        "environment": str(stack.environments.resolve() / ENVIRONMENT),
        "environments": str(stack.environments.resolve()),
    }
    write_private(settings_file(stack), json.dumps(settings, indent=1))


def command(stack: Stack) -> Sequence[str]:
    """Return the service's command line."""
    return [str(stack.python("reana")), "-m", "demo.reana.service"]


def variables(stack: Stack) -> Mapping[str, str]:
    """Return where the service finds the code and its settings."""
    return {
        "PYTHONPATH": str(REPOSITORY),
        "REANA_RUNNER_SETTINGS": str(settings_file(stack)),
    }


def health(stack: Stack) -> str | None:
    """Answer None once the service answers."""
    try:
        with urllib.request.urlopen(stack.url("reana", "/api/ping"), timeout=2) as answer:
            return None if answer.status == 200 else f"answers {answer.status}"
    except OSError as exc:
        return f"does not answer: {exc}"


COMPONENTS: tuple[Component, ...] = (
    Component(
        name="reana",
        title="REANA-compatible runner",
        command=command,
        health=health,
        needs=("postgres",),
        environments=("reana", "sandbox", ENVIRONMENT, "light"),
        later=tuple(f"engine-{name}" for name in ENGINES),
        prepare=prepare,
        variables=variables,
        url=lambda stack: stack.url("reana"),
        stop_seconds=12.0,
    ),
)
