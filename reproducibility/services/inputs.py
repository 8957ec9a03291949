"""What a run reads: the recorded inputs, or other data that stand in for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.backends import get_backend as data_backend
from data_mgmt.services.embargo import check_contents
from reproducibility.models import AnalysisInput, AnalysisVersion, Run
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, InvalidRequest, NotFound, PortalError

log = logging.getLogger(__name__)
AUDIENCE = "rucio"


def checked_inputs(
    user: User, version: AnalysisVersion, wanted: Mapping[str, str]
) -> dict[str, str]:
    """Return which data stand in for recorded inputs, both by DID.

    Raises
    ------
    InvalidRequest
        The analysis has no such input, or the other is not a DID, not there, or more than a run
        may be given; `field` is the recorded input's DID.
    """
    recorded = [str(each) for each in version.inputs.all()]
    for name in wanted:
        if name not in recorded:
            known = ", ".join(recorded) or "none"
            raise InvalidRequest(f"{name}: no such input; there are: {known}.", field=name)
    others = {name: text.strip() for name, text in wanted.items()}
    others = {name: did for name, did in others.items() if did and did != name}
    left = most = get_config().run_input_bytes
    for name, did in others.items():
        left -= _size_of(user, did, name)
        if left < 0:
            words = f"{did}: a run is given at most {size(most)} of other data. Pick a part of it."
            raise InvalidRequest(words, field=name)
    return others


def _size_of(user: User, did: str, field: str) -> int:
    try:
        info = data_backend().get_did(credential_for(user, AUDIENCE), Did.parse(did))
    except InvalidRequest as exc:
        raise InvalidRequest(exc.message, field=field) from exc
    except NotFound as exc:
        raise InvalidRequest(f"{did}: there is no such data.", field=field) from exc
    return info.bytes or 0


def check_open(user: User, version: AnalysisVersion, others: Mapping[str, str]) -> None:
    """Raise `Forbidden` for an input under an embargo; without an answer the worker will know."""
    for recorded in version.inputs.all():
        did = _read_for(recorded, others)
        try:
            check_contents(user, did)
        except Forbidden:
            raise
        except PortalError as exc:
            log.info("input %s of %s not looked at: %s", did, version, exc.message)


def read_by(run: Run) -> Iterator[tuple[Did, str]]:
    """Yield what a run reads, and the folder of the workspace where it is expected."""
    for recorded in run.version.inputs.all():
        yield _read_for(recorded, run.replaced_inputs), recorded.folder


def _read_for(recorded: AnalysisInput, others: Mapping[str, str]) -> Did:
    return Did.parse(others.get(recorded.did, recorded.did))
