"""The one name that a person has in every backend, made from what never changes."""

from __future__ import annotations

import re
import unicodedata
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256

#: Rucio allows 25 characters for an account, and the scope `user.<handle>` needs five of them.
LENGTH = 20
SHORTEST_MARK = 5
LONGEST_MARK = 13


def handles_for(issuer: str, subject: str, preferred: str) -> Iterator[str]:
    """Yield handles such as ``researcher-k3x9a``: at most 20 characters of a-z, 0-9 and "-".

    The mark comes from issuer and subject, so that one person gets the same on every portal of
    the federation. Two people whose handles clash differ in the next, whose mark is longer.
    """
    plain = unicodedata.normalize("NFKD", preferred).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain.partition("@")[0]).strip("-")
    name = re.sub(r"^[^a-z]+", "", name) or "user"
    mark = b32encode(sha256(f"{issuer}|{subject}".encode()).digest()).decode().lower()
    for length in range(SHORTEST_MARK, LONGEST_MARK + 1):
        yield f"{name[: LENGTH - length - 1].rstrip('-')}-{mark[:length]}"
