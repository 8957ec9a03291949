"""Rucio's warnings that mean nothing in the demo, kept out of its logs."""

from __future__ import annotations

import logging

NOISE = (
    "No subscriptions defined",  # each round of the transmogrifier: the demo has none
    "Booleans should only accept",  # the server says so of true and false, too
)


def hush() -> None:
    """Drop the known noise; Rucio writes it by the root logger."""
    logging.getLogger().addFilter(
        lambda record: not any(noise in record.getMessage() for noise in NOISE)
    )
