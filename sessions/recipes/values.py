"""A list of packages as it is built: the lines for pip, whichever file they came from."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from sessions.recipes import conda, requirements
from sessions.recipes.lines import hold_text, refused
from vre_portal.errors import InvalidRequest

LONGEST_TEXT = 64 * 1024
CONDA = ("environment.yml", "environment.yaml")
#: Raised when environments are made in another way: what was made before then counts no more.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """The packages that are asked for, in pip's terms."""

    requirements: tuple[str, ...]

    def digest(self, base: str) -> str:
        """Return the name of what comes of it, on a base that has this fingerprint."""
        text = "\n".join([str(FORMAT), base, *sorted(self.requirements)])
        return hashlib.sha256(text.encode()).hexdigest()


def is_conda(name: str) -> bool:
    """Whether a file of this name lists packages as conda does."""
    return posixpath.basename(name).lower().endswith((".yml", ".yaml"))


def read(name: str, text: str, *, python: str, others: Mapping[str, str] | None = None) -> Recipe:
    """Return what a file asks for; `python` is the version that environments get.

    Raises
    ------
    InvalidRequest
        The file can't be used; the text names the line, `field` is ``text``.
    """
    if len(text.encode(errors="replace")) > LONGEST_TEXT:
        raise InvalidRequest(f"{name} may have at most 64 KiB.", field="text")
    hold_text(name, text)
    if is_conda(name):
        found = _conda(name, text, python)
    else:
        found = requirements.parse(text, name=name, others=others)
    if not found:
        raise InvalidRequest(f"{name} lists no package.", field="text")
    return Recipe(found)


def _conda(name: str, text: str, python: str) -> tuple[str, ...]:
    listed = conda.parse(text, name=name)
    if not listed.python.contains(python, prereleases=True):
        raise refused(
            name, listed.python_line,
            f"it asks for Python {listed.python}, and environments here have Python {python}.",
        )  # fmt: skip
    return listed.requirements
