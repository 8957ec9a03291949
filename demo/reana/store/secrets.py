"""People's secrets as rows, encrypted with a key that the database does not hold."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet

from demo.reana.store import Pool
from demo.stack import write_private


class SecretKind(StrEnum):
    """How a run gets a secret: as a variable of its name, or as a file of its name."""

    VARIABLE = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of a person."""

    name: str
    kind: SecretKind
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Where a run's secrets lie: a folder of files, and a file of NAME=value, a null after each."""

    files: Path
    variables: Path


class Secrets:
    """The secrets of all people."""

    def __init__(self, pool: Pool, key: bytes) -> None:
        self._pool = pool
        self._cipher = Fernet(key)

    def add(self, person: UUID, secrets: Sequence[Secret], *, overwrite: bool) -> list[str]:
        """Add all secrets or none; return the names that are taken and kept them all out."""
        with self._pool.connection() as connection:
            if not overwrite:
                connection.execute("SELECT 1 FROM person WHERE id = %s FOR UPDATE", (person,))
                taken = connection.execute(
                    "SELECT name FROM secret WHERE person = %s AND name = ANY(%s) ORDER BY name",
                    (person, [secret.name for secret in secrets]),
                ).fetchall()
                if taken:
                    return [row["name"] for row in taken]
            for secret in secrets:
                connection.execute(
                    "INSERT INTO secret (person, name, kind, sealed) VALUES (%s, %s, %s, %s)"
                    " ON CONFLICT (person, name) DO UPDATE"
                    " SET kind = excluded.kind, sealed = excluded.sealed",
                    (person, secret.name, secret.kind, self._cipher.encrypt(secret.value)),
                )
        return []

    def remove(self, person: UUID, names: Sequence[str]) -> list[str]:
        """Remove all named secrets or none; return the names that do not exist."""
        with self._pool.connection() as connection, connection.transaction() as removal:
            gone = connection.execute(
                "DELETE FROM secret WHERE person = %s AND name = ANY(%s) RETURNING name",
                (person, list(names)),
            ).fetchall()
            missing = sorted(set(names) - {row["name"] for row in gone})
            if missing:
                removal.force_rollback = True
        return missing

    def kinds(self, person: UUID) -> dict[str, SecretKind]:
        """Return the names of a person's secrets and how runs get them, by name."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT name, kind FROM secret WHERE person = %s ORDER BY name", (person,)
            ).fetchall()
        return {row["name"]: SecretKind(row["kind"]) for row in rows}

    def of(self, person: UUID) -> list[Secret]:
        """Return a person's secrets with their values, for a run that begins."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT name, kind, sealed FROM secret WHERE person = %s ORDER BY name", (person,)
            ).fetchall()
        return [
            Secret(row["name"], SecretKind(row["kind"]), self._cipher.decrypt(row["sealed"]))
            for row in rows
        ]

    def hand_out(self, person: UUID, folder: Path, *, uid: int) -> HandedOut:
        """Write a person's secrets where a run with this user id may read them, and no other.

        What an earlier attempt left in the folder is replaced.
        """
        shutil.rmtree(folder, ignore_errors=True)
        handed = HandedOut(folder / "files", folder / "variables")
        handed.files.mkdir(parents=True)
        secrets = self.of(person)
        for secret in secrets:
            if secret.kind is SecretKind.FILE:
                _write(handed.files / secret.name, secret.value, uid)
        variables = (one for one in secrets if one.kind is SecretKind.VARIABLE)
        lines = b"".join(one.name.encode() + b"=" + one.value + b"\0" for one in variables)
        _write(handed.variables, lines, uid)
        _give(handed.files, uid, 0o500)
        return handed


def _write(path: Path, content: bytes, uid: int) -> None:
    path.touch(0o600)
    path.write_bytes(content)
    _give(path, uid, 0o400)


def _give(path: Path, uid: int, mode: int) -> None:
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, uid, uid)


def read_key(path: Path) -> bytes:
    """Return the key of a file that only the service may read, made at the first call."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        write_private(fresh, Fernet.generate_key().decode())
        with suppress(FileExistsError):  # another process was first
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()
