"""The files of a request, one by one: which have arrived, and what keeps the others."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import FileStates, RuleState
from data_mgmt.models import ReplicaRequest
from data_mgmt.services.catalogue import ask
from vre_portal.errors import InvalidRequest

MOST_FILES = 100
FILTERS: Mapping[str, tuple[RuleState, ...]] = {
    "all": (),
    "stuck": (RuleState.STUCK,),
    "replicating": (RuleState.REPLICATING,),
    "ok": (RuleState.OK,),
}


def file_states(
    user: User, request: ReplicaRequest, *, state: str, limit: int, after: str
) -> FileStates:
    """Return a page of a request's files with state and last error.

    Raises
    ------
    InvalidRequest
        There is no such filter.
    """
    if state not in FILTERS:
        words = _("state: give one of %(names)s.") % {"names": ", ".join(FILTERS)}
        raise InvalidRequest(words, field="state")
    if not request.rule_id:
        return FileStates(())
    found: FileStates = ask(
        user,
        lambda backend, who: backend.list_file_states(
            who,
            request.rule_id,
            states=FILTERS[state],
            limit=min(limit, MOST_FILES),
            after=after,
        ),
    )
    return found
