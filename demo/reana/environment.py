"""The local environment that runs steps in place of the images that they name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path


@dataclass(frozen=True)
class LocalEnvironment:
    """A named virtual environment."""

    name: str
    folder: Path

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Return the installed packages as `name==version`, sorted."""
        places = [str(place) for place in self.folder.glob("lib/python*/site-packages")]
        found = {f"{one.name.lower()}=={one.version}" for one in distributions(path=places)}
        return tuple(sorted(found))

    @cached_property
    def packages_sha256(self) -> str:
        """Return the digest of the package list, one package a line."""
        return hashlib.sha256("".join(f"{one}\n" for one in self.packages).encode()).hexdigest()

    def sentence(self, images: Sequence[str]) -> str:
        """Return the label that every run carries."""
        return (
            f"Environment substituted: the step images ({', '.join(images)}) were not run;"
            f" the local environment {self.name!r} ran the commands instead"
            f" ({len(self.packages)} packages, sha256 {self.packages_sha256})."
        )
