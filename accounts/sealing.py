"""Secrets as they may be stored: encrypted, and bound to the row and field that hold them.

Keys are the site's own (`VRE_VAULT_KEYS`), newest first; Django's SECRET_KEY has no part in it.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from vre_portal.config import get_config


class Unreadable(Exception):
    """A stored secret that no key opens, or that belongs to another row."""


def seal(secret: str, *, bound_to: str) -> bytes:
    """Return a secret as it may be stored at one place, named by `bound_to`."""
    return _vault().encrypt(f"{bound_to}\0{secret}".encode())


def unseal(stored: bytes | memoryview, *, bound_to: str) -> str:
    """Return a stored secret in clear.

    Raises
    ------
    Unreadable
        Its key is gone, or it was moved here from another row.
    """
    try:
        place, _, secret = _vault().decrypt(bytes(stored)).decode().partition("\0")
    except (InvalidToken, UnicodeDecodeError) as exc:
        raise Unreadable from exc
    if place != bound_to:
        raise Unreadable
    return secret


def rotated(stored: bytes | memoryview) -> bytes | None:
    """Return a secret sealed with the newest key, None when it is already.

    Raises
    ------
    Unreadable
        No key opens it.
    """
    try:
        Fernet(_keys()[0]).decrypt(bytes(stored))
    except InvalidToken:
        try:
            return _vault().rotate(bytes(stored))
        except InvalidToken as exc:
            raise Unreadable from exc
    return None


def _vault() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in _keys()])


def _keys() -> list[str]:
    return [key.get_secret_value() for key in get_config().vault_keys]
