"""Tokens in files that only the user reads, and beside them what is known of each."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vre_session import broker

DEFAULT_AUDIENCES = "rucio,reana"


class NoToken(LookupError):
    """There is no token for the service; the text says so to the user."""


@dataclass(frozen=True)
class Loan:
    """What is known of a token that was lent, apart from the token."""

    account: str
    service_url: str
    expires_at: datetime


def token(audience: str) -> str:
    """Return the token of now for a service, as `rucio` or `reana`; ask for it at each use.

    Raises
    ------
    NoToken
        The portal lent none to this session.
    """
    return read(os.environ, audience)


def read(variables: Mapping[str, str], audience: str) -> str:
    """Return the token of now from its file."""
    try:
        return path_of(variables, audience).read_text().strip()
    except (OSError, KeyError) as exc:
        raise NoToken(f"This session has no token for {audience}: see its log.") from exc


def audiences(variables: Mapping[str, str]) -> list[str]:
    """Return the services whose tokens are kept, in their order."""
    listed = variables.get("VRE_AUDIENCES", DEFAULT_AUDIENCES).split(",")
    names = dict.fromkeys(name.strip() for name in listed)
    return [name for name in names if name and Path(name).name == name and name[0] != "."]


def path_of(variables: Mapping[str, str], audience: str) -> Path:
    """Return where a service's token lies."""
    return Path(variables["VRE_TOKEN_DIR"], audience)


def save(variables: Mapping[str, str], lent: broker.Token, *, audience: str) -> None:
    """Write a token's file for its owner only, and beside it what is known of the token."""
    write_private(path_of(variables, audience), lent.text)
    known = {
        "account": lent.account,
        "service_url": lent.service_url,
        "expires_at": lent.expires_at.isoformat(),
    }
    write_private(_loan_file(variables, audience), json.dumps(known))


def loan(variables: Mapping[str, str], audience: str) -> Loan | None:
    """Return what is known of the token that lies there, None where nothing is."""
    try:
        known = json.loads(_loan_file(variables, audience).read_text())
        ends = datetime.fromisoformat(known["expires_at"])
        return Loan(str(known["account"]), str(known["service_url"]), ends)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(variables: Mapping[str, str]) -> None:
    """Remove what an earlier server of the session left, half-written files too."""
    for folder in (Path(variables["VRE_TOKEN_DIR"]), _loans(variables)):
        for file in folder.glob("*") if folder.is_dir() else ():
            file.unlink(missing_ok=True)


def write_private(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # made with 0600
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    Path(part).replace(file)


def _loans(variables: Mapping[str, str]) -> Path:
    return Path(variables["VRE_SESSION_DIR"], "loans")


def _loan_file(variables: Mapping[str, str], audience: str) -> Path:
    return _loans(variables) / f"{audience}.json"
