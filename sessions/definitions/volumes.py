"""The folders that sessions keep: everybody's home, and one for each project."""

from __future__ import annotations

import re

from sessions.definitions.nodes import Place
from sessions.definitions.options import matching, number, text, texts
from sessions.definitions.values import Project, Volumes

VOLUMES = ("home_quota_gb", "projects")
PROJECT = ("name", "title", "groups", "quota_gb")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def volumes(file: Place) -> Volumes:
    """Return what the file says of folders; without a word there are homes without a quota."""
    place = file.get("volumes")
    place = place.mapping() if place else None
    if place is None:
        return Volumes()
    place.only(VOLUMES)
    listed = place.get("projects")
    read = [_project(each) for each in listed.items()] if listed else []
    projects = tuple(each for each in read if each is not None)
    _each_once(place, projects)
    return Volumes(home_quota_gb=number(place, "home_quota_gb"), projects=projects)


def _project(place: Place) -> Project | None:
    entry = place.mapping()
    if entry is None:
        return None
    entry.only(PROJECT)
    groups = texts(entry, "groups")
    if not groups:
        entry.wrong("has to name in `groups` whose folder it is")
    name = matching(entry, "name", NAME, "a-z, 0-9 and -, at most 40", needed=True)
    return Project(
        name=name,
        title=text(entry, "title") or name,
        groups=groups,
        quota_gb=number(entry, "quota_gb"),
    )


def _each_once(place: Place, projects: tuple[Project, ...]) -> None:
    names = [project.name for project in projects if project.name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        place.wrong(f"there are two projects '{name}'")
