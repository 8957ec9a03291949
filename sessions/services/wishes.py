"""What people enter for a session, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services.basket import OPENED
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


def checked_dids(texts: Iterable[str]) -> list[str]:
    """Return the DIDs in texts, each once; between two in one text are spaces.

    Raises
    ------
    InvalidRequest
        Something in them is not a DID, or there are more than a session opens.
    """
    dids = list(dict.fromkeys(did for text in texts for did in text.split()))
    for did in dids:
        if not DID.fullmatch(did):
            raise InvalidRequest(
                f"'{did[:80]}' is not a DID. Write scope:name, as on the dataset's page.",
                field="dataset",
            )
    if len(dids) > OPENED:
        raise InvalidRequest(
            f"A session opens with at most {OPENED} datasets, not {len(dids)}. "
            "Make a dataset or container of them and open that.",
            field="dataset",
        )
    return dids


def check_may_open(user: User, dids: Iterable[str]) -> None:
    """Raise what keeps data from a person; of what is not there nothing can be shown."""
    for did in dids:
        with suppress(NotFound):
            check_contents(user, Did.parse(did))
