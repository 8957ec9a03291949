"""Environments that people made, in the terms of the environments file.

The portal and the hub read the same text: what is offered is one entry of such a file, with the
options and limits of the site's environment that `VRE_BUILD_LIKE` names.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import yaml

from accounts.models import User
from sessions import definitions
from sessions.backends.building import get_builder
from sessions.definitions import Environment
from sessions.models import Build, BuildState
from vre_portal.config import get_config

log = logging.getLogger(__name__)

SLUG = re.compile(r"own-(?P<start>[0-9a-f]{12})")
#: What an entry takes over from the site's environment.
TAKEN_OVER = (
    "kind", "options", "minutes_idle", "cpu", "cpu_guarantee", "memory_gb", "memory_guarantee_gb",
    "lifetime_hours", "max_lifetime_hours", "extend_hours", "extensions", "default_url",
)  # fmt: skip
RUNS = {"local", "image"}
PACKAGES_TOLD = 60


def offered_to(user: User) -> list[Environment]:
    """Return what a person made or was let into, newest first."""
    if not get_config().environment_builder:
        return []
    rows = Build.objects.visible_to(user).filter(state=BuildState.READY).select_related("owner")
    return [made for row in rows if (made := environment_of(row)) is not None]


def named(slug: object) -> Environment | None:
    """Return one by its slug, whoever may use it; None when there is no such."""
    build = build_of(slug) if get_config().environment_builder else None
    return environment_of(build) if build and build.state == BuildState.READY else None


def build_of(slug: object) -> Build | None:
    """Return what was made under a slug."""
    found = SLUG.fullmatch(str(slug))
    if found is None:
        return None
    between = [UUID(found["start"] + letter * 20) for letter in "0f"]
    rows = Build.objects.filter(id__range=between, removed_at=None)
    return rows.select_related("owner").first()


def environment_of(build: Build) -> Environment | None:
    """Return it as portal and hub see it; None where the site's own file does not allow it."""
    return _parsed(text_of(build))


def text_of(build: Build) -> str:
    """Return the environments file that offers one to its owner and groups."""
    builder = get_builder()
    runs = dict(builder.runs(build.digest)) if builder and build.digest else {}
    told = {
        "slug": build.slug,
        "title": build.title,
        "description": build.description,
        "owner": build.owner.handle,
        "groups": list(build.groups),
        "packages": [
            f"{each['name']} {each['version']}" for each in build.packages[:PACKAGES_TOLD]
        ],
        **runs,
    }
    # The format takes no empty texts.
    entry = _like() | {name: value for name, value in told.items() if value}
    return yaml.safe_dump({"environments": [entry]}, sort_keys=False, allow_unicode=True)


def offer(build: Build) -> None:
    """Let the hub start it: a file that is there whole or not at all."""
    folder = _folder()
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{build.slug}.part"
    part.write_text(text_of(build))
    part.replace(folder / f"{build.slug}.yaml")


def withdraw(slug: str) -> None:
    """Let the hub start it no more."""
    if (folder := _folder()) is not None:
        (folder / f"{slug}.yaml").unlink(missing_ok=True)


def told_to_the_hub() -> set[str]:
    """Return the slugs that the hub would start."""
    folder = _folder()
    return {each.stem for each in folder.glob("own-*.yaml")} if folder else set()


def _folder() -> Path | None:
    kept = get_config().built_environments_folder
    return kept / "definitions" if kept else None


@lru_cache(maxsize=500)
def _parsed(text: str) -> Environment | None:
    try:
        return definitions.parse(text).environments[0]
    except definitions.FileInvalid as exc:
        log.error("made environment: %s", exc)  # noqa: TRY400 - the faults are the text
        return None


def _like() -> dict[str, Any]:
    config = get_config()
    path = config.environments_file
    try:
        entries = _entries(path, path.stat().st_mtime_ns) if path else {}
    except (OSError, yaml.YAMLError):
        entries = {}
    entry = entries.get(config.build_like, {})
    taken = {name: entry[name] for name in TAKEN_OVER if name in entry}
    return cast("dict[str, Any]", _without_what_runs(taken))


@lru_cache(maxsize=2)
def _entries(path: Path, changed: int) -> dict[str, dict[str, Any]]:
    # `changed` makes the cache's key.
    listed = yaml.safe_load(path.read_text()).get("environments") or []
    return {str(each.get("slug")): each for each in listed if isinstance(each, dict)}


def _without_what_runs(value: Any) -> Any:
    """Return options whose choices no longer say what is run: that is settled."""
    if not isinstance(value, dict):
        return value
    return {key: _without_what_runs(each) for key, each in value.items() if key not in RUNS}
