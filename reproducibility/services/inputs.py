"""What a run reads: the recorded inputs, or other data that stand in for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.backends import get_backend as data_backend
from data_mgmt.services.embargo import check_contents
from reproducibility.models import Analysis, AnalysisInput, Run
from vre_portal.errors import Forbidden, InvalidRequest, NotFound, PortalError

log = logging.getLogger(__name__)
AUDIENCE = "rucio"


def checked_inputs(user: User, analysis: Analysis, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return which data stand in for recorded inputs, both by DID.

    Raises
    ------
    InvalidRequest
        The analysis has no such input, or the other is not a DID, or not there; `field` is the
        recorded input's DID.
    """
    recorded = [str(each) for each in analysis.inputs.all()]
    for name in wanted:
        if name not in recorded:
            known = ", ".join(recorded) or "none"
            raise InvalidRequest(f"{name}: no such input; there are: {known}.", field=name)
    others = {name: text.strip() for name, text in wanted.items()}
    others = {name: did for name, did in others.items() if did and did != name}
    for name, did in others.items():
        try:
            data_backend().get_did(credential_for(user, AUDIENCE), Did.parse(did))
        except InvalidRequest as exc:
            raise InvalidRequest(exc.message, field=name) from exc
        except NotFound as exc:
            raise InvalidRequest(f"{did}: there is no such data.", field=name) from exc
    return others


def check_open(user: User, analysis: Analysis, others: Mapping[str, str]) -> None:
    """Raise `Forbidden` for an input under an embargo; without an answer the worker will know."""
    for recorded in analysis.inputs.all():
        did = _read_for(recorded, others)
        try:
            check_contents(user, did)
        except Forbidden:
            raise
        except PortalError as exc:
            log.info("input %s of %s not looked at: %s", did, analysis, exc.message)


def read_by(run: Run) -> Iterator[tuple[Did, str]]:
    """Yield what a run reads, and the folder of the workspace where it is expected."""
    for recorded in run.analysis.inputs.all():
        yield _read_for(recorded, run.replaced_inputs), recorded.folder


def _read_for(recorded: AnalysisInput, others: Mapping[str, str]) -> Did:
    return Did.parse(others.get(recorded.did, recorded.did))
