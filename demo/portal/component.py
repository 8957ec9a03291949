"""The portal in the stack: pages and API, the worker, the clock, and their configuration."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo import sandbox
from demo.jupyterhub import component as jupyterhub
from demo.mail import component as mail
from demo.people import issuer
from demo.process import output_since_start
from demo.stack import REPOSITORY, Component, Stack, write_private

#: Slug -> what differs between the providers as the portal sees them.
PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "escape": {
        "name": "ESCAPE IAM",
        "description": "For members of the ESCAPE collaboration",
        "extra_scopes": ["wlcg.groups"],
        "claims": {"groups": "wlcg.groups"},
        "hint_parameter": "aarc_idp_hint",
        "mfa": True,
        "roles": [
            {"role": "member", "group": "/escape"},
            {"role": "datamanager", "group": "/escape/data-managers"},
            {"role": "operator", "group": "/escape/operators"},
        ],
    },
    "checkin": {
        "name": "Check-in",
        "description": "For members of other collaborations, through EGI's federation",
        "extra_scopes": ["eduperson_entitlement", "voperson_id", "eduperson_assurance"],
        "hint_parameter": "aarc_idp_hint",
        "required_claims": ["name", "email"],
        "group_authorities": ["aai.egi.eu"],
        "membership_help": {"text": "Membership of KM3NeT is given by its secretariat."},
        "roles": [{"role": "member", "group": "km3net"}],
    },
}

#: Group of the provider -> the account in Rucio that its members act for.
GROUPS = {"/escape/cms": "cms", "km3net": "km3net"}

#: Further providers, given to `up --providers`, kept in the state folder until others are.
ADDED_PROVIDERS = "added-providers.yaml"

MAKE_SIGNING_KEY = """
import sys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
sys.stdout.buffer.write(ed25519.Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
))
"""

MAKE_KEY = """
import sys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
sys.stdout.buffer.write(key.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
))
"""


_preparing = threading.Lock()
_prepared_at: dict[Path, float] = {}
FRESH_SECONDS = 60.0


def prepare(stack: Stack) -> None:
    """Write the configuration files and bring the database up to the code.

    Portal, worker and beat start side by side, and each asks for it: the first one does it.
    """
    with _preparing:
        if time.monotonic() - _prepared_at.get(stack.state, -FRESH_SECONDS) < FRESH_SECONDS:
            return
        write_configuration(stack)
        _add_providers(stack)
        _manage(stack, "migrate", "--no-input", "--verbosity", "0")
        _prepared_at[stack.state] = time.monotonic()


def write_configuration(stack: Stack) -> None:
    """Write what the portal reads from files: providers, satellites, its keys."""
    folder = stack.folder("portal")
    entries = [_provider(stack, slug) for slug in PROVIDERS]
    write_private(folder / "providers.yaml", json.dumps(entries, indent=1))
    hub = {
        "client_id": "hub",
        "name": "JupyterHub",
        "client_secret": stack.secret("hub-oauth-client"),
        "redirect_uris": [stack.url("hub", "/hub/oauth_callback")],
    }
    command_line = {
        "client_id": "cli",
        "name": "the command line",
        "grant": "device",
        "scopes": ["openid", "profile", "read", "data", "sessions", "workflows"],
    }
    write_private(folder / "satellites.json", json.dumps([hub, command_line], indent=1))
    for name, make in (("issuer-key.pem", MAKE_KEY), ("signing-key.pem", MAKE_SIGNING_KEY)):
        if not (folder / name).exists():
            python = [str(stack.python("portal")), "-c", make]
            made = subprocess.run(python, capture_output=True, text=True, check=True)
            write_private(folder / name, made.stdout)


def _add_providers(stack: Stack) -> None:
    """Put the providers of the user's file beside the demo's; the portal itself reads it."""
    added = stack.state / ADDED_PROVIDERS
    if added.exists():
        file = stack.folder("portal") / "providers.yaml"
        told = json.loads(_manage(stack, "check_providers", str(added), "--as-json"))
        write_private(file, json.dumps([*json.loads(file.read_text()), *told], indent=1))


def _provider(stack: Stack, slug: str) -> dict[str, Any]:
    entry = {name: value for name, value in PROVIDERS[slug].items() if name != "extra_scopes"}
    scopes = ["openid", "profile", "email", "offline_access", *PROVIDERS[slug]["extra_scopes"]]
    return {
        "slug": slug,
        "issuer": issuer(stack, slug),
        "client_id": "portal",
        "client_secret": stack.secret(f"iam-{slug}-portal-client"),
        "scopes": scopes,
        # By the address in a token people share runs at the runner.
        "exchange_scope": "openid profile email",
        **entry,
    }


def variables(stack: Stack) -> dict[str, str]:
    """Return the portal's settings; the tests' own processes use them too."""
    folder = stack.folder("portal")
    return {
        "DJANGO_SETTINGS_MODULE": "vre_portal.settings",
        "PYTHONPATH": str(REPOSITORY),
        "VRE_ENVIRONMENT": "demo",
        "VRE_PUBLIC_URL": stack.url("portal"),
        "VRE_SECRET_KEY": stack.secret("portal-django", length=48),
        # 32 random bytes in URL-safe base 64 are a Fernet key; `secret` leaves out the padding.
        "VRE_VAULT_KEYS": stack.secret("portal-vault", length=32) + "=",
        "VRE_DATABASE_URL": stack.database_url("portal"),
        "VRE_VALKEY_URL": stack.valkey_url(),
        "VRE_COOKIE_SUFFIX": f"_{stack.port}",
        "VRE_PROVIDERS_FILE": str(folder / "providers.yaml"),
        "VRE_SATELLITES_FILE": str(folder / "satellites.json"),
        "VRE_ISSUER_KEY_FILE": str(folder / "issuer-key.pem"),
        "VRE_SIGNING_KEY_FILE": str(folder / "signing-key.pem"),
        "VRE_CAPTURE_IMAGES": json.dumps(
            {slug: f"vre-portal/{slug}:2026.11" for slug in ("physics", "light")}
        ),
        "VRE_MAIL_URL": mail.url(stack),
        "VRE_MAIL_FROM": mail.SENDER,
        "VRE_RUCIO_URL": stack.url("rucio"),
        "VRE_RUCIO_SERVICE_USERNAME": "root",
        "VRE_RUCIO_SERVICE_PASSWORD": stack.secret("rucio-root"),
        "VRE_RUCIO_GROUPS": json.dumps(GROUPS),
        "VRE_HUB_URL": stack.url("hub"),
        "VRE_HUB_API_URL": stack.url("hub-api", "/hub/api"),
        "VRE_HUB_TOKEN": stack.secret("hub-service-token"),
        "VRE_REANA_URL": stack.url("reana"),
        "VRE_CAMPAIGN_QUESTIONS": "500",
        "VRE_PREVIEW_PYTHON": str(stack.python("previews")),
        "VRE_WORK_FOLDER": str(stack.folder("portal", "work")),
        "VRE_ENVIRONMENTS_FILE": str(REPOSITORY / "demo" / "environments.yaml"),
        **made_environments(stack),
        "VRE_SESSION_STORAGE": "CERN-DISK",
        "VRE_SESSIONS_SITE_LIMIT": str(jupyterhub.SITE_LIMIT),
        "VRE_SESSIONS_PER_PERSON": str(jupyterhub.PER_PERSON),
        "VRE_BRAND_NAME": "Research Portal",
        "VRE_CONTACT": "operators@portal.example",
    }


def made_environments(stack: Stack) -> dict[str, str]:
    """Return the settings of environments that people make."""
    return {
        "VRE_ENVIRONMENT_BUILDER": "sessions.backends.local_builder.LocalBuilder",
        "VRE_BUILT_ENVIRONMENTS_FOLDER": str(jupyterhub.built_environments(stack)),
        "VRE_BUILD_BASE": str(stack.environments.resolve() / jupyterhub.BUILD_BASE),
        "VRE_BUILD_PYTHON": str(stack.environments.resolve() / "tools" / "bin" / "python"),
        "VRE_BUILD_BWRAP": str(sandbox.bundled_bwrap(stack.environments.resolve())),
        "VRE_BUILD_LIKE": jupyterhub.BUILD_BASE,
    }


def seed(stack: Stack) -> None:
    """Load institutions, make groups' accounts, publish analyses, by the portal's own commands."""
    _manage(stack, "make_group_accounts")
    feed = REPOSITORY / "demo" / "institutions"
    for slug in PROVIDERS:
        _manage(stack, "load_institutions", str(feed / f"{slug}.csv"), "--provider", slug)
    folders = sorted(path.parent for path in (REPOSITORY / "demo").glob("analyses/*/analysis.json"))
    _manage(stack, "seed_analyses", *map(str, folders))


def _manage(stack: Stack, *arguments: str) -> str:
    done = subprocess.run(
        [str(stack.python("portal")), str(REPOSITORY / "manage.py"), *arguments],
        cwd=stack.folder("portal"),
        env={"PATH": os.defpath, **variables(stack)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"manage.py {arguments[0]}: {done.stderr.strip()[-1500:]}")
    return done.stdout


def _pages(stack: Stack) -> list[str]:
    uvicorn = [str(stack.binary("portal", "uvicorn")), "vre_portal.asgi:application"]
    uvicorn += ["--host", "127.0.0.1", "--port", str(stack.port_of("portal"))]
    return [*uvicorn, "--no-access-log", "--timeout-graceful-shutdown", "3", "--log-level", "info",
            "--ws-max-size", "65536", "--no-proxy-headers"]  # fmt: skip


def _worker(stack: Stack) -> list[str]:
    celery = [str(stack.binary("portal", "celery")), "-A", "vre_portal", "worker", "-P", "threads"]
    return [*celery, "-c", "8", "--without-gossip", "--without-mingle", "-l", "INFO"]


def _beat(stack: Stack) -> list[str]:
    folder = stack.folder("beat")
    beat = [str(stack.binary("portal", "celery")), "-A", "vre_portal", "beat"]
    return [*beat, "-s", str(folder / "schedule"), "--pidfile=", "-l", "INFO"]


def _pages_health(stack: Stack) -> str | None:
    try:
        with urllib.request.urlopen(stack.url("portal", "/healthz"), timeout=3) as answer:
            return None if answer.status == 200 else f"/healthz answers {answer.status}"
    except (urllib.error.URLError, OSError) as exc:
        return f"/healthz: {exc}"


def _said(stack: Stack, name: str, words: str) -> str | None:
    """Tell by its log that a process which listens nowhere is ready."""
    log = stack.state / "logs" / f"{name}.log"
    return None if words in output_since_start(log) else f"has not said {words!r} yet"


ENVIRONMENTS: dict[str, Path] = {
    "portal": REPOSITORY / "requirements.txt",
    "test": REPOSITORY / "requirements-dev.txt",
    "previews": REPOSITORY / "data_mgmt" / "previews" / "requirements.txt",
}
COMPONENTS = (
    Component(
        name="portal",
        title="Portal",
        command=_pages,
        health=_pages_health,
        needs=("postgres", "valkey"),
        environments=("portal",),
        prepare=prepare,
        variables=variables,
        url=lambda stack: stack.url("portal", "/"),
    ),
    Component(
        name="worker",
        title="Celery worker",
        command=_worker,
        health=lambda stack: _said(stack, "worker", " ready."),
        needs=("postgres", "valkey"),
        environments=("portal", "previews", "sandbox"),
        prepare=prepare,
        variables=variables,
    ),
    Component(
        name="beat",
        title="Celery beat",
        command=_beat,
        health=lambda stack: _said(stack, "beat", "Starting..."),
        needs=("postgres", "valkey"),
        environments=("portal",),
        prepare=prepare,
        variables=variables,
        stop_seconds=5.0,
    ),
)
