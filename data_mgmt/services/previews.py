"""Previews: made in the background, kept for a while, shown to whoever may read the file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from accounts.models import User
from data_mgmt.backends import Did, DidInfo, DidType
from data_mgmt.previews import maker
from data_mgmt.previews.maker import Failure, Made
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.values import VERSION
from data_mgmt.services.embargo import check_contents
from data_mgmt.services.reading import open_file
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    UpstreamUnavailable,
)
from vre_portal.limits import PREVIEWS
from vre_portal.live import publish

log = logging.getLogger(__name__)

TASK = "data.make_preview"
TOPIC = "preview"
KEEP_SECONDS = 3600
#: What depends on the hour, not on the file, is tried again soon.
KEEP_FAILED_SECONDS = 60
KEEP_PROBLEM_SECONDS = 10
#: After so long whoever asks again asks anew: a worker that died takes nothing with it.
WAIT_SECONDS = 60
#: So many previews are kept over all, each at most `wire.MAX_ANSWER` long.
KEPT = 200
#: Longer than a worker and the reading for it can take.
PLACE_SECONDS = 60
_PASSING = {Failure.TIME, Failure.CAGE}


class State(StrEnum):
    """Whether there is a preview."""

    READY = "ready"
    MAKING = "making"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is of a preview now; while it is made, `topic` tells when it is there."""

    state: State
    topic: str = ""
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A file that is looked at, wherever it is: `version` tells it from all others.

    `task` makes the preview from the person, these arguments, the options and the key.
    """

    size: int | None
    version: tuple[object, ...]
    task: str
    arguments: tuple[str, ...]


class Busy(Exception):
    """As many previews are being made as may be."""


def preview(user: User, info: DidInfo, options: Options) -> Answer:
    """Return the preview of a file, or have it made.

    Raises
    ------
    Forbidden
        Its contents are kept from this person.
    Conflict
        No copy of it can be read now, such as one on tape only.
    """
    if info.type is not DidType.FILE:
        raise InvalidRequest(_("Only files have a preview: choose one of them."), field="did")
    check_contents(user, info.did)
    return of_subject(user, _subject(info), options)


def of_subject(user: User, subject: Subject, options: Options) -> Answer:
    """Return the preview of a file that this person may read, or have it made."""
    if subject.size == 0:
        return Answer(State.NONE, made=Made("", failure=Failure.EMPTY))
    key = key_of(subject, options)
    if (made := _kept(key)) is not None:
        return Answer(State.READY if made.preview else State.NONE, made=made)
    mine = _mine(user, key)
    if (problem := cache.get(f"{mine}:problem")) is not None:
        raise problem
    if get_config().preview_python is None:
        raise Conflict(_("This portal makes no previews: download the file instead."))
    _have_made(user, subject, options, key, mine)
    return Answer(State.MAKING, topic=f"{TOPIC}:{mine}")


def _have_made(user: User, subject: Subject, options: Options, key: str, mine: str) -> None:
    cache.set(f"{mine}:asker", str(user.pk), KEEP_SECONDS)
    if not cache.add(f"{mine}:making", 1, WAIT_SECONDS):
        return
    try:
        PREVIEWS.use(user.pk)
        arguments = (str(user.pk), *subject.arguments, options.changed(), key)
        current_app.send_task(subject.task, arguments, expires=WAIT_SECONDS, retry=False)
    except PortalError:
        cache.delete(f"{mine}:making")
        raise
    except (OSError, OperationalError) as exc:
        cache.delete(f"{mine}:making")
        text = _("Previews can't be made at the moment. Try again in a minute.")
        raise UpstreamUnavailable(text) from exc


def make(user_id: UUID, did: Did, options: Options, key: str) -> None:
    """Make the preview of a file of the data lake; raises `Busy`."""
    make_of(user_id, key, options, lambda user: (open_file(user, did), did.name))


def make_of(
    user_id: UUID, key: str, options: Options, opened: Callable[[User], tuple[Reader, str]]
) -> None:
    """Make one preview as a user, keep it, and tell the pages that wait for it.

    Raises
    ------
    Busy
        There is no place for another worker now.
    """
    user = User.objects.get(pk=user_id)
    mine = _mine(user, key)
    if _kept(key) is None:
        with _place():
            try:
                _keep(key, _made(lambda: opened(user), options))
            except PortalError as exc:
                cache.set(f"{mine}:problem", _portable(exc), KEEP_PROBLEM_SECONDS)
    cache.delete(f"{mine}:making")
    publish(f"{TOPIC}:{mine}", {"state": "done"})


def too_busy(user_id: UUID, key: str) -> None:
    """Tell whoever waits that no place came free."""
    user = User.objects.get(pk=user_id)
    mine = _mine(user, key)
    text = _("Many previews are being made at the moment. Try again in a minute.")
    cache.set(f"{mine}:problem", UpstreamUnavailable(text), KEEP_PROBLEM_SECONDS)
    cache.delete(f"{mine}:making")
    publish(f"{TOPIC}:{mine}", {"state": "done"})


def present_state(user_id: object, mine: str) -> dict[str, str]:
    """Return whether a preview that this person asked for is still being made."""
    if cache.get(f"{mine}:asker") != str(user_id):
        raise NotFound(_("There is no such preview."))
    return {"state": "making" if cache.get(f"{mine}:making") else "done"}


def _made(opened: Callable[[], tuple[Reader, str]], options: Options) -> Made:
    python = get_config().preview_python
    if python is None:
        raise Conflict(_("This portal makes no previews: download the file instead."))
    file, name = opened()
    try:
        return maker.make(file, name, options, python=python)
    except OSError as exc:
        log.exception("previews: no worker can be started")
        text = _("Previews can't be made at the moment. Try again later.")
        raise UpstreamUnavailable(text) from exc


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the few places of workers, which is free again by itself if its holder dies."""
    places = (f"preview-place:{number}" for number in range(get_config().preview_workers))
    place = next((each for each in places if cache.add(each, 1, PLACE_SECONDS)), None)
    if place is None:
        raise Busy
    try:
        yield
    finally:
        cache.delete(place)


def _keep(key: str, made: Made) -> None:
    """Keep a preview in a ring, so that all together stay within bounds."""
    cache.add("preview-ring", 0, None)
    index = cache.incr("preview-ring") % KEPT
    seconds = KEEP_FAILED_SECONDS if made.failure in _PASSING else KEEP_SECONDS
    cache.set(f"preview-kept:{index}", (key, made), seconds)
    cache.set(key, index, seconds)


def _kept(key: str) -> Made | None:
    index = cache.get(key)
    held = cache.get(f"preview-kept:{index}") if index is not None else None
    return held[1] if held is not None and held[0] == key else None


def _subject(info: DidInfo) -> Subject:
    """Return a file of the data lake as what is looked at.

    Its name is part of the version: an Adler-32 is easily forged, so it must lead to no other file.
    """
    did = str(info.did)
    return Subject(info.bytes, (did, info.bytes, info.adler32), TASK, (did,))


def _key(info: DidInfo, options: Options) -> str:
    return key_of(_subject(info), options)


def key_of(subject: Subject, options: Options) -> str:
    """Return the key of a content and a way to look at it."""
    parts = (VERSION, *subject.version, sorted(options.changed().items()))
    return f"preview-{sha256(repr(parts).encode()).hexdigest()[:40]}"


def _mine(user: User, key: str) -> str:
    return sha256(f"{user.pk} {key}".encode()).hexdigest()[:40]


def _portable(error: PortalError) -> PortalError:
    """Return an error that the cache can hold: not each kind is made of its sentence alone."""
    for kind in (Forbidden, NotFound, Conflict):
        if isinstance(error, kind):
            return kind(error.message)
    return (UpstreamUnavailable if error.retryable else Conflict)(error.message)
