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
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from vre_portal.config import Config, get_config

ROOT = Path(__file__).resolve().parents[3]
Manage = Callable[..., subprocess.CompletedProcess[str]]


VAULT_KEY, OTHER_KEY = (Fernet.generate_key().decode() for _ in range(2))


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
    signing = tmp_path / "signing.pem"
    signing.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    for file in (providers, key, satellites, signing):
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
        "signing_key_file": signing,
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


UNSAFE: dict[str, dict[str, Any]] = {
    "VRE_DEBUG": {"debug": True},
    "VRE_DEBUG: debug": {"debug": True, "public_url": "http://127.0.0.1:8000"},
    "VRE_PUBLIC_URL: https": {"public_url": "http://portal.example"},
    "VRE_PUBLIC_URL: one host": {"public_url": "https://*"},
    "VRE_SECRET_KEY": {"secret_key": "ab" * 40},
    "VRE_SECRET_KEY: use at least": {"secret_key": secrets.token_urlsafe(24)},
    "VRE_SECRET_KEY: use at": {"secret_key": f"django-insecure-{secrets.token_urlsafe(50)}"},
    "secret_key\n.*at least 32": {"secret_key": ""},
    "VRE_VAULT_KEYS": {"vault_keys": VAULT_KEY, "secret_key": f"{VAULT_KEY}-and-some-more"},
    "VRE_VAULT_KEYS: use keys": {"vault_keys": f"{OTHER_KEY},{VAULT_KEY}",
                                 "secret_key": f"some-more-of-it-{VAULT_KEY}"},
    "VRE_VAULT_KEYS: use random": {"vault_keys": f"{VAULT_KEY},{'A' * 43}="},
    "at least one key": {"vault_keys": ""},
    "Fernet key": {"vault_keys": "short"},
    "VRE_ISSUER_KEY_FILE": {"issuer_key_file": None},
    "VRE_SIGNING_KEY_FILE": {"signing_key_file": None},
    "VRE_SIGNING_OLD_PUBLIC_KEY_FILES": {"signing_old_public_key_files": "absent.pem"},
    "VRE_RUCIO_URL: .*https": {"rucio_url": "http://rucio.example"},
    "VRE_HUB_URL: .*https": {"hub_url": "http://hub.example"},
    "VRE_HUB_API_URL: .*https": {"hub_api_url": "http://hub.example:8081/hub/api"},
    "VRE_REANA_URL: .*https": {"reana_url": "http://reana.example"},
    "VRE_DEPOSIT_URL: .*https": {"deposit_url": "http://zenodo.example"},
    "VRE_MAIL_URL: .*smtps": {"mail_url": "smtp://mail.example", "mail_from": "p@portal.example"},
}  # fmt: skip


@pytest.mark.parametrize(("told", "changes"), UNSAFE.items(), ids=UNSAFE.keys())
def test_production_refuses(safe: dict[str, Any], told: str, changes: dict[str, Any]) -> None:
    Config(**safe)

    with pytest.raises(ValidationError, match=told):
        Config(**{**safe, **changes})


SECRETS = ["providers_file", "satellites_file", "issuer_key_file", "signing_key_file"]


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_that_everybody_can_read_are_refused(safe: dict[str, Any], name: str) -> None:
    safe[name].chmod(0o644)

    with pytest.raises(ValidationError, match=f"VRE_{name.upper()}: everybody on the machine"):
        Config(**safe)


def test_a_former_key_that_everybody_can_read_is_refused(
    safe: dict[str, Any], tmp_path: Path
) -> None:
    old = tmp_path / "old.pem"
    old.touch(mode=0o644)

    with pytest.raises(ValidationError, match="VRE_ISSUER_OLD_KEY_FILES: everybody"):
        Config(**safe, issuer_old_key_files=[old])


def pem(
    key: RSAPrivateKey | EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


BAD_KEYS = {
    "short": pem(rsa.generate_private_key(65537, 1024)),
    "of another kind": pem(ec.generate_private_key(ec.SECP256R1())),
    "none": b"-----BEGIN NOTHING-----",
    "empty": b"",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_that_does_not_sign_well_is_refused(safe: dict[str, Any], key: bytes) -> None:
    safe["issuer_key_file"].write_bytes(key)

    with pytest.raises(ValidationError, match="VRE_ISSUER_KEY_FILE: an RSA key"):
        Config(**safe)


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_that_can_not_sign_verdicts_is_refused(safe: dict[str, Any], key: bytes) -> None:
    safe["signing_key_file"].write_bytes(key)

    with pytest.raises(ValidationError, match="VRE_SIGNING_KEY_FILE: an Ed25519 key"):
        Config(**safe)


@pytest.mark.parametrize(
    "changes",
    [
        {"public_url": "http://127.0.0.1:8000", "rucio_url": "http://127.0.0.1:8001"},
        {"rucio_url": "https://rucio.example", "hub_api_url": "http://localhost:8081/hub/api"},
        {"vault_keys": f"{OTHER_KEY},{VAULT_KEY}"},
        {"satellites_file": None, "issuer_key_file": None},
        {"trusted_proxies": 2},
    ],
)
def test_production_starts(safe: dict[str, Any], changes: dict[str, Any]) -> None:
    assert Config(**{**safe, **changes}).environment == "production"


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
