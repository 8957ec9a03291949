"""Every setting of the portal, typed, read from the environment (prefix ``VRE_``)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import yaml
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from vre_portal.config_deposits import DepositSettings
from vre_portal.config_runs import RunSettings
from vre_portal.config_sessions import SessionSettings
from vre_portal.config_verdicts import VerdictSettings
from vre_portal.mail_server import MailServer, is_mailbox, mail_server

PRODUCTION_SECRET = 50
DIFFERENT_CHARACTERS = 16
RSA_BITS = 2048
GROUP_ACCOUNT = re.compile(r"[a-z0-9-_]{1,19}")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Stage(StrEnum):
    """Where this portal runs; everything but production may show the style page."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class Config(VerdictSettings, DepositSettings, RunSettings, SessionSettings, BaseSettings):
    """The portal's settings; all faults are reported at once and secrets stay hidden."""

    model_config = SettingsConfigDict(
        env_prefix="VRE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Stage = Field(
        Stage.PRODUCTION, description="production, demo or test; production refuses weak settings"
    )
    debug: bool = Field(False, description="Django's debug pages; refused in production")
    public_url: str = Field(description="The address that people type, without a slash at its end")
    secret_key: SecretStr = Field(description="Django's signing key, at least 32 characters")
    vault_keys: Annotated[list[SecretStr], NoDecode] = Field(
        description="Comma-separated Fernet keys of the token vault, newest first"
    )
    cookie_suffix: str = Field(
        "", description="Added to cookie names where several portals share one host name"
    )
    database_url: SecretStr = Field(description="PostgreSQL, as postgresql://user:password@host/db")
    database_pool_size: int = Field(10, description="Connections a process may hold", ge=1)
    valkey_url: SecretStr = Field(description="Valkey: broker, channel layer and cache")

    providers_file: Path = Field(description="YAML list of OpenID providers (docs/identity.md)")
    satellites_file: Path | None = Field(
        None, description="JSON list of first-party OAuth clients of the portal's own issuer"
    )
    issuer_key_file: Path | None = Field(
        None, description="PEM of the RSA key with which the portal signs for its satellites"
    )
    issuer_old_key_files: Annotated[list[Path], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated PEMs of former keys, published until no token of theirs lives",
    )
    trusted_proxies: int = Field(
        0,
        description="Proxies in front, each of which appends to X-Forwarded-For and sets "
        "X-Forwarded-Proto; 0 believes nobody's headers",
        ge=0,
    )
    session_hours: int = Field(
        14 * 24, description="A sign-in ends after so many hours, whatever one does", ge=1
    )
    session_idle_hours: int = Field(
        3 * 24, description="A sign-in ends when its browser was away for so many hours", ge=1
    )
    deletion_grace_days: int = Field(
        14, description="How long somebody who asked to be deleted may still keep the account", ge=0
    )
    audit_days: int = Field(
        550, description="How long the audit log keeps an entry before it may be removed", ge=1
    )
    token_max_days: int = Field(365, description="The longest life of an API token, days", ge=1)
    terms_version: str = Field("1", description="Raising it asks everybody to accept again")

    terms_changes: str = Field(
        "", description="One sentence: what changed in this version of the terms"
    )
    contact: str = Field("", description="Mail address of the operators, shown on pages")
    security_contact: str = Field(
        "", description="Mail address for incidents; the operators' where it is empty"
    )

    mail_url: SecretStr | None = Field(
        None,
        description="Where notices are handed in, as smtp+starttls://user:password@host:587, "
        "smtps:// or smtp://; without it none are sent by mail",
    )
    mail_from: str = Field("", description="Their sender, as: Portal <portal@example.org>")

    rucio_url: str | None = Field(None, description="Rucio's REST address")
    rucio_service_username: str = Field("root", description="Provisioning account (userpass)")
    rucio_service_password: SecretStr | None = Field(None, description="Its password")
    rucio_service_account: str = Field("root", description="The Rucio account it acts as")
    rucio_quota_bytes: int = Field(
        100 * 2**30, description="Limit given to a new account at each storage, bytes"
    )
    rucio_groups: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object: an identity group and the Rucio account that its members act "
        'for, as {"/escape/cms": "cms"}',
    )
    rucio_group_quota_bytes: int = Field(
        2**40, description="Limit that `make_group_accounts` gives a group at each storage, bytes"
    )
    embargo_until_key: str = Field(
        "embargo_until",
        description="Metadata key with the last day on which a DID is proprietary, as 2027-01-31",
    )
    embargo_group_key: str = Field(
        "embargo_group",
        description="Metadata key with the identity group that may see it till then",
    )
    embargo_scopes: Annotated[list[str], NoDecode] = Field(
        default_factory=lambda: ["*"],
        description="Comma-separated patterns of the scopes whose embargoes count; empty: of none",
    )
    erase_grace_hours: int = Field(
        24, description="How long an erased DID can still be kept after all", ge=1
    )
    storage_audience: str = Field(
        "storage", description="Audience of the tokens with which people read and write at storages"
    )
    zip_max_files: int = Field(
        10_000, description="Files that a ZIP may hold; more come by metalink or script", ge=1
    )
    zip_max_bytes: int = Field(
        100 * 2**30, description="Bytes that a ZIP may hold; more come by metalink or script", ge=1
    )
    hub_url: str | None = Field(None, description="JupyterHub as browsers see it")
    hub_api_url: str | None = Field(None, description="JupyterHub's API, ends in /hub/api")
    hub_token: SecretStr | None = Field(None, description="Token of the hub's service 'portal'")
    reana_url: str | None = Field(None, description="REANA's server address")
    reana_tokens: Literal["exchange", "stored"] = Field(
        "exchange",
        description="Where REANA's tokens come from: exchanged at the person's provider, or "
        "stored, pasted once by each person (docs/reana.md)",
    )

    recall_ask_bytes: int = Field(
        2**40,
        description="A recall from tape of more bytes than this is confirmed twice; 0: none is",
        ge=0,
    )
    recall_approve_bytes: int = Field(
        10 * 2**40,
        description="A recall of more bytes than this needs an approver; 0: none does",
        ge=0,
    )
    replica_activities: Annotated[list[str], NoDecode] = Field(
        default_factory=lambda: ["User Subscriptions", "Analysis Input", "Data Consolidation"],
        description="Comma-separated activities that a request may name, the usual one first",
    )
    expiry_notice_days: int = Field(
        3, description="So many days before a copy ends its owner is told, once; 0: never", ge=0
    )

    work_folder: Path = Field(
        Path(tempfile.gettempdir()) / "vre-portal",
        description="Where workers keep the inputs of a run while they hand them on",
    )
    upload_folder: Path | None = Field(
        None,
        description="Where uploads wait for their storage, shared by all processes; without it"
        " the folder `uploads` in the work folder",
    )
    upload_max_bytes: int = Field(200 * 2**30, description="The largest upload, bytes", ge=1)
    upload_spare_bytes: int = Field(
        2**30, description="Room on the uploads' disk that no new upload may claim, bytes", ge=0
    )
    upload_open: int = Field(
        200, description="Uploads that one person may have under way at once", ge=1
    )
    upload_open_bytes: int = Field(
        500 * 2**30, description="Bytes that one person's uploads under way may claim", ge=1
    )
    upload_keep_hours: int = Field(
        7 * 24, description="A half-done or failed upload is removed after so many hours", ge=1
    )

    harvest_minutes: int = Field(
        10, description="How often a scope's new data is read into the index; 0 reads nothing", ge=0
    )
    harvest_full_hours: int = Field(
        24, description="How often all names of a scope are read again, to find what is gone", ge=1
    )
    harvest_at_once: int = Field(1, description="Scopes that are read at the same time", ge=1)

    preview_python: Path | None = Field(
        None,
        description="Interpreter of the environment that makes previews "
        "(data_mgmt/previews/requirements.txt); without it there are none",
    )
    preview_workers: int = Field(2, description="Previews made at once, over all workers", ge=1)

    upstream_timeout: float = Field(8.0, description="Seconds that one upstream call may take")
    page_budget: float = Field(2.0, description="Seconds that a page waits for all upstreams")
    lease_seconds: int = Field(25, description="How long a crashed worker's work stays untouched")

    brand_name: str = Field("Research Portal", description="Name in the title and the navigation")
    brand_accent: Literal["", "teal", "indigo", "plum", "slate"] = Field(
        "", description="Accent colour; empty is blue"
    )
    brand_help_url: str = Field("", description="Where 'Help' leads; empty hides it")
    default_language: str = Field("en", description="Language of the pages")

    data_backend: str = Field("data_mgmt.backends.rucio.RucioBackend", description="Adapter class")
    sessions_backend: str = Field(
        "sessions.backends.jupyterhub.JupyterHubBackend", description="Adapter class"
    )
    running_backend: str = Field(
        "sessions.backends.jupyter_server.JupyterServer", description="Adapter class"
    )
    workflows_backend: str = Field(
        "reproducibility.backends.reana.ReanaBackend", description="Adapter class"
    )

    @field_validator("rucio_groups")
    @classmethod
    def _accounts_are_rucios(cls, groups: dict[str, str]) -> dict[str, str]:
        # Rucio's attribute "group-<account>" has at most 30 characters.
        wrong = [name for name in groups.values() if not GROUP_ACCOUNT.fullmatch(name)]
        if wrong or len(set(groups.values())) < len(groups):
            raise ValueError("each group needs an account of its own: a-z, 0-9, - and _, up to 19")
        return groups

    @field_validator("embargo_scopes", "issuer_old_key_files", "vault_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("replica_activities", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        names = (part.strip() for part in value.split(",")) if isinstance(value, str) else None
        return [name for name in names if name] if names is not None else value

    @field_validator("vault_keys")
    @classmethod
    def _keys_are_fernet(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if not keys:
            raise ValueError("at least one key is needed")
        for key in keys:
            Fernet(key.get_secret_value())
        return keys

    @field_validator("public_url", "rucio_url", "hub_url", "hub_api_url", "reana_url")
    @classmethod
    def _no_slash_at_the_end(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @field_validator("mail_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        mail_server(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.mail_url and not is_mailbox(self.mail_from):
            raise ValueError("VRE_MAIL_FROM: one address is needed where VRE_MAIL_URL is set")
        return self

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("use at least 32 random characters")
        return value

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        faults = list(self._unsafe()) if self.environment is Stage.PRODUCTION else []
        if faults:
            raise ValueError("unsafe in production: " + "; ".join(faults))
        return self

    def _unsafe(self) -> Iterator[str]:
        """Yield what production must not run with, each with the setting's name."""
        if self.debug:
            yield "VRE_DEBUG: debug pages show what they must not"
        if _is_plain(self.public_url):
            yield "VRE_PUBLIC_URL: https is needed beyond loopback"
        if not self.host or "*" in self.host:
            yield "VRE_PUBLIC_URL: one host name is needed"
        for name in ("rucio_url", "hub_url", "hub_api_url", "reana_url", "deposit_url"):
            if _is_plain(getattr(self, name) or ""):
                yield f"VRE_{name.upper()}: tokens go there, so https is needed beyond loopback"
        if any(map(_is_plain, self.broker_audiences.values())):
            yield "VRE_BROKER_AUDIENCES: tokens go there, so https is needed beyond loopback"
        server = self.mail_server
        if server and not server.is_encrypted and server.host not in LOOPBACK:
            yield "VRE_MAIL_URL: passwords and addresses go there; smtps or smtp+starttls is needed"
        yield from self._weak_secrets()
        yield from self._weak_issuer_key()
        yield from self.weak_signing_keys()
        yield from self._open_files()

    def _weak_secrets(self) -> Iterator[str]:
        secret = self.secret_key.get_secret_value()
        enough = len(secret) >= PRODUCTION_SECRET and len(set(secret)) >= DIFFERENT_CHARACTERS
        if not enough or secret.startswith("django-insecure-"):
            yield f"VRE_SECRET_KEY: use at least {PRODUCTION_SECRET} random characters"
        keys = [key.get_secret_value() for key in self.vault_keys]
        if any(key in secret for key in keys):
            yield "VRE_VAULT_KEYS: use keys of their own, apart from VRE_SECRET_KEY"
        if any(len(set(key)) < DIFFERENT_CHARACTERS for key in keys):
            yield "VRE_VAULT_KEYS: use random keys"

    def _weak_issuer_key(self) -> Iterator[str]:
        if self.satellites_file and not self.issuer_key_file:
            yield "VRE_ISSUER_KEY_FILE: satellites need a key that signs for them"
        if self.issuer_key_file and not _signs_well(self.issuer_key_file):
            yield f"VRE_ISSUER_KEY_FILE: an RSA key of at least {RSA_BITS} bits (PEM) is needed"

    def _open_files(self) -> Iterator[str]:
        named = ("providers_file", "satellites_file", "issuer_key_file", "signing_key_file")
        files = [(name, getattr(self, name)) for name in named]
        files += [("issuer_old_key_files", path) for path in self.issuer_old_key_files]
        for name, path in files:
            if path and path.exists() and path.stat().st_mode & 0o007:
                yield f"VRE_{name.upper()}: everybody on the machine can read it; chmod o= it"

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail is handed in; None where the site sends none."""
        return mail_server(self.mail_url.get_secret_value()) if self.mail_url else None

    @property
    def is_https(self) -> bool:
        """Whether people reach the portal over https."""
        return self.public_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is served to this machine only."""
        return urlsplit(self.public_url).hostname in LOOPBACK

    @property
    def form_targets(self) -> list[str]:
        """Return the origins to which a form may lead by redirects: providers and the hub."""
        entries = yaml.safe_load(self.providers_file.read_text()) or []
        # What is wrong with the file, its own reader tells, all at once.
        issuers = [entry.get("issuer") for entry in entries if isinstance(entry, dict)]
        urls = [url for url in (*issuers, self.hub_url) if isinstance(url, str)]
        return sorted({"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls})

    @property
    def host(self) -> str:
        """The host name of the public address."""
        return urlsplit(self.public_url).hostname or ""

    def cookie_name(self, purpose: str) -> str:
        """Return the name of a cookie; over https the browser lets no other host set it."""
        return f"{'__Host-' if self.is_https else ''}vre_{purpose}{self.cookie_suffix}"


def _is_plain(url: str) -> bool:
    """Whether what is sent to an address goes over a network in clear."""
    parts = urlsplit(url)
    return bool(url) and parts.scheme != "https" and parts.hostname not in LOOPBACK


def _signs_well(file: Path) -> bool:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS


@cache
def get_config() -> Config:
    """Return the settings, read once a process."""
    return Config()
