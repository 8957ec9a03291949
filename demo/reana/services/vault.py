"""People's secrets: checked, kept sealed, listed without their values."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from demo.reana.errors import Conflict, Malformed, SecretsMissing
from demo.reana.store.secrets import Secret, SecretKind, Secrets
from demo.reana.values import Person

FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
#: Kubernetes gives a person's secrets this much in all.
MOST_BYTES = 1 << 20


class Vault:
    """The secrets of people, each a person's own."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def add(self, person: Person, given: Mapping[str, Any], *, overwrite: bool) -> None:
        """Keep secrets that come as `{name: {"type", "value" in base64}}`, all or none."""
        secrets = [_secret(name, one) for name, one in given.items()]
        if sum(len(secret.value) for secret in secrets) > MOST_BYTES:
            raise Malformed("The secrets of one call may have 1 MiB in all.")
        taken = self._secrets.add(person.id, secrets, overwrite=overwrite)
        if taken:
            raise Conflict(
                "Operation cancelled. Secret {} already exists. If you want change it use"
                " overwrite".format(", ".join(taken))
            )

    def remove(self, person: Person, names: Sequence[str]) -> list[str]:
        """Forget secrets, all or none, and return their names.

        Raises
        ------
        SecretsMissing
            Some do not exist; it names them.
        """
        missing = self._secrets.remove(person.id, names)
        if missing:
            raise SecretsMissing(missing)
        return list(names)

    def kinds(self, person: Person) -> Mapping[str, SecretKind]:
        """Return the names of a person's secrets, each with how runs get it."""
        return self._secrets.kinds(person.id)


def _secret(name: str, given: object) -> Secret:
    if not isinstance(given, dict) or not isinstance(given.get("value"), str):
        raise Malformed(f"The secret {name!r} needs a type and a value in base64.")
    try:
        kind = SecretKind(given.get("type"))
        value = base64.b64decode(given["value"], validate=True)
    except (ValueError, binascii.Error) as exc:
        raise Malformed(
            f"The secret {name!r} needs the type env or file, and a value in base64."
        ) from exc
    _check_name(name, kind)
    if kind is SecretKind.VARIABLE and b"\0" in value:
        raise Malformed(f"The secret {name!r} holds a null character; add it as a file.")
    return Secret(name, kind, value)


def _check_name(name: str, kind: SecretKind) -> None:
    allowed = VARIABLE_NAME if kind is SecretKind.VARIABLE else FILE_NAME
    if not allowed.fullmatch(name) or name in {".", ".."}:
        raise Malformed(
            f"{name!r} cannot name a secret: a variable has letters, digits and underscores, a"
            " file also dots and hyphens."
        )
