"""What the worker does with a comparison of two sides: one output after the other.

Each result is saved before the next output is begun, so that a killed worker costs one output.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from django.db import transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from reproducibility.compare import OutputVerdict, files
from reproducibility.compare.caged import Cost
from reproducibility.models import ComparisonState, SideComparison
from reproducibility.services import recorded_files, side_by_side, side_contents, staging
from reproducibility.services.preparing import TELL_SECONDS
from reproducibility.services.side_by_side import Side, SideFile
from reproducibility.services.side_contents import Contents, Pair
from reproducibility.services.side_names import name_of
from reproducibility.services.side_sources import Came, NotHere, bring
from vre_portal import operations
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.health import NAMES
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome

#: Somebody waits before the page, so that an output may take a third of what a verdict's may.
COST = Cost(most_seconds=300)


def register() -> None:
    """Say which step drives comparisons of two sides."""
    operations.register(side_contents.KIND, advance, give_up=failed)


def advance(operation: Operation) -> Outcome:
    """Compare the next output of two sides."""
    job = SideComparison.objects.select_related("user").filter(pk=operation.subject).first()
    staging.remove(operation.subject)  # what a killed worker left
    if job is None or not job.active:
        return Done()
    try:
        with operations.held(operation):
            return _next(operation, job)
    except PortalError as exc:
        if exc.waits:
            _save(operation, job, message=_("Waiting for you: %s") % exc.message)
        elif exc.retryable:
            _save(operation, job, message=_waiting_for(exc))
        raise
    finally:
        staging.remove(operation.subject)


def failed(operation: Operation, error: PortalError) -> None:
    """End a comparison that can't go on."""
    job = SideComparison.objects.filter(pk=operation.subject).first()
    if job is not None and job.active:
        job.state, job.message = ComparisonState.FAILED, error.message
        job.save()
        side_contents.tell(job)


def _next(operation: Operation, job: SideComparison) -> Outcome:
    sides = [side_by_side.find_side(job.user, key.hex) for key in (job.first, job.second)]
    contents = side_contents.look(job.user, *sides)
    todo = [pair for pair in contents.pending if pair.path not in job.problems]
    if not todo:
        _save(operation, job, state=ComparisonState.DONE, message="")
        return Done()
    total = len(contents.outcomes) + len(contents.pending)
    words = _("Comparing output %(n)s of %(total)s, %(path)s.")
    words %= {"n": total - len(todo) + 1, "total": total, "path": todo[0].path}
    _save(operation, job, message=words)
    _compare(operation, job, contents, todo[0])
    return Again()


def _compare(operation: Operation, job: SideComparison, contents: Contents, pair: Pair) -> None:
    came = _teller(operation, job)
    try:
        found = _outcome(job, contents, pair, came)
    except NotHere as exc:
        _save(operation, job, problems={**job.problems, pair.path: str(exc)})
        return
    with transaction.atomic():
        operations.hold(operation)
        side_contents.keep(job.user_id, pair, found.as_json())


def _outcome(job: SideComparison, contents: Contents, pair: Pair, came: Came) -> OutputVerdict:
    """Return how two outputs compare, each of which is verified to be the one that is meant."""
    folder = get_config().work_folder / job.pk.hex
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    brought = partial(_brought, came=came, path=pair.path)
    before = brought(contents.first, pair.first, to=folder / "first")
    after = brought(contents.second, pair.second, to=folder / "second")
    python = get_config().preview_python
    found = files.compare(pair.path, before, after, pair.tolerance, python=python, cost=COST)
    _verify(contents.first, pair.first, found.expected_sha256)
    _verify(contents.second, pair.second, found.sha256)
    return found


def _brought(side: Side, file: SideFile, *, path: str, to: Path, came: Came) -> Path:
    try:
        return bring(side, path, file, to=to, came=came)
    except NotHere as exc:
        raise NotHere(f"{capfirst(name_of(side))}: {exc}") from exc


def _verify(side: Side, file: SideFile, sha256: str) -> None:
    if sha256 == file.sha256:
        return
    if side.run is None:
        recorded_files.discard(file.sha256)
    words = _("%s: the file that was kept here is damaged.")
    raise NotHere(words % capfirst(name_of(side)))


def _teller(operation: Operation, job: SideComparison) -> Came:
    """Say on the page about once a second how much of a file has come."""
    words, told_at = job.message, time.monotonic()

    def came(bytes_: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > TELL_SECONDS:
            told_at = time.monotonic()
            _save(operation, job, message=_("%(words)s %(size)s of it came so far.")
                  % {"words": words, "size": size(bytes_)})  # fmt: skip

    return came


def _save(operation: Operation, job: SideComparison, **changes: object) -> None:
    """Save changes and tell the open pages, unless another worker has taken over."""
    with transaction.atomic():
        operations.hold(operation)
        for name, value in changes.items():
            setattr(job, name, value)
        job.save(update_fields=list(changes))
        side_contents.tell(job)


def _waiting_for(error: PortalError) -> str:
    service = NAMES.get(error.service or "", error.service or _("a service"))
    return _("%s does not answer at the moment; it goes on by itself.") % service
