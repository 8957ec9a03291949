"""What people enter for a session, checked."""

from __future__ import annotations

import re
from contextlib import suppress

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services.embargo import check_contents
from vre_portal.errors import InvalidRequest, NotFound

MAX_NAME = 100
DID = re.compile(r"[A-Za-z0-9_.-]{1,30}:[^\s:]{1,250}")


def checked_name(name: str) -> str:
    """Return a session's name on one line, or raise `InvalidRequest`."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"Use at most {MAX_NAME} characters for the name.", field="name")
    return name


def checked_did(did: str) -> str:
    """Return a dataset's DID, or an empty text for none; raise `InvalidRequest` for others."""
    did = did.strip()
    if did and not DID.fullmatch(did):
        raise InvalidRequest(
            f"'{did[:80]}' is not a DID. Write scope:name, as on the dataset's page.",
            field="dataset",
        )
    return did


def check_may_open(user: User, did: str) -> None:
    """Raise what keeps a dataset from a person; of one that is not there nothing can be shown."""
    if did:
        with suppress(NotFound):
            check_contents(user, Did.parse(did))
