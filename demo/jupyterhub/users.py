"""The user id of each user's sessions: given once, kept for good."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from demo.stack import write_private

FIRST = 20001


def uid_of(store: Path, username: str) -> int:
    """Return a user's id, the next free one from 20001 on at the first time.

    Ids are never given again, so that nobody inherits files of a user who was removed.
    """
    with store.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, int] = json.loads(store.read_text()) if store.exists() else {}
        if username not in known:
            known[username] = max(known.values(), default=FIRST - 1) + 1
            write_private(store, json.dumps(known, indent=1, sort_keys=True))
        return known[username]
