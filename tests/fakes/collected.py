"""Collections made and changed, and accounts of groups, of the data service in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.credentials import Credential
from data_mgmt.backends import Did, DidType
from tests.fakes.described import FakeDescribed
from tests.fakes.rules import counted
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

CANNOT = "Rucio can't do this: check what you asked for."
MAY_NOT = "Rucio does not let your account do this."
GONE = "There is no such file, dataset or container."


class FakeCollected(FakeDescribed):
    """What `data_mgmt.backends.collections` promises."""

    @counted
    def make(self, credential: Credential, did: Did, type: DidType, *, account: str = "") -> None:
        self._must_write(credential, did.scope)
        if account and account not in self._acting(credential):
            raise Forbidden(MAY_NOT, service="rucio")
        if did in self.types:
            raise Conflict("This exists already.", service="rucio")
        self.types[did] = type
        self.owners[did] = account or credential.account
        self.made[did] = datetime.now(UTC)
        self.open.add(did)

    @counted
    def attach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        self._must_be(did)
        self._must_write(credential, did.scope)
        wanted = {DidType.DATASET: {DidType.FILE}}.get(
            self.types[did], {DidType.DATASET, DidType.CONTAINER}
        )
        for child in children:
            self._must_be(child)
            if did not in self.open or child == did or self.types[child] not in wanted:
                raise InvalidRequest(CANNOT, service="rucio")
            if self.types[child] is DidType.CONTAINER and child in self._above(did):
                raise InvalidRequest(CANNOT, service="rucio")
        self.children[did] += [child for child in children if child not in self.children[did]]

    def _above(self, did: Did) -> set[Did]:
        found: set[Did] = set()
        waiting = [did]
        while waiting:
            child = waiting.pop()
            new = {each for each, held in self.children.items() if child in held} - found
            found |= new
            waiting += new
        return found

    @counted
    def detach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        self._must_be(did)
        self._must_write(credential, did.scope)
        if not all(child in self.children[did] for child in children):
            raise NotFound(GONE, service="rucio")
        self.children[did] = [each for each in self.children[did] if each not in children]

    @counted
    def members(self, credential: Credential, did: Did) -> Iterator[tuple[Did, DidType]]:
        self._must_be(did)
        return iter([(child, self.types[child]) for child in self.children[did]])

    @counted
    def set_open(self, credential: Credential, did: Did, *, is_open: bool) -> None:
        self._must_be(did)
        self._must_write(credential, did.scope)
        (self.open.add if is_open else self.open.discard)(did)

    @counted
    def erase(self, credential: Credential, did: Did, *, seconds: int | None) -> None:
        self._must_be(did)
        self._must_write(credential, did.scope)
        self.ends.pop(did, None)
        if seconds is not None:
            self.ends[did] = datetime.now(UTC) + timedelta(seconds=seconds)

    @counted
    def declare_bad(self, credential: Credential, file: Did, *, storage: str, reason: str) -> None:
        if credential.account not in self.data_managers:
            raise Forbidden(MAY_NOT, service="rucio")
        self._must_be(file)
        if (file, storage) in self.bad:
            raise Conflict("This copy was declared bad before.", service="rucio")
        if storage not in self.files[file].storages:
            raise NotFound(f"There is no copy of {file} at {storage}.", service="rucio")
        self.files[file].storages.discard(storage)
        self.bad[file, storage] = reason

    @counted
    def scopes_of(self, credential: Credential, account: str) -> tuple[str, ...]:
        own = {f"user.{account}", f"group.{account}"}
        return tuple(sorted(own & self.scopes))

    @counted
    def parents_of(self, credential: Credential, dids: Sequence[Did]) -> frozenset[Did]:
        return frozenset(each for each, held in self.children.items() if {*dids} & {*held})

    @counted
    def metadata_of(
        self, credential: Credential, dids: Sequence[Did]
    ) -> Mapping[Did, Mapping[str, Any]]:
        return {did: self.descriptions.get(did, {}) for did in dids if did in self.types}

    @counted
    def ensure_group(
        self, service_credential: Credential, account: str, *, quota_bytes: int
    ) -> bool:
        if f"group.{account}" in self.scopes:
            return False
        self.scopes.add(f"group.{account}")
        for storage in self.storages:
            self.limits[account, storage] = quota_bytes
        return True

    @counted
    def set_marks(
        self,
        service_credential: Credential,
        account: str,
        *,
        groups: Collection[str],
        is_data_manager: bool,
    ) -> None:
        self.acts_for[account] = set(groups)
        (self.data_managers.add if is_data_manager else self.data_managers.discard)(account)

    def _acting(self, credential: Credential) -> set[str]:
        return {credential.account, *self.acts_for.get(credential.account, ())}

    def _must_write(self, credential: Credential, scope: str) -> None:
        accounts = self._acting(credential)
        if not any(scope in {f"user.{name}", f"group.{name}"} for name in accounts):
            raise Forbidden(MAY_NOT, service="rucio")

    def _must_be(self, did: Did) -> None:
        if did not in self.types:
            raise NotFound(GONE, service="rucio")
