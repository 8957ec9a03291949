"""The base of local environments: its Python, what is installed, what sessions need of it."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

#: What a session is started with, and what `vre_session` extends; with all that they need.
ROOTS = ("jupyterhub", "jupyterlab", "jupyter-server", "ipykernel", "dulwich")


def python_of(base: Path) -> str:
    """Return the base's version of Python."""
    for line in (base / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() in {"version", "version_info"}:
            return ".".join(value.strip().split(".")[:3])
    return ""


def fingerprint_of(base: Path) -> str:
    """Return a text that changes with what is installed in the base."""
    return _fingerprint(base, _changed(base))


def needed_by_sessions(base: Path) -> tuple[str, ...]:
    """Return the versions that no environment may change, as constraints."""
    return _needed(base, _changed(base))


def _changed(base: Path) -> int:
    return max(place.stat().st_mtime_ns for place in _packages(base))


def _packages(base: Path) -> list[Path]:
    return sorted(base.glob("lib/python*/site-packages"))


def _installed(base: Path) -> dict[str, Distribution]:
    found = distributions(path=[str(place) for place in _packages(base)])
    return {canonicalize_name(each.metadata["Name"]): each for each in found}


@lru_cache(maxsize=4)
def _fingerprint(base: Path, changed: int) -> str:
    listed = sorted(f"{name}=={each.version}" for name, each in _installed(base).items())
    text = "\n".join([str(base), python_of(base), *listed])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=4)
def _needed(base: Path, changed: int) -> tuple[str, ...]:
    installed = _installed(base)
    needed: set[str] = set()
    waiting = [name for name in ROOTS if name in installed]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        waiting += [each for each in _needs(installed[name]) if each in installed]
    return tuple(f"{name}=={installed[name].version}" for name in sorted(needed))


def _needs(distribution: Distribution) -> list[str]:
    names: list[str] = []
    for line in distribution.requires or ():
        if not re.search(r"extra\s*==", line):
            try:
                names.append(canonicalize_name(Requirement(line).name))
            except InvalidRequirement:
                continue
    return names
