"""The owner's switch: whether the page of a published analysis is open to everybody."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from reproducibility.models import Analysis
from reproducibility.services.captures.publishing import own
from vre_portal.errors import Conflict

ABOUT = "analysis"


@transaction.atomic
def set_open(user: User, key: str, *, is_open: bool) -> Analysis:
    """Open the public page of one's published analysis to readers without an account, or close it.

    Raises
    ------
    Forbidden
        The analysis is another's.
    Conflict
        It is not published here.
    """
    analysis = Analysis.objects.select_for_update().get(pk=own(user, key).pk)
    if is_open and not analysis.published:
        raise Conflict(_("Only what is published here can have a public page. Publish it first."))
    if analysis.landing != is_open:
        analysis.landing = is_open
        analysis.save(update_fields=["landing", "updated_at"])
        verb = "opened" if is_open else "closed"
        told = {"slug": analysis.slug}
        audit.record(
            f"analysis.landing-{verb}", actor=user, about=(ABOUT, analysis.pk), detail=told
        )
    return analysis
