"""The publication of a draft: once, for good, and noted with its DOI."""

from __future__ import annotations

import logging

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from reproducibility.backends.deposits import Record
from reproducibility.models import DepositState
from reproducibility.services.deposits import asking
from reproducibility.services.deposits.turns import DraftGone, Turn
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError
from vre_portal.operations import Done, Outcome

log = logging.getLogger(__name__)

#: The curators are asked so often; the record itself is published by then.
MOST_TIMES = 5


def release(turn: Turn) -> Outcome:
    """Publish the draft, unless a killed worker or its person at the repository did so already.

    Raises
    ------
    DraftGone
        It was deleted at the repository.
    Conflict
        The analysis was withdrawn here meanwhile.
    """
    deposit = turn.deposit
    turn.doing(_("It is being published."))
    try:
        record = turn.backend.read(turn.credential, deposit.remote_id)
        if not record.published:
            # It may have waited long since it was confirmed.
            asking.check_published(deposit.version.analysis, deposit.version)
            record = turn.backend.publish(turn.credential, deposit.remote_id)
    except NotFound as exc:
        raise DraftGone from exc
    return finish(turn, record)


def finish(turn: Turn, record: Record) -> Outcome:
    """Note that a record is public; the DOI is the one that it has now."""
    deposit = turn.deposit
    note = _proposed(turn, record)
    detail = {"doi": record.doi or deposit.doi, "service": deposit.service}
    audit.record(
        "analysis.deposited",
        actor=turn.user,
        about=(asking.ABOUT, deposit.version.analysis_id),
        detail=detail,
    )
    turn.end(
        "deposited", _("published as %s.") % f"doi:{detail['doi']}", level="ok",
        state=DepositState.PUBLISHED, doi=detail["doi"], message=note, faults=[],
        published_at=timezone.now(),
    )  # fmt: skip
    return Done()


def _proposed(turn: Turn, record: Record) -> str:
    """Ask the site's community to include the record; the record stands without it, too."""
    community = get_config().deposit_community
    if not community:
        return ""
    try:
        turn.backend.propose(turn.credential, record.id, community)
    except PortalError as exc:
        if exc.retryable and turn.deposit.troubles < MOST_TIMES:
            raise
        log.warning("record %s not proposed to %s: %s", record.id, community, exc.message)
        words = _("The community %(community)s could not be asked to include it: %(why)s")
        return words % {"community": community, "why": exc.message}
    return ""
