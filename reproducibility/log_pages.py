"""The logs of a run as a page that is open takes them: what is new since it read them last."""

from __future__ import annotations

from reproducibility.presenting import ShownLog
from reproducibility.services.progress import LOG_LENGTH


def since(log: ShownLog, seen: int) -> dict[str, object]:
    """Return a log from a character on, or all of it where its beginning has been dropped.

    `at` is where `text` belongs: 0 replaces what the page has.
    """
    whole = not log.grows or len(log.text) >= LOG_LENGTH
    at = 0 if whole or seen > len(log.text) else seen
    return {"key": log.key, "state": log.state, "at": at, "text": log.text[at:]}
