"""Ask for an environment: checked before anything is made, cancelled, and tried again."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from sessions import recipes
from sessions.backends.building import EnvironmentBuilder, get_builder
from sessions.models import Build, BuildState
from sessions.services.builds.changes import begin, change, end_work, note
from sessions.services.builds.reading import PENDING
from sessions.services.repository_links import checked_repository
from vre_portal.errors import Conflict, Forbidden, InvalidRequest

LONGEST_TITLE, LONGEST_DESCRIPTION = 100, 500
#: So many of one person are kept at once.
MOST = 50


def make(
    user: User,
    *,
    title: str,
    description: str = "",
    repository: str = "",
    ref: str = "",
    file_name: str = "",
    text: str = "",
) -> Build:
    """Write down what is to be made, from a repository or a text, and begin.

    Raises
    ------
    InvalidRequest
        The title, the address or the list can't be used; of a list the text names the line.
    Forbidden
        The site makes none.
    Conflict
        The person has too many.
    """
    builder = site_builder()
    checked = {
        "title": checked_title(title),
        "description": checked_description(description),
    }
    link = checked_repository(repository, ref if repository.strip() else "")
    if bool(link) == bool(text.strip()):
        raise InvalidRequest(
            "Give either the address of a Git repository, or a list of packages.", field="text"
        )
    if link:
        checked |= {"repository": link.url, "ref": link.ref}
    else:
        name = checked_file_name(file_name)
        recipes.read(name, text, python=builder.base().python)
        checked |= {"file_name": name, "file_text": text}
    return _written(user, checked)


@transaction.atomic
def _written(user: User, checked: dict[str, str]) -> Build:
    mine = Build.objects.filter(owner=user, removed_at=None)
    if mine.count() >= MOST:
        raise Conflict(f"You have {MOST} environments. Remove one that you no longer need.")
    build = Build.objects.create(owner=user, message=_("It waits for its turn."), **checked)
    begin(build)
    note(build, "asked", f"You asked for the environment {build.title}.")
    detail = {"repository": build.repository, "file": build.file_name}
    audit.record("environment.asked", actor=user, about=("environment", build.pk), detail=detail)
    return build


def cancel(build: Build) -> Build:
    """End the making of an environment.

    Raises
    ------
    Conflict
        It is not being made.
    """
    now = timezone.now()
    words = _("You cancelled it.")
    if not change(build, of=PENDING, state=BuildState.CANCELLED, message=words, finished_at=now):
        raise Conflict("It is not being made any more.")
    end_work(build, site_builder())
    return build


@transaction.atomic
def retry(build: Build) -> Build:
    """Make it once more, from the repository as it is now.

    Raises
    ------
    Conflict
        It is being made, or is ready.
    """
    site_builder()
    fresh = {"file_name": "", "file_text": "", "commit": ""} if build.repository else {}
    if not change(
        build, of=(BuildState.FAILED, BuildState.CANCELLED), state=BuildState.QUEUED, digest="",
        message=_("It waits for its turn."), log="", started_at=None, finished_at=None, **fresh,
    ):  # fmt: skip
        raise Conflict("It is being made already, or it is ready.")
    begin(build)
    return build


def site_builder() -> EnvironmentBuilder:
    """Return who makes environments here; raises `Forbidden` where nobody does."""
    builder = get_builder()
    if builder is None:
        raise Forbidden("Environments of your own can't be made at this site.")
    return builder


def checked_title(text: str) -> str:
    """Return a title on one line."""
    title = " ".join(text.split())
    if not 1 <= len(title) <= LONGEST_TITLE or not title.isprintable():
        raise InvalidRequest(f"Give a title of at most {LONGEST_TITLE} characters.", field="title")
    return title


def checked_description(text: str) -> str:
    """Return a description on one line."""
    description = " ".join(text.split())
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidRequest(
            f"Use at most {LONGEST_DESCRIPTION} characters to describe it.", field="description"
        )
    return description


def checked_file_name(text: str) -> str:
    """Return the name of a list of packages, without the folders of somebody's machine."""
    name = text.replace("\\", "/").rpartition("/")[2] or "requirements.txt"
    if len(name) > 100 or not name.isprintable() or not name.endswith((".txt", ".yml", ".yaml")):
        raise InvalidRequest("Upload a requirements.txt or an environment.yml.", field="file")
    return name
