"""The contents of two sides: which outputs differ, what is known of them, and a way to know more.

What is known belongs to whoever asked, and is found by both checksums and the tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.compare import Tolerance
from reproducibility.models import ComparedPair, ComparisonState, RecordedOutput, SideComparison
from reproducibility.services import verdicts
from reproducibility.services.analyses import is_uuid
from reproducibility.services.side_by_side import Side, SideFile
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, NotFound
from vre_portal.live import publish

KIND = "runs.compare"
TOPIC = "comparison"
#: Part of each key, so that what an older comparison found is not taken for what this one finds.
VERSION = 1
#: Outputs of two sides that are looked into; of more only the checksums are compared.
MOST_OUTPUTS = 50
#: Comparisons of one person that go on at the same time.
AT_ONCE = 2
KEPT_FOR = timedelta(days=30)
KEPT_EACH = 500
#: What gave no comparison, maybe for want of time or memory, may be tried again after so long.
FAILED_FOR = timedelta(minutes=10)

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two outputs of the same path whose bytes differ."""

    path: str
    first: SideFile
    second: SideFile
    tolerance: Tolerance

    @property
    def key(self) -> str:
        """What the result is found by; the name counts, since formats are told by it, too."""
        declared = sorted(self.tolerance.as_json().items())
        parts = (VERSION, self.path, self.first.sha256, self.second.sha256, declared)
        return sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """What is known of the contents of two sides; `first` is what the other is measured by.

    `outcomes` and `problems` go by path: verdicts on outputs as JSON, and why there is none.
    `pending` is what can still be compared, `left_out` how many outputs are too many.
    """

    first: Side
    second: Side
    job: SideComparison | None
    outcomes: Mapping[str, Told] = field(repr=False)
    problems: Mapping[str, str] = field(repr=False)
    pending: tuple[Pair, ...] = field(repr=False)
    left_out: int

    @property
    def state(self) -> ComparisonState:
        """How far it is."""
        return ComparisonState(self.job.state) if self.job else ComparisonState.NONE

    @property
    def can_start(self) -> bool:
        """Whether asking for it would do anything."""
        return bool(self.pending) and self.state != ComparisonState.RUNNING and is_offered()

    @property
    def levels(self) -> dict[str, str]:
        """The level of each output that was looked into."""
        return {path: str(told["level"]) for path, told in self.outcomes.items()}


def is_offered() -> bool:
    """Whether this site looks into files at all."""
    return get_config().preview_python is not None


def in_order(left: Side, right: Side) -> tuple[Side, Side]:
    """Return two sides, first the one that the other is measured by: recorded, or the older.

    So both orders of an address are one comparison.
    """
    one, other = sorted(
        (left, right), key=lambda side: (side.run is not None, side.at, side.key.hex)
    )
    return one, other


def look(user: User, left: Side, right: Side) -> Contents:
    """Return what is known of the contents of two sides that the user was found to see."""
    first, second = in_order(left, right)
    pairs = _pairs(first, second)
    taken = pairs[:MOST_OUTPUTS]
    mine = SideComparison.objects.filter(user=user, first=first.key, second=second.key)
    job = mine.first()
    known = _of_verdict(first, second, taken) | _known(user, taken)
    problems = {
        pair.path: job.problems[pair.path]
        for pair in taken
        if job and pair.path in job.problems and pair.path not in known
    }
    pending = tuple(pair for pair in taken if pair.path not in known)
    return Contents(first, second, job, known, problems, pending, len(pairs) - len(taken))


def ask(user: User, left: Side, right: Side) -> Contents:
    """Have the contents compared as far as they are not known; a second request changes nothing.

    Raises
    ------
    Conflict
        This site looks into no files, or as many comparisons of this person go on as may.
    """
    if not is_offered():
        raise Conflict(_("This portal compares no contents, only checksums."))
    with transaction.atomic():
        # One request of a person after the other, so that two clicks start it once.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _forget_old(user)
        contents = look(user, left, right)
        if contents.can_start:
            _start(user, contents)
    return look(user, left, right)


def _start(user: User, contents: Contents) -> None:
    running = SideComparison.objects.filter(user=user, state=ComparisonState.RUNNING)
    if running.count() >= AT_ONCE:
        words = _("%s comparisons of yours are under way. Wait until one of them is done.")
        raise Conflict(words % AT_ONCE)
    job = contents.job or SideComparison(
        user=user, first=contents.first.key, second=contents.second.key
    )
    job.state, job.message, job.problems = ComparisonState.RUNNING, _("Waiting for its turn."), {}
    job.attempt += 1
    job.asked_at = timezone.now()
    job.save()
    key = f"{KIND}:{job.pk}:{job.attempt}"
    operations.begin(KIND, subject=job.pk, user_id=user.pk, key=key)
    tell(job)


def tell(job: SideComparison) -> None:
    """Tell the open pages."""
    publish(f"{TOPIC}:{job.pk}", {"state": str(job.state), "message": job.message})


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a comparison as the websocket tells it first."""
    mine = SideComparison.objects.filter(user_id=str(user_id))
    found = mine.filter(pk=key).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such comparison, or it is not yours."))
    return {"state": found.state, "message": found.message}


def keep(user_id: UUID, pair: Pair, outcome: Told) -> None:
    """Keep what came of two contents."""
    told = {"outcome": dict(outcome), "made_at": timezone.now()}
    ComparedPair.objects.update_or_create(user_id=user_id, key=pair.key, defaults=told)


def _pairs(first: Side, second: Side) -> list[Pair]:
    """Return the outputs that both sides have with other bytes, by path."""
    paths = [
        path
        for path, one in sorted(first.outputs.items())
        if (other := second.outputs.get(path))
        and one.sha256
        and other.sha256
        and one.sha256 != other.sha256
    ]
    declared = _declared(first, second)
    return [
        Pair(path, first.outputs[path], second.outputs[path], declared.get(path, Tolerance()))
        for path in paths
    ]


def _declared(first: Side, second: Side) -> dict[str, Tolerance]:
    """Return the tolerances by path: what the first declares counts, else what the second does."""
    versions = (second.version.pk, first.version.pk)
    rows = RecordedOutput.objects.filter(version__in=versions).exclude(tolerance={})
    told: dict[UUID, dict[str, Tolerance]] = {version: {} for version in versions}
    for version, path, tolerance in rows.values_list("version", "path", "tolerance"):
        told[version][path] = Tolerance.from_json(tolerance)
    return {**told[second.version.pk], **told[first.version.pk]}


def _known(user: User, pairs: list[Pair]) -> dict[str, Told]:
    keys = {pair.key: pair.path for pair in pairs}
    rows = ComparedPair.objects.filter(user=user, key__in=keys)
    soon = timezone.now() - FAILED_FOR
    return {
        keys[row.key]: row.outcome
        for row in rows
        if row.outcome["comparison"] is not None or row.made_at > soon
    }


def _of_verdict(first: Side, second: Side, pairs: list[Pair]) -> dict[str, Told]:
    """Return what the verdict of a run found, where the other side is what it was compared with."""
    run = second.run
    if run is None or first.run is not None or run.version_id != first.version.pk:
        return {}
    told = (verdicts.whole(run) or {}).get("outputs", ())
    found = {each["path"]: each for each in told if each.get("comparison")}
    return {
        pair.path: found[pair.path]
        for pair in pairs
        if pair.path in found
        and found[pair.path]["expected_sha256"] == pair.first.sha256
        and found[pair.path]["sha256"] == pair.second.sha256
    }


def _forget_old(user: User) -> None:
    before = timezone.now() - KEPT_FOR
    ComparedPair.objects.filter(made_at__lt=before).delete()
    ended = SideComparison.objects.exclude(state=ComparisonState.RUNNING)
    ended.filter(asked_at__lt=before).delete()
    mine = ComparedPair.objects.filter(user=user).order_by("-made_at")
    too_many = mine.values_list("pk", flat=True)[KEPT_EACH:]
    ComparedPair.objects.filter(pk__in=list(too_many)).delete()
