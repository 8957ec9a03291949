"""What keeps an analysis from being verified, as one line that people and the portal can read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class NoteKind(StrEnum):
    """Why the last scheduled verification did not take place, or says nothing."""

    INPUT_REPLACED = "input replaced"
    SIGN_IN_ENDED = "sign-in ended"
    NOT_DONE = "could not be done"


@dataclass(frozen=True, slots=True)
class Note:
    """A note on one version of an analysis, as ``Analysis.verify_note`` keeps it."""

    version: int
    kind: NoteKind
    words: str

    def __str__(self) -> str:
        return f"version {self.version}, {self.kind}: {self.words}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return the note that a text holds; None where there is none."""
        found = _FORM.fullmatch(text)
        return cls(int(found[1]), NoteKind(found[2]), found[3]) if found else None


_FORM = re.compile(rf"version (\d+), ({'|'.join(NoteKind)}): (.*)", re.DOTALL)
