"""Two of everything: what is recorded, then what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def each(make: Callable[..., R], recorded: object, found: object) -> tuple[R, R]:
    """Return the same made of both."""
    return make(recorded), make(found)
