"""Take away what nobody uses, and tell the hub what there is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from sessions import made
from sessions.backends.building import EnvironmentBuilder, get_builder
from sessions.models import Build, BuildState, Session
from sessions.services.builds.changes import change
from vre_portal.config import get_config

READY = (BuildState.READY,)


def tidy(now: datetime | None = None) -> None:
    """Bring rows, the hub's files and the builder's folders into line."""
    builder = get_builder()
    if builder is None:
        return
    now = now or timezone.now()
    in_use = set(Session.objects.active().values_list("environment", flat=True))
    kept = set()
    for build in Build.objects.filter(state__in=READY, removed_at=None).select_related("owner"):
        if why := _why_over(build, builder, in_use, now):
            change(build, of=READY, state=why[0], message=why[1])
            continue
        made.offer(build)
        kept.add(build.slug)
    for slug in made.told_to_the_hub() - kept:
        made.withdraw(slug)
    _free(builder, in_use)


def _why_over(
    build: Build, builder: EnvironmentBuilder, in_use: set[str], now: datetime
) -> tuple[BuildState, str] | None:
    if not builder.exists(build.digest):
        return BuildState.FAILED, _(
            "The site's part of it has changed since it was made. Make it again."
        )
    days = get_config().build_keep_days
    used = Session.objects.filter(environment=build.slug).aggregate(last=Max("created_at"))["last"]
    times = [each for each in (build.finished_at, build.used_at, used) if each]
    if build.slug in in_use or not times or max(times) > now - timedelta(days=days):
        return None
    return BuildState.CANCELLED, _(
        "Nobody used it for %(days)s days, so its files were taken away. Make it again to use it."
    ) % {"days": days}


def _free(builder: EnvironmentBuilder, in_use: set[str]) -> None:
    rows = Build.objects.exclude(digest="").only("id", "digest", "state", "removed_at")
    wanted = {
        row.digest
        for row in rows
        if row.slug in in_use
        or (row.removed_at is None and row.state in {BuildState.READY, BuildState.BUILDING})
    }
    for digest in builder.made():
        if digest not in wanted:
            builder.remove(digest)
