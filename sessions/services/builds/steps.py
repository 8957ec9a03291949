"""Bring an environment on: each step is short, the work itself goes on beside the workers."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from activity.models import Level
from sessions import made, recipes
from sessions.backends.building import EnvironmentBuilder, Fetch, JobState, Look, get_builder
from sessions.models import Build, BuildState
from sessions.services.builds.changes import (
    change,
    end_work,
    fail,
    fetch_key,
    forget_work,
    note,
)
from sessions.services.builds.reading import before
from vre_portal import operations
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.models import Operation

WAIT, LOOK = 2.0, 1.0
#: Of PostgreSQL's advisory locks: whose turn it is, is decided by one at a time.
TURN = 0x6275696C
BUILDING = (BuildState.BUILDING,)


def step(operation: Operation) -> operations.Outcome:
    """Begin when it is its turn, look how the work goes, and act upon its end."""
    build = Build.objects.select_related("owner").get(pk=operation.subject)
    builder = get_builder()
    if builder is None:
        fail(build, _("Environments of your own can't be made at this site any more."))
        return operations.Done()
    try:
        outcome = _turn(build, builder)
    except InvalidRequest as exc:
        fail(build, exc.message)
        outcome = operations.Done()
    if isinstance(outcome, operations.Done):
        forget_work(build, builder)
    return outcome


def _turn(build: Build, builder: EnvironmentBuilder) -> operations.Outcome:
    if build.state == BuildState.QUEUED:
        return _begin(build, builder)
    if build.state == BuildState.BUILDING:
        return _go_on(build, builder)
    return operations.Done()


def _begin(build: Build, builder: EnvironmentBuilder) -> operations.Outcome:
    builder.forget(fetch_key(build))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
        waiting = (BuildState.QUEUED,)
        if ahead := before(build):
            words = ngettext("%(n)s is made before yours.", "%(n)s are made before yours.", ahead)
            change(build, of=waiting, message=words % {"n": ahead})
            return operations.Again(WAIT)
        change(
            build, of=waiting, state=BuildState.BUILDING, started_at=timezone.now(),
            message=_("It is being made."),
        )  # fmt: skip
    return operations.Again()


def _go_on(build: Build, builder: EnvironmentBuilder) -> operations.Outcome:
    if build.repository and not build.commit:
        return _fetch(build, builder)
    base = builder.base()
    recipe = recipes.read(build.file_name, build.file_text, python=base.python)
    digest = recipe.digest(base.fingerprint)
    if build.digest != digest:
        builder.forget(digest)
        if not change(build, of=BUILDING, digest=digest):
            return operations.Done()
        if builder.exists(digest):
            _ready(build, builder.look(digest), _("The same was made before: it is ready at once."))
            return operations.Done()
    look = builder.look(digest)
    match look.state:
        case JobState.DONE:
            change(build, of=BUILDING, log=_log(build, builder, look.log))
            _ready(build, look, _("It is ready.") + (f" {look.reason}" if look.reason else ""))
            return operations.Done()
        case JobState.FAILED:
            change(build, of=BUILDING, log=_log(build, builder, look.log))
            fail(build, look.reason)
            return operations.Done()
        case JobState.ABSENT:
            builder.start(digest, recipe.requirements)
    words = _("Its packages are being installed.")
    log = _log(build, builder, look.log)
    return _still(build, builder, change(build, of=BUILDING, log=log, message=words))


def _fetch(build: Build, builder: EnvironmentBuilder) -> operations.Outcome:
    key = fetch_key(build)
    found = builder.fetched(key)
    match found.state:
        case JobState.FAILED:
            change(build, of=BUILDING, log=found.log)
            fail(build, found.reason)
            return operations.Done()
        case JobState.DONE:
            picked = recipes.pick(found.files)
            log = _fetch_log(found)
            on = change(
                build, of=BUILDING, file_name=picked.name, file_text=picked.text,
                commit=found.commit, log=log,
            )  # fmt: skip
            return _still(build, builder, on, seconds=0)
        case JobState.ABSENT:
            builder.start_fetch(key, build.repository, build.ref)
    words = _("The repository is being fetched.")
    return _still(build, builder, change(build, of=BUILDING, log=found.log, message=words))


def _still(
    build: Build, builder: EnvironmentBuilder, on: bool, *, seconds: float = LOOK
) -> operations.Outcome:
    """Look again, unless it was cancelled while the work was being started."""
    if on:
        return operations.Again(seconds)
    end_work(build, builder)
    return operations.Done()


def _log(build: Build, builder: EnvironmentBuilder, log: str) -> str:
    """Return the log with how the repository was fetched before it."""
    return _fetch_log(builder.fetched(fetch_key(build))) + log if build.repository else log


def _fetch_log(found: Fetch) -> str:
    """Return what the fetch said, and which files are there without being used."""
    try:
        picked = recipes.pick(found.files)
    except InvalidRequest:
        return found.log
    if not picked.left_out:
        return found.log
    return f"{found.log}Beside {picked.name}, not used here: {', '.join(picked.left_out)}\n"


@transaction.atomic
def _ready(build: Build, look: Look, words: str) -> None:
    packages = [{"name": each.name, "version": each.version} for each in look.packages]
    if not change(
        build, of=BUILDING, state=BuildState.READY, message=words, packages=packages,
        size_bytes=look.size_bytes or build.size_bytes, finished_at=timezone.now(),
    ):  # fmt: skip
        return
    made.offer(build)
    note(build, "ready", f"Your environment {build.title} is ready.", level=Level.OK)
    detail = {"digest": build.digest, "commit": build.commit}
    about = ("environment", build.pk)
    audit.record("environment.made", actor=build.owner, about=about, detail=detail)


def gave_up(operation: Operation, error: PortalError) -> None:
    """Record why it could not be made."""
    build = Build.objects.get(pk=operation.subject)
    fail(build, error.message)
    if builder := get_builder():
        end_work(build, builder)
