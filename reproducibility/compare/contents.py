"""What a run gave, read once: its checksum, its size and its beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self


@dataclass(frozen=True, slots=True)
class Found:
    """What a run gave: its checksum and size in bytes, and its beginning (mostly all of it)."""

    sha256: str
    size: int
    head: bytes

    @classmethod
    def read(cls, pieces: Iterable[bytes], *, keep: int) -> Self:
        """Read a file of any size with at most `keep` bytes of it in memory."""
        digest, size, head = sha256(), 0, bytearray()
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            head += piece[: keep - len(head)]
        return cls(digest.hexdigest(), size, bytes(head))
