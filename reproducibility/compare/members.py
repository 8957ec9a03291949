"""Objects of ROOT as the values that are in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import uproot

#: What an object has in memory, not what it holds.
_OF_MEMORY = {"fUniqueID", "fBits", "@fUniqueID", "@fBits"}


class Unseen:
    """A part of an object that can't be looked into: it is equal to no other."""

    def __repr__(self) -> str:
        """Return what people read in its place."""
        return "a part that can't be looked into"


def members(value: Any) -> Any:
    """Return an object of ROOT as its members by name; what is none stays as it is."""
    if isinstance(value, uproot.model.UnknownClass):
        return Unseen()
    if isinstance(value, uproot.containers.Container):
        return value.tolist()
    if not isinstance(value, uproot.Model):
        return value
    held = {name: each for name, each in value.all_members.items() if name not in _OF_MEMORY}
    # Lists and maps of ROOT behave as those of Python; what is in them is no member.
    if isinstance(value, str):
        held["text"] = str(value)
    elif isinstance(value, Mapping):
        held["entries"] = [list(pair) for pair in value.items()]
    elif isinstance(value, Sequence):
        held["entries"] = list(value)
    return held
