"""What the worker does with a deposit: a draft with a DOI and its files, later its publication.

What the repository gave is saved as soon as it is known. A draft whose id was lost with a killed
worker is found by its marker, so that there are never two.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from reproducibility.backends.deposits import Refused
from reproducibility.models import Deposit, DepositState
from reproducibility.services import staging
from reproducibility.services.deposits import asking
from reproducibility.services.deposits.drafting import prepare
from reproducibility.services.deposits.releasing import release
from reproducibility.services.deposits.turns import DraftGone, Turn
from vre_portal import operations
from vre_portal.errors import PortalError
from vre_portal.models import Operation
from vre_portal.operations import Done, Outcome


def register() -> None:
    """Say which step drives deposits."""
    operations.register(asking.KIND, advance, give_up=failed)


def advance(operation: Operation) -> Outcome:
    """Do the next part of a deposit; what a killed worker began goes on."""
    deposit = _of(operation)
    staging.remove(operation.subject)  # what a killed worker left
    if deposit is None or not deposit.active or deposit.user is None:
        return Done()
    turn = Turn(operation, deposit, deposit.user)
    try:
        asking.check_place(deposit)
        with operations.held(operation):
            return prepare(turn) if deposit.state == DepositState.PREPARING else release(turn)
    except PortalError as exc:
        if exc.waits:
            turn.wait(exc)
        if not exc.retryable:
            raise
        return turn.later(exc)
    finally:
        staging.remove(operation.subject)


def failed(operation: Operation, error: PortalError) -> None:
    """Record why a deposit did not come to its end; what is at the repository stays there."""
    deposit = _of(operation)
    if deposit is None or not deposit.active:
        return
    if isinstance(error, DraftGone):
        deposit.remote_id, deposit.doi, deposit.files = "", "", []
    faults = error.faults if isinstance(error, Refused) else ()
    deposit.faults = [{"field": each.field, "reason": each.reason} for each in faults]
    deposit.state, deposit.message = DepositState.FAILED, error.message
    deposit.waiting = False
    deposit.save()
    words = _("not deposited: %s") % error.message
    asking.tell(deposit, "deposit-failed", words, level="error")


def _of(operation: Operation) -> Deposit | None:
    rows = Deposit.objects.select_related("user", "version__analysis")
    return rows.filter(pk=operation.subject).first()
