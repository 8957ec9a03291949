"""The one name that a person has in every backend, made from what never changes."""

from __future__ import annotations

import re
import unicodedata
from base64 import b32encode
from hashlib import sha256

NAME_LENGTH = 14
MARK_LENGTH = 5


def handle_for(issuer: str, subject: str, preferred: str) -> str:
    """Return a handle such as ``researcher-k3x9a``: at most 20 characters of a-z, 0-9 and "-".

    The mark comes from issuer and subject, so that two people never share a handle and one
    person gets the same on every portal of the federation.
    """
    plain = unicodedata.normalize("NFKD", preferred).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain.partition("@")[0]).strip("-")
    name = re.sub(r"^[^a-z]+", "", name)[:NAME_LENGTH].rstrip("-") or "user"
    mark = b32encode(sha256(f"{issuer}|{subject}".encode()).digest()).decode().lower()
    return f"{name}-{mark[:MARK_LENGTH]}"
