"""Files as a capture gathers them: their contents within bounds, checksums of the larger ones."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from reproducibility.capture.values import FoundFile
from vre_portal.components.formats import size as in_words
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

#: What tools leave behind and no analysis needs.
IGNORED = frozenset(
    {".git", ".ipynb_checkpoints", ".snakemake", ".venv", "__MACOSX", "__pycache__", "node_modules"}
)
#: What the table has room for.
LONGEST_PATH = 400
#: Bytes of larger files that are read for their checksums alone, of all of them together.
HASHED_BYTES = 1 << 30
#: Seconds from one word to the page to the next.
PAUSE = 0.4

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one capture keeps: bytes of a file, bytes of all, and the number of files."""

    file_bytes: int
    all_bytes: int
    files: int

    @classmethod
    def configured(cls) -> Bounds:
        """Return the site's."""
        config = get_config()
        return cls(config.capture_file_bytes, config.capture_bytes, config.capture_files)


@dataclass
class Gathering:
    """Takes one file after the other; `notes` say in words what was left out."""

    tell: Tell
    bounds: Bounds = field(default_factory=Bounds.configured)
    files: list[FoundFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    summary: str = ""
    licence: str = ""
    _total: int = 0
    _kept: int = 0
    _hashed: int = 0
    _told_at: float = 0.0

    def expect(self, count: int, field: str) -> None:
        """Refuse more files than a capture may have.

        Raises
        ------
        InvalidRequest
            There are too many; `field` names what was asked for.
        """
        if count > self.bounds.files:
            words = _(
                "There are more than %(most)s files. Choose a folder that holds the analysis alone."
            )
            raise InvalidRequest(words % {"most": f"{self.bounds.files:,}"}, field=field)
        self._total = count

    def add(
        self,
        path: str,
        size: int,
        read: Callable[[], Iterable[bytes]],
        *,
        modified_at: float | None = None,
    ) -> None:
        """Take a file of `size` bytes, and read it if it is small enough to be kept or hashed."""
        self._say(len(self.files))
        if not is_storable(path):
            self.note(_("%s is left out: its name can't be kept.") % path[:80])
            return
        fits = size <= self.bounds.file_bytes and self._kept + size <= self.bounds.all_bytes
        if not fits and self._hashed + size > HASHED_BYTES:
            self.files.append(FoundFile(path, size, modified_at=modified_at))
        else:
            self.files.append(self._read(path, read(), modified_at, keep=fits))
        if not fits:
            told = {"path": path, "size": in_words(size)}
            self.note(_("%(path)s (%(size)s) is too large: put it into the data lake.") % told)

    def note(self, text: str) -> None:
        """Say something to the person, once."""
        if text not in self.notes:
            self.notes.append(text)

    def _read(
        self, path: str, pieces: Iterable[bytes], modified_at: float | None, *, keep: bool
    ) -> FoundFile:
        digest, adler, content, came = sha256(), 1, bytearray(), 0
        for piece in pieces:
            came += len(piece)
            digest.update(piece)
            adler = zlib.adler32(piece, adler)
            # One that grew meanwhile, or claimed to be smaller, does not fit any more.
            keep = keep and came <= self.bounds.file_bytes
            if keep:
                content += piece
        self._kept += came if keep else 0
        self._hashed += 0 if keep else came
        kept = bytes(content) if keep else None
        sums = digest.hexdigest(), f"{adler:08x}"
        return FoundFile(path, came, *sums, content=kept, modified_at=modified_at)

    def _say(self, done: int) -> None:
        now = time.monotonic()
        if now - self._told_at > PAUSE:
            self._told_at = now
            self.tell(done, max(self._total, done))


def is_storable(path: str) -> bool:
    """Whether the tables and the runner take a path."""
    if not 0 < len(path) <= LONGEST_PATH or not path.isprintable() or "\\" in path:
        return False
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    parts = PurePosixPath(path).parts
    return not path.startswith("/") and ".." not in parts and str(PurePosixPath(path)) == path


def is_wanted(path: str) -> bool:
    """Whether a path is outside the folders that tools leave behind."""
    return not IGNORED.intersection(PurePosixPath(path).parts)
