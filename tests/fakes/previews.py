"""Files for previews: in memory, and one of each format made by the previews' own interpreter."""

from __future__ import annotations

from pathlib import Path

from vre_portal.config import get_config

REPOSITORY = Path(__file__).resolve().parents[2]


class Held:
    """A file in memory, which counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.read = content, 0

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return a range."""
        found = self.content[offset : offset + length]
        self.read += len(found)
        return found


def previews_python() -> Path:
    """Return the interpreter of the previews' environment."""
    python = get_config().preview_python
    assert python is not None, "VRE_PREVIEW_PYTHON names the interpreter of the previews"
    return python
