"""What the owner of an analysis is told about its verification, once a period."""

from __future__ import annotations

from datetime import datetime, timedelta

from activity import services as activity
from activity.models import Event, Level
from reproducibility.models import Analysis

SUBJECT, WAITS, STALE = "analysis", "analysis.verification-waits", "analysis.stale"
#: How long the same is not told again where no schedule sets a period.
USUAL_DAYS = 30


def sign_in_needed(analysis: Analysis, now: datetime) -> None:
    """Ask the owner to sign in again."""
    _tell(analysis, now, WAITS, "sign in again, so that it can be verified as scheduled.")


def input_replaced(analysis: Analysis, now: datetime, words: str) -> None:
    """Tell the owner which input is another one by now."""
    _tell(analysis, now, STALE, f"an input is no longer the recorded one. {words}")


def _tell(analysis: Analysis, now: datetime, verb: str, words: str) -> None:
    since = now - timedelta(days=analysis.verify_days or USUAL_DAYS)
    told = Event.objects.filter(user=analysis.owner_id, verb=verb, subject_id=str(analysis.pk))
    if analysis.owner_id is None or told.filter(at__gt=since).exists():
        return
    activity.record(
        user_id=analysis.owner_id,
        verb=verb,
        subject=(SUBJECT, analysis.pk),
        text=f"{analysis.title}: {words}",
        level=Level.WARNING,
        url=f"/analyses/{analysis.slug}",
    )
