"""Limits on how often something may be tried, counted in Valkey by fixed windows.

Without Valkey nothing is counted: being able to sign in matters more than the limit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache

from vre_portal.errors import TooManyRequests


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times in `seconds` by one key: an address, a person, a token."""

    name: str
    count: int
    seconds: int = 60

    def use(self, key: object) -> None:
        """Count one more.

        Raises
        ------
        TooManyRequests
            It was one too many; the error says when to come back.
        """
        if self._add(key) > self.count:
            raise self._refused()

    def check(self, key: object) -> None:
        """Raise as `use` does when the limit is used up, without counting."""
        if (cache.get(self._slot(key)) or 0) >= self.count:
            raise self._refused()

    def _add(self, key: object) -> int:
        slot = self._slot(key)
        cache.add(slot, 0, timeout=self.seconds)
        try:
            return int(cache.incr(slot) or 0)
        except ValueError:  # it ended between the two
            return 1

    def _slot(self, key: object) -> str:
        window = int(time.time() // self.seconds)
        return f"limit:{self.name}:{window}:{sha256(str(key).encode()).hexdigest()[:32]}"

    def _refused(self) -> TooManyRequests:
        wait = self.seconds - int(time.time() % self.seconds)
        return TooManyRequests(
            f"That was tried too often from here. Try again in {wait} seconds.", retry_after=wait
        )


#: By address: a class that signs in at once behind one address must fit.
SIGN_IN = Limit("sign-in", 60)
SEARCH = Limit("search", 240)
#: Refused API tokens, by address. A right one is never refused for its neighbours' wrong ones.
REFUSED = Limit("refused", 30)
#: Wrong secrets of satellites, by client and address; a right one is never refused.
CLIENTS = Limit("clients", 30)
#: Refused logout tokens, by provider and address.
LOGOUTS = Limit("logouts", 30)
#: Previews that have to be made, by person; those that are kept are not counted.
PREVIEWS = Limit("previews", 60)
DEVICE_CODES = Limit("device-codes", 30)
#: By person; a stranger's, by address.
SOCKETS = Limit("sockets", 300)
API = Limit("api", 1200)
