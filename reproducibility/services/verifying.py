"""Scheduled verification: every so many days an analysis is run again, with its owner's token."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import AUDIENCE
from reproducibility.models import Analysis, Kind, Run
from reproducibility.services import owner_notices
from reproducibility.services.catalogue_checks import replaced_in_catalogue
from reproducibility.services.notes import Note, NoteKind
from reproducibility.services.runs import start_run
from vre_portal.errors import CredentialExpired, Forbidden, InvalidRequest, PortalError

log = logging.getLogger(__name__)
LEAST_DAYS, MOST_DAYS = 1, 365
#: Verifications that one look starts; the next look, a minute later, starts others.
AT_ONCE = 5
#: A worker that took one and died leaves it so long; what could not be done is tried then.
CLAIM = timedelta(minutes=10)
RETRY = timedelta(hours=6)


class _NotNow(Exception):
    """Another verification of the same analysis is under way, or somebody changed the schedule."""


def set_schedule(user: User, analysis: Analysis, days: int | None) -> Analysis:
    """Let an analysis be verified every so many days; None ends that.

    The first one comes within the period, at a time that depends on the analysis, so that those
    which people schedule together do not run together.

    Raises
    ------
    Forbidden
        Somebody else owns it.
    InvalidRequest
        The number of days is not from 1 to 365.
    """
    if analysis.owner_id != user.pk:
        raise Forbidden("Only the owner of an analysis can schedule its verification.")
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        words = f"Give a number of days from {LEAST_DAYS} to {MOST_DAYS}."
        raise InvalidRequest(words, field="every_days")
    with transaction.atomic():
        at = timezone.now() + _part_of(analysis.pk, days) if days else None
        Analysis.objects.filter(pk=analysis.pk).update(verify_days=days, verify_at=at)
        detail = {"analysis": analysis.slug, "every_days": days}
        audit.record(
            "analysis.scheduled",
            actor=user,
            about=(owner_notices.SUBJECT, analysis.pk),
            detail=detail,
        )
    analysis.verify_days, analysis.verify_at = days, at
    return analysis


def _part_of(key: UUID, days: int) -> timedelta:
    return timedelta(days=days) * ((key.int % 997) / 997)


def due(now: datetime | None = None) -> list[UUID]:
    """Return the analyses whose turn it is, those that wait longest first."""
    rows = Analysis.objects.filter(verify_at__lte=now or timezone.now(), owner__isnull=False)
    waiting = rows.filter(verify_days__isnull=False, current__isnull=False).order_by("verify_at")
    return list(waiting.values_list("pk", flat=True)[:AT_ONCE])


def verify(analysis_id: UUID, now: datetime | None = None) -> Run | None:
    """Start the verification of an analysis that is due; None where that can't be done now."""
    at = now or timezone.now()
    analysis = _claimed(analysis_id, at)
    if analysis is None or analysis.owner is None:
        return None
    try:
        return _run_of(analysis, analysis.owner, at)
    except _NotNow:
        log.info("analysis %s: a verification is under way", analysis.slug)
    except CredentialExpired as exc:
        _put_off(analysis, at, NoteKind.SIGN_IN_ENDED, exc.message)
        owner_notices.sign_in_needed(analysis, at)
    except PortalError as exc:
        _put_off(analysis, at, NoteKind.NOT_DONE, exc.message)
    return None


def _run_of(analysis: Analysis, owner: User, now: datetime) -> Run | None:
    """Start the run with the owner's tokens; None where an input was replaced."""
    credential_for(owner, AUDIENCE)
    words = replaced_in_catalogue(owner, analysis.newest)
    if not words:
        return _started(analysis, owner, now)
    _finish(analysis, now, Note(analysis.newest.number, NoteKind.INPUT_REPLACED, words))
    owner_notices.input_replaced(analysis, now, words)
    return None


def _claimed(analysis_id: UUID, now: datetime) -> Analysis | None:
    """Take an analysis for a while, so that no other worker does; None where one has it."""
    with transaction.atomic():
        rows = Analysis.objects.select_for_update(skip_locked=True, of=("self",))
        due_now = rows.select_related("owner", "current").filter(pk=analysis_id, verify_at__lte=now)
        analysis = due_now.filter(verify_days__isnull=False).first()
        if analysis is not None:
            analysis.verify_at = now + CLAIM
            analysis.save(update_fields=["verify_at"])
    return analysis


def _started(analysis: Analysis, owner: User, now: datetime) -> Run:
    """Start the run and note the next turn, both or neither."""
    with transaction.atomic():
        run = start_run(owner, analysis, kind=Kind.VERIFICATION)
        others = Run.objects.filter(analysis=analysis, kind=Kind.VERIFICATION).active()
        if others.exclude(pk=run.pk).exists():
            raise _NotNow
        if not _finish(analysis, now, None):
            raise _NotNow
    return run


def _finish(analysis: Analysis, now: datetime, note: Note | None) -> bool:
    """Note the next turn, one period later; False where somebody changed the schedule."""
    following = now + timedelta(days=analysis.verify_days or MOST_DAYS)
    return _write(analysis, following, "" if note is None else str(note))


def _put_off(analysis: Analysis, now: datetime, kind: NoteKind, words: str) -> None:
    _write(analysis, now + RETRY, str(Note(analysis.newest.number, kind, words)))


def _write(analysis: Analysis, following: datetime, note: str) -> bool:
    mine = Analysis.objects.filter(pk=analysis.pk, verify_at=analysis.verify_at)
    return bool(mine.update(verify_at=following, verify_note=note))
