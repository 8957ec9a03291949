"""The local environments that run steps in place of the images that they name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path


@dataclass(frozen=True)
class LocalEnvironment:
    """A named virtual environment: the images that it stands in for, the lock it was made from."""

    name: str
    folder: Path
    slug: str = ""
    images: tuple[str, ...] = ()
    lock: Path | None = None

    def stands_in_for(self, image: str) -> bool:
        """Whether it is meant for an image; a pattern's `*` is any text, a tag or a path."""
        return any(fnmatchcase(image, pattern) for pattern in self.images)

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.folder / "bin" / "python"

    @cached_property
    def interpreter(self) -> str:
        """Return what its interpreter is, such as `CPython 3.11.7`; empty before it is built."""
        for line in _lines(self.folder / "pyvenv.cfg"):
            key, _, value = line.partition("=")
            if key.strip() in {"version", "version_info"}:
                return f"CPython {value.strip()}"
        return ""

    @cached_property
    def lock_sha256(self) -> str:
        """Return the digest of the lock file that it was made from, empty without one."""
        return hashlib.sha256(self.lock.read_bytes()).hexdigest() if self.lock else ""

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


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
