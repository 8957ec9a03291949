"""Production: clean by Django's own checks, and refused with settings that are not safe."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from vre_portal.config import Config, get_config

ROOT = Path(__file__).resolve().parents[3]
Manage = Callable[..., subprocess.CompletedProcess[str]]


VAULT_KEY = Fernet.generate_key().decode()


@pytest.fixture
def safe(tmp_path: Path) -> dict[str, Any]:
    """Settings with which production starts."""
    providers, satellites = tmp_path / "providers.yaml", tmp_path / "satellites.json"
    providers.write_text(
        "- slug: example\n  name: Example\n  issuer: https://login.example/\n"
        "  client_id: portal\n  client_secret: secret\n"
    )
    satellites.write_text("[]")
    key = tmp_path / "issuer.pem"
    issuer_key = get_config().issuer_key_file
    assert issuer_key
    key.write_bytes(issuer_key.read_bytes())
    for file in (providers, key, satellites):
        file.chmod(0o640)
    return {
        "environment": "production",
        "public_url": "https://portal.example",
        "secret_key": secrets.token_urlsafe(50),
        "vault_keys": VAULT_KEY,
        "database_url": "postgresql://portal:x@127.0.0.1/portal",
        "valkey_url": "redis://127.0.0.1",
        "cookie_suffix": "",
        "providers_file": providers,
        "satellites_file": satellites,
        "issuer_key_file": key,
    }


@pytest.fixture
def manage(safe: dict[str, Any]) -> Manage:
    """`manage.py` as a production site runs it, each setting changeable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VRE_")}
    usual = {f"VRE_{name.upper()}": str(value) for name, value in safe.items()}

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error::RuntimeWarning", "manage.py", *arguments]
        return subprocess.run(
            command, env=inherited | usual | changes, cwd=ROOT, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    return run


def test_the_checks_for_deployment_find_nothing(manage: Manage) -> None:
    done = manage("check", "--deploy", "--fail-level", "INFO")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_every_cookie_belongs_to_the_host_alone(manage: Manage) -> None:
    done = manage(
        "shell", "-v", "0", "-c",
        "from django.conf import settings as s;"
        "print(*[v for n in dir(s) if n.endswith('COOKIE_NAME') and (v := getattr(s, n))"
        " if n.startswith(('SESSION', 'CSRF'))], s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)",
    )  # fmt: skip

    assert done.stdout.split() == ["__Host-vre_csrf", "__Host-vre_session", "True", "True"]


UNSAFE: dict[str, dict[str, Any]] = {
    "VRE_DEBUG": {"debug": True},
    "VRE_PUBLIC_URL: https": {"public_url": "http://portal.example"},
    "VRE_PUBLIC_URL: one host": {"public_url": "https://*"},
    "VRE_SECRET_KEY": {"secret_key": "ab" * 40},
    "VRE_SECRET_KEY: use at least": {"secret_key": secrets.token_urlsafe(24)},
    "VRE_VAULT_KEYS": {"vault_keys": VAULT_KEY, "secret_key": f"{VAULT_KEY}-and-some-more"},
    "VRE_ISSUER_KEY_FILE": {"issuer_key_file": None},
}


@pytest.mark.parametrize(("told", "changes"), UNSAFE.items(), ids=UNSAFE.keys())
def test_production_refuses(safe: dict[str, Any], told: str, changes: dict[str, Any]) -> None:
    Config(**safe)

    with pytest.raises(ValidationError, match=told):
        Config(**{**safe, **changes})


@pytest.mark.parametrize("name", ["providers_file", "satellites_file", "issuer_key_file"])
def test_secrets_that_everybody_can_read_are_refused(safe: dict[str, Any], name: str) -> None:
    safe[name].chmod(0o644)

    with pytest.raises(ValidationError, match=f"VRE_{name.upper()}: everybody on the machine"):
        Config(**safe)


def test_every_fault_is_told_at_once(manage: Manage) -> None:
    done = manage("check", VRE_DEBUG="true", VRE_SECRET_KEY="x" * 60, VRE_PUBLIC_URL="http://a.b")

    named = [
        name for name in ("VRE_DEBUG", "VRE_SECRET_KEY", "VRE_PUBLIC_URL") if name in done.stderr
    ]
    assert len(named) == 3
    assert "x" * 60 not in done.stderr


def test_a_provider_without_https_is_refused(manage: Manage, tmp_path: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        "- {slug: a, name: A, issuer: 'http://login.example/', client_id: b, client_secret: c}"
    )

    done = manage("check")

    assert done.returncode != 0
    assert "issuer: an https address is needed" in done.stderr
