"""One-time codes (RFC 6238): the demo's second factor, with the standard library."""

from __future__ import annotations

import hmac
import struct
import time

PERIOD = 30
DIGITS = 6


def code(secret: str, *, at: float | None = None) -> str:
    """Return the code of a secret at a time (now unless given)."""
    counter = struct.pack(">Q", int((time.time() if at is None else at) // PERIOD))
    digest = hmac.digest(secret.encode(), counter, "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_right(secret: str, given: str) -> bool:
    """Whether a code is that of now, of the period before, or of the next: clocks differ."""
    now = time.time()
    near = [code(secret, at=now + shift * PERIOD) for shift in (-1, 0, 1)]
    return any(hmac.compare_digest(known, given.strip()) for known in near)
