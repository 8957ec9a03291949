"""The settings of interactive sessions: environments, what people make, limits, and the broker."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

AUDIENCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: What sessions get tokens for by themselves.
LENT = ("rucio", "reana", "uploads")


class SessionSettings(BaseSettings):
    """The part of the settings that sessions read."""

    environments_file: Path | None = Field(None, description="YAML of the session environments")
    environment_builder: str = Field(
        "",
        description="Adapter class that makes people's own environments, such as "
        "sessions.backends.local_builder.LocalBuilder; empty: the site makes none",
    )
    built_environments_folder: Path | None = Field(
        None,
        description="Where they are kept, read by the hub's machine too; `definitions` in it is "
        "for the hub",
    )
    build_base: Path | None = Field(
        None, description="Virtual environment that they are laid over: the session's server"
    )
    build_python: Path | None = Field(
        None, description="Interpreter with pip that makes them; without it the portal's own"
    )
    build_bwrap: Path | None = Field(
        None, description="bubblewrap, which locks the making up; without it the one on the PATH"
    )
    build_index_url: SecretStr | None = Field(
        None, description="Package index; without it what the machine's pip is set up for"
    )
    build_like: str = Field(
        "", description="Slug of the environment whose options and limits they get"
    )
    build_minutes: float = Field(15.0, description="The longest making, minutes", gt=0)
    build_bytes: int = Field(2 * 2**30, description="The largest of them, bytes", ge=1)
    build_memory_bytes: int = Field(
        2 * 2**30, description="Memory that the making may use, bytes", ge=2**28
    )
    build_workers: int = Field(1, description="How many are made at once", ge=1)
    build_keep_days: int = Field(
        60, description="One that nobody has used for so many days is taken away", ge=1
    )
    session_storage: str | None = Field(
        None,
        description="Storage (RSE) whose files sessions can read: what a session opens is copied"
        " there first; without it nothing is",
    )
    session_storage_days: int = Field(
        14, description="How long what was copied there for a session is kept, days", ge=1
    )
    sessions_site_limit: int | None = Field(
        None,
        description="Sessions that run at once over all people, as the hub's active_server_limit;"
        " without it no page tells how many are free",
        ge=1,
    )
    sessions_per_person: int | None = Field(
        None,
        description="Sessions that one person may have, as the hub's named_server_limit_per_user",
        ge=1,
    )
    broker_audiences: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object: for what else than Rucio and REANA sessions get short tokens, by"
        ' audience its address, as {"mlflow": "https://mlflow.example.org"}',
    )

    @field_validator("broker_audiences")
    @classmethod
    def _names_of_their_own(cls, addresses: dict[str, str]) -> dict[str, str]:
        # Sessions keep each token in a file of that name.
        wrong = [name for name in addresses if not AUDIENCE.fullmatch(name) or name in LENT]
        if wrong or not all(urlsplit(url).hostname for url in addresses.values()):
            raise ValueError(f"a-z, 0-9, - and _, none of {', '.join(LENT)}, each with an address")
        return {name: url.rstrip("/") for name, url in addresses.items()}
