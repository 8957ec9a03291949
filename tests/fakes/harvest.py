"""What the index reads of the data service in memory; lists can be cut, and times moved on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from accounts.credentials import Credential
from data_mgmt.backends import Did, DidDetails, DidInfo
from tests.fakes.rules import FakeRules, counted
from vre_portal.errors import UpstreamRefused

#: Since when everything is there, and described, unless a test says otherwise.
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeHarvest(FakeRules):
    """What `data_mgmt.backends.harvest.Harvesting` promises."""

    def __init__(self) -> None:
        super().__init__()
        self.registered_at: dict[Did, datetime] = {}
        self.described_at: dict[Did, datetime] = {}
        #: After so many rows a list of names breaks off: told, or (`silently`) not.
        self.cut_names_after: int | None = None
        self.cut_silently = False
        #: What was asked of the names, as (after, until).
        self.parts_read: list[tuple[str, str | None]] = []

    def may_bound(self, name: str) -> bool:
        return "true" not in name

    @counted
    def names_between(
        self,
        service_credential: Credential,
        scope: str,
        *,
        after: str = "",
        until: str | None = None,
        limit: int | None = None,
    ) -> Iterator[DidInfo]:
        self.parts_read.append((after, until))
        names = sorted(did for did in self.types if did.scope == scope and did.name > after)
        found = [did for did in names if until is None or did.name <= until][:limit]
        return self._cut([self._info(did) for did in found])

    def _cut(self, found: list[DidInfo]) -> Iterator[DidInfo]:
        for count, info in enumerate(found):
            if self.cut_names_after is not None and count >= self.cut_names_after:
                if self.cut_silently:
                    return
                raise UpstreamRefused("Rucio broke off its answer. Try again.", service="rucio")
            yield info

    @counted
    def registered_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[DidInfo]:
        found = [did for did in self.types if did.scope == scope]
        yield from (self._info(did) for did in found if self.registered_at.get(did, MADE) >= at)

    @counted
    def described_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[Did]:
        found = [did for did in self.descriptions if did.scope == scope and self.descriptions[did]]
        yield from (did for did in found if self.described_at.get(did, MADE) >= at)

    @counted
    def details_of(
        self, service_credential: Credential, dids: Sequence[Did], *, described: bool
    ) -> Iterator[DidDetails]:
        for did in dids:
            if did in self.types:
                told = self.descriptions.get(did, {}) if described else None
                yield DidDetails(self._info(did), self.registered_at.get(did, MADE), told)
