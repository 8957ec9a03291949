"""A worker's turn at a deposit: what it writes, and only while nobody else has taken it over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from reproducibility.backends.deposits import AUDIENCE, DepositBackend, get_deposits
from reproducibility.models import Deposit
from reproducibility.services.deposits import asking
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError, UpstreamUnavailable
from vre_portal.models import Operation
from vre_portal.operations import Again, Outcome

#: A repository that does not answer is asked again after these seconds, twice as late each time,
#: and given up after so many times: about a day.
FIRST_SECONDS, LONGEST_SECONDS, MOST_TROUBLES = 4.0, 900.0, 100
DOUBLINGS = 8
TELL_SECONDS = 1.0


class DraftGone(NotFound):
    """A draft was deleted at the repository."""

    def __init__(self) -> None:
        words = _("The draft is not at %s any more: it was deleted there. Prepare it again.")
        super().__init__(words % get_config().deposit_name, service=AUDIENCE)


@dataclass(slots=True)
class Turn:
    """A turn at a deposit for its person."""

    operation: Operation
    deposit: Deposit
    user: User
    _told_at: float = field(default_factory=time.monotonic)

    @property
    def backend(self) -> DepositBackend:
        """The repository."""
        return get_deposits()

    @property
    def credential(self) -> Credential:
        """The person's token."""
        return credential_for(self.user, AUDIENCE)

    def save(self, **changes: Any) -> None:
        """Save changes and tell the open pages, unless another worker has taken over."""
        with transaction.atomic():
            operations.hold(self.operation)
            for name, value in changes.items():
                setattr(self.deposit, name, value)
            self.deposit.save(update_fields=[*changes, "updated_at"])
            asking.publish_state(self.deposit)

    def got_on(self, **changes: Any) -> None:
        """Save what was reached: whatever kept it waiting is over."""
        self.save(waiting=False, troubles=0, **changes)

    def doing(self, message: str) -> None:
        """Tell on the page what is being done, unless that says why it waits."""
        if not self.deposit.waiting and not self.deposit.troubles:
            self.save(message=message)

    def wait(self, error: PortalError) -> None:
        """Tell its person, once, what only they can do."""
        is_new = not self.deposit.waiting
        with transaction.atomic():
            self.save(waiting=True, message=error.message)
            if is_new:
                words = _("the deposit waits for you: %s") % error.message
                asking.tell(self.deposit, "deposit-waits", words, level="warning")

    def end(self, verb: str, text: str, *, level: str, **changes: Any) -> None:
        """Save changes with their line on the timeline."""
        with transaction.atomic():
            self.got_on(**changes)
            asking.tell(self.deposit, verb, text, level=level)

    def say(self, message: str) -> None:
        """Tell on the page how far it is, about once a second."""
        if time.monotonic() - self._told_at > TELL_SECONDS:
            self._told_at = time.monotonic()
            self.doing(message)

    def later(self, error: PortalError) -> Outcome:
        """Go on when the repository answers again: it says when, or each time twice as late.

        Raises
        ------
        PortalError
            The error itself, after about a day.
        """
        troubles = self.deposit.troubles + 1
        if troubles > MOST_TROUBLES:
            raise error
        wanted = error.retry_after if isinstance(error, UpstreamUnavailable) else None
        steps = min(troubles - 1, DOUBLINGS)
        seconds = float(wanted) if wanted else min(FIRST_SECONDS * 2**steps, LONGEST_SECONDS)
        self.save(
            waiting=False, troubles=troubles, message=_("%s It goes on by itself.") % _why(error)
        )
        return Again(seconds)


def _why(error: PortalError) -> str:
    """Return an error's words without its advice, where it is the network's."""
    name = get_config().deposit_name
    return _("%s does not answer at the moment.") % name if error.service == name else error.message
