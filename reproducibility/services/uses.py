"""Which analyses name a DID as an input, and which runs read it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services.uses import SHOWN, Use
from reproducibility.models import Analysis, Run

ANALYSIS, RUN = "analysis", "run"


def analyses_of(user: User, did: Did) -> Iterator[Use]:
    """Yield the analyses that read a DID, of those that the user may see."""
    named = Q(current__inputs__scope=did.scope, current__inputs__name=did.name)
    rows = Analysis.objects.visible_to(user).filter(named).distinct().order_by("-created_at")
    for row in rows[:SHOWN]:
        yield Use(
            ANALYSIS,
            row.title,
            reverse("reproducibility:analysis", args=[row.slug]),
            row.created_at,
        )


def runs_of(user: User, did: Did) -> Iterator[Use]:
    """Yield the user's runs that read a dataset, or a file of one, the newest first."""
    text = str(did)
    read = Q(inputs__contains=[{"dataset": text}]) | Q(inputs__contains=[{"did": text}])
    mine = Run.objects.visible_to(user).filter(read).select_related("analysis")
    for row in mine.only("number", "state", "verdict", "created_at", "analysis__title")[:SHOWN]:
        title = _("%(title)s, run %(number)s") % {"title": row.analysis.title, "number": row.number}
        url = reverse("reproducibility:run", args=[row.pk])
        yield Use(RUN, title, url, row.created_at, row.state)
