"""Runs and analyses as what sessions are opened from: the two apps do not know each other."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

import reproducibility.services
from accounts.models import User
from reproducibility import session_links
from sessions.services import origins
from sessions.services.origins import Origin

ANALYSIS, RUN = "analysis", "run"


def register() -> None:
    """Let sessions be opened from analyses and runs."""
    origins.register(ANALYSIS, _analysis)
    origins.register(RUN, _run)


def _analysis(user: User, key: str) -> Origin:
    found = reproducibility.services.find_analysis(user, key)
    return Origin(
        kind=ANALYSIS,
        id=found.slug,
        title=found.title,
        url=reverse("reproducibility:analysis", args=[found.slug]),
        datasets=tuple(str(each) for each in found.newest.inputs.all()),
    )


def _run(user: User, key: str) -> Origin:
    found = reproducibility.services.find_run(user, key)
    title = _("%(title)s, run %(number)s")
    return Origin(
        kind=RUN,
        id=str(found.pk),
        title=title % {"title": found.analysis.title, "number": found.number},
        url=reverse("reproducibility:run", args=[found.pk]),
        datasets=tuple(dict.fromkeys(session_links.datasets_of_run(found))),
    )
