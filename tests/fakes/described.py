"""Storages in full and written metadata of the data service in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from accounts.credentials import Credential
from data_mgmt.backends import DatasetAt, Did, DidType, Door, StorageDetails, Value
from tests.fakes.rules import FakeRules, counted
from vre_portal.errors import Forbidden, InvalidRequest, NotFound

#: Since when everything is there.
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEPT = frozenset({"account", "bytes", "project"})


class FakeDescribed(FakeRules):
    """What `data_mgmt.backends.DataBackend` promises of storages and of metadata."""

    @counted
    def get_storage(self, credential: Credential, name: str) -> StorageDetails:
        if name not in self.storages:
            raise NotFound("There is no such storage.", service="rucio")
        return StorageDetails(
            self.storages[name],
            min_free=1024,
            attributes={"greedyDeletion": "True"},
            doors=(
                Door("file", f"file:///{name}/"),
                Door("http", f"http://127.0.0.1/{name}/"),
            ),
        )

    @counted
    def datasets_at(
        self, credential: Credential, storage: str, *, limit: int
    ) -> tuple[DatasetAt, ...]:
        if storage not in self.storages:
            raise NotFound("There is no such storage.", service="rucio")
        found = self._counted_datasets(sorted(self.types))
        return tuple(row for row in found if row.storage == storage)[:limit]

    @counted
    def where_datasets(self, credential: Credential, dids: Sequence[Did]) -> tuple[DatasetAt, ...]:
        return tuple(self._counted_datasets(sorted(did for did in dids if did in self.types)))

    def _counted_datasets(self, dids: Sequence[Did]) -> list[DatasetAt]:
        found = []
        for did in dids:
            if self.types[did] is not DidType.DATASET:
                continue
            files = [self.files[file] for file in self._files(did)]
            for name in sorted({name for file in files for name in file.storages}):
                sizes = [len(file.content) for file in files if name in file.storages]
                found.append(DatasetAt(did, name, len(sizes), len(files), sum(sizes)))
        return found

    @counted
    def made_at(self, credential: Credential, did: Did) -> datetime | None:
        self._must_exist(did)
        return self.made.get(did, MADE)

    @counted
    def may_describe(self, credential: Credential, did: Did) -> bool:
        accounts = {credential.account, *self.acts_for.get(credential.account, ())}
        return any(did.scope in {f"user.{name}", f"group.{name}"} for name in accounts)

    @counted
    def check_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        for key in changes:
            if key in KEPT or "." in key:
                raise InvalidRequest(f"Rucio keeps {key} itself.", field=key, service="rucio")
        accounts = {credential.account, *self.acts_for.get(credential.account, ())}
        if not any(did.scope in {f"user.{name}", f"group.{name}"} for name in accounts):
            raise Forbidden("Only the owner of the scope may describe this.", service="rucio")

    @counted
    def set_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        self.check_metadata(credential, did, changes)
        self._must_exist(did)
        known = self.descriptions.setdefault(did, {})
        for key, value in changes.items():
            if value is not None:
                known[key] = value
            elif key in known:
                del known[key]
            else:
                raise NotFound("Rucio does not have this.", service="rucio")
