"""The hub in the stack: its settings, its proxy from npm, and where sessions run."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from pathlib import Path

from demo.node.component import folder as node_folder
from demo.node.component import install
from demo.stack import REPOSITORY, Component, Stack, write_private

HERE = Path(__file__).parent
#: Sessions that run at once, over all and for each person; the portal tells the same numbers.
SITE_LIMIT = 40
PER_PERSON = 5
#: What it needs fits into no environment with a current JupyterLab: sessions see one of its own.
REANA_CLIENT = "reana-client"
#: The environment that people's own ones are laid over.
BUILD_BASE = "light"
PROXY = "configurable-http-proxy/bin/configurable-http-proxy"


def prepare(stack: Stack) -> None:
    """Install the proxy and write the hub's settings, which hold its secrets."""
    install(stack, "chp", HERE / "proxy", needed=PROXY)
    state = stack.folder("hub")
    database = state / "hub.sqlite"
    database.touch(mode=0o600)
    write_private(state / "settings.json", json.dumps(settings(stack), indent=1))


def settings(stack: Stack) -> dict[str, object]:
    """Return what `jupyterhub_config.py` makes its configuration from."""
    cookie_secret = hashlib.sha256(stack.secret("hub-cookies").encode()).hexdigest()
    storages = stack.folder("rucio", "rse")
    reana_client = stack.environments.resolve() / REANA_CLIENT
    return {
        "port": stack.port_of("hub"),
        "site_limit": SITE_LIMIT,
        "per_person": PER_PERSON,
        "state": str(stack.folder("hub")),
        "public_url": stack.url("hub"),
        "api_url": stack.url("hub-api"),
        "portal": stack.url("portal"),
        "client_secret": stack.secret("hub-oauth-client"),
        "service_token": stack.secret("hub-service-token"),
        "cookie_secret": cookie_secret,
        "proxy_api_url": stack.url("hub-proxy-api"),
        "proxy_token": stack.secret("hub-proxy"),
        "proxy_command": [
            str(node_folder(stack) / "node"),
            str(stack.environments / "chp" / "node_modules" / PROXY),
        ],
        "environments": str(stack.environments.resolve()),
        "built_environments": str(built_environments(stack)),
        "build_base": BUILD_BASE,
        "profiles_file": str(REPOSITORY / "demo" / "environments.yaml"),
        "session_code": str(REPOSITORY / "clients" / "vre-session" / "src"),
        "read_only": [str(storages.resolve()), str(reana_client)],
        "session_variables": {
            "VRE_PORTAL_URL": stack.url("portal"),
            "VRE_BROKER_URL": stack.url("portal", "/api/v1/sessions/broker/token"),
            "VRE_RUCIO_URL": stack.url("rucio"),
            "VRE_COOKIE_SUFFIX": f"-{stack.port_of('hub')}",
            "VRE_AUDIENCES": "rucio,reana",
            "VRE_REANA_CLIENT": str(reana_client / "bin" / "reana-client"),
            "JUPYTERHUB_ACTIVITY_INTERVAL": "60",
            "REANA_SERVER_URL": stack.url("reana"),
            "REANA_ALLOWED_SERVER_HOSTS": "127.0.0.1",
        },
    }


def built_environments(stack: Stack) -> Path:
    """Return the folder of the environments that people made: the portal writes, the hub reads."""
    return stack.folder("built").resolve()


def command(stack: Stack) -> list[str]:
    """Return the hub's command; it starts the proxy and the culler itself."""
    return [str(stack.python("hub")), "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]


def variables(stack: Stack) -> dict[str, str]:
    """Return where the hub finds its settings, this package and node."""
    return {
        "VRE_HUB_SETTINGS": str(stack.folder("hub") / "settings.json"),
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{node_folder(stack)}:{stack.environments / 'hub' / 'bin'}:{os.defpath}",
        "no_proxy": "127.0.0.1,localhost",
    }


def health(stack: Stack) -> str | None:
    """Return None when the hub answers by itself and through its proxy."""
    for listener, what in (("hub-api", "the hub"), ("hub", "the proxy")):
        try:
            urllib.request.urlopen(stack.url(listener, "/hub/health"), timeout=5).close()
        except (urllib.error.URLError, OSError) as exc:
            return f"{what} does not answer ({exc})"
    return None


COMPONENTS: tuple[Component, ...] = (
    Component(
        name="hub",
        title="JupyterHub (sessions)",
        command=command,
        health=health,
        environments=("hub", "node", "sandbox", "light", "physics"),
        later=(REANA_CLIENT,),
        prepare=prepare,
        variables=variables,
        url=lambda stack: stack.url("hub"),
    ),
)
ENVIRONMENTS: dict[str, Path] = {
    name: HERE / name / "requirements.txt"
    for name in ("hub", "kubespawner", "light", "physics", "sandbox")
}
