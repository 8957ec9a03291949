"""A data service in memory: it keeps state, moves files when told to, and fails when told to."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends import (
    Availability,
    Copy,
    Did,
    DidInfo,
    DidPage,
    DidType,
    Downloaded,
    FileEntry,
    FileReplicas,
    RuleState,
    Source,
    Storage,
    Usage,
)
from tests.fakes.collected import FakeCollected
from tests.fakes.contents import FakeContents
from tests.fakes.following import FakeFollowing
from tests.fakes.harvest import FakeHarvest
from tests.fakes.rules import counted
from tests.fakes.subscriptions import FakeSubscriptions
from tests.fakes.uploads import FakeUploads
from vre_portal.errors import (
    Conflict,
    NotFound,
    PortalError,
    UpstreamRefused,
)

#: Issuer and subject.
Pair = tuple[str, str]


class FakeDataBackend(
    FakeSubscriptions, FakeFollowing, FakeUploads, FakeContents, FakeCollected, FakeHarvest
):
    """Does what `data_mgmt.backends.DataBackend` promises."""

    @counted
    def whoami(self, credential: Credential) -> str:
        return credential.account

    @counted
    def list_scopes(self, credential: Credential) -> tuple[str, ...]:
        return tuple(sorted(self.scopes))

    @counted
    def search_dids(
        self,
        credential: Credential,
        scope: str,
        *,
        pattern: str = "*",
        type: DidType | None = None,
        filters: Mapping[str, Any] | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DidPage:
        if scope not in self.scopes:
            raise NotFound(f"There is no scope {scope}.", service="rucio")
        found = sorted(
            did
            for did, kind in self.types.items()
            if did.scope == scope
            and fnmatchcase(did.name, pattern)
            and (type is None or kind is type)
            and (after is None or did.name > after)
            and self._described(did, filters or {})
        )
        items = tuple(self._info(did) for did in found[:limit])
        return DidPage(items, items[-1].did.name if len(found) > limit else None)

    def _described(self, did: Did, filters: Mapping[str, Any]) -> bool:
        known = self.descriptions.get(did, {})
        return all(_holds(known, key, wanted) for key, wanted in filters.items())

    @counted
    def get_dids(self, credential: Credential, dids: Sequence[Did]) -> Iterator[DidInfo]:
        for info in [self._info(did) for did in dids if did in self.types]:
            yield replace(info, bytes=None, files=None) if info.did in self.uncounted else info

    @counted
    def get_did(self, credential: Credential, did: Did) -> DidInfo:
        return self._info(did)

    @counted
    def list_contents(self, credential: Credential, did: Did, *, limit: int) -> tuple[DidInfo, ...]:
        self._must_exist(did)
        return tuple(self._info(child) for child in sorted(self.children[did])[:limit])

    @counted
    def list_files(self, credential: Credential, did: Did, *, limit: int) -> tuple[FileEntry, ...]:
        self._must_exist(did)
        return tuple(self._entry(file) for file in self._files(did)[:limit])

    def _entry(self, did: Did) -> FileEntry:
        return FileEntry(did, len(self.files[did].content), self.files[did].adler32)

    @counted
    def each_child(self, credential: Credential, did: Did) -> Iterator[DidInfo]:
        self._must_exist(did)
        return (self._info(child) for child in self.children[did])

    @counted
    def each_file(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        self._must_exist(did)
        return (self._entry(file) for file in self._files(did))

    @counted
    def parents(self, credential: Credential, did: Did) -> tuple[Did, ...]:
        self._must_exist(did)
        return tuple(sorted(parent for parent, held in self.children.items() if did in held))

    @counted
    def metadata(self, credential: Credential, did: Did) -> Mapping[str, Any]:
        self._must_exist(did)
        return dict(self.descriptions.get(did, {}))

    @counted
    def availability(self, credential: Credential, did: Did) -> tuple[Availability, ...]:
        info = self._info(did)
        files = [self.files[file] for file in self._files(did)]
        found = []
        for storage in sorted({name for file in files for name in file.storages}):
            there = [len(file.content) for file in files if storage in file.storages]
            row = Availability(storage, len(there), len(files), sum(there), info.bytes or 0)
            found.append(row)
        return tuple(found)

    @counted
    def list_replicas(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileReplicas, ...]:
        self._must_exist(did)
        return tuple(
            FileReplicas(
                self._entry(file),
                tuple(
                    Copy(name, "available", f"file:///{name}/{file.name}")
                    for name in sorted(self.files[file].storages)
                ),
            )
            for file in self._files(did)[:limit]
        )

    @counted
    def list_storages(self, credential: Credential) -> tuple[Storage, ...]:
        return tuple(self.storages[name] for name in sorted(self.storages))

    @counted
    def usage(self, credential: Credential, *, account: str = "") -> tuple[Usage, ...]:
        account = account or credential.account
        mine = [
            kept.rule
            for kept in self.rules.values()
            if kept.rule.account == account and kept.rule.state is not RuleState.WAITING_APPROVAL
        ]
        return tuple(
            Usage(
                storage,
                sum(self._info(rule.did).bytes or 0 for rule in mine if rule.storage == storage),
                sum(len(self._files(rule.did)) for rule in mine if rule.storage == storage),
                limit,
            )
            for (owner, storage), limit in sorted(self.limits.items())
            if owner == account
        )

    @counted
    def download(self, credential: Credential, did: Did, folder: Path) -> tuple[Downloaded, ...]:
        self._must_exist(did)
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(self._fetch(file, folder) for file in self._files(did))

    def _fetch(self, did: Did, folder: Path) -> Downloaded:
        file = self.files[did]
        if not file.storages:
            raise UpstreamRefused(f"No storage could give {did}. Try again later.", service="rucio")
        if file.damaged is not None:
            came = f"{zlib.adler32(file.damaged):08x}"
            raise UpstreamRefused(
                f"{did} is damaged at its storage: it came with the adler32 {came}, the catalogue "
                f"has {file.adler32}.",
                service="rucio",
            )
        path = folder / did.name
        path.write_bytes(file.content)
        return Downloaded(did, str(path), len(file.content), file.adler32)

    def search_source(
        self,
        credential: Credential,
        scope: str,
        *,
        pattern: str = "*",
        type: DidType | None = None,
        after: str | None = None,
    ) -> Source:
        return self._source(credential, f"/dids/{scope}/search?name={pattern}&after={after or ''}")

    def contents_source(self, credential: Credential, did: Did) -> Source:
        return self._source(credential, f"/dids/{did.scope}/{did.name}/contents")

    def files_source(self, credential: Credential, did: Did) -> Source:
        return self._source(credential, f"/dids/{did.scope}/{did.name}/files")

    def _source(self, credential: Credential, path: str) -> Source:
        return Source(self.stream_base + quote(path, safe="/?=&*"), {"X-Token": credential.token})

    def refusal(self, credential: Credential, status: int, kind: str, body: bytes) -> PortalError:
        if status == 404:
            return NotFound("There is no such file, dataset or container.", service="rucio")
        return UpstreamRefused("Rucio refused this with a fault of its own.", service="rucio")

    @counted
    def service_credential(self) -> Credential:
        later = datetime.now(UTC) + timedelta(hours=1)
        return Credential(uuid.UUID(int=0), "root", "rucio", "service-token", later)

    @counted
    def ensure_account(
        self,
        service_credential: Credential,
        handle: str,
        *,
        email: str,
        identities: Sequence[Pair],
        quota_bytes: int,
        known_as: str = "",
        absorbed: Sequence[str] = (),
    ) -> str:
        account = self._wanted(identities, absorbed, known_as, handle) or self._free_name(handle)
        mine = self.accounts.setdefault(account, set())
        moved = set(identities) - mine
        for keys in self.accounts.values():
            keys.difference_update(moved)
        mine |= set(identities)
        self.scopes.add(f"user.{account}")
        for storage in self.storages:
            self.limits.setdefault((account, storage), quota_bytes)
        return account

    @counted
    def shut_out(
        self,
        service_credential: Credential,
        identities: Sequence[Pair],
        *,
        accounts: Sequence[str],
    ) -> None:
        for name in accounts:
            self.accounts.get(name, set()).difference_update(identities)

    def _wanted(
        self, identities: Sequence[Pair], absorbed: Sequence[str], known_as: str, handle: str
    ) -> str:
        opened = {each: self._opened_by(each) for each in identities}
        names = set().union(*opened.values())
        ours = [name for name in (known_as, handle) if name in names]
        others = sorted(names - {*absorbed})
        account = (ours or others or [known_as])[0]
        foreign = set(others) if not ours and len(others) > 1 else set()
        for found in opened.values():
            foreign |= set() if account in found else found - {*absorbed}
        if foreign:
            told = " and ".join(sorted(foreign))
            raise Conflict(f"The portal did not make {told} in Rucio.", service="rucio")
        return account

    def _opened_by(self, identity: Pair) -> set[str]:
        return {name for name, keys in self.accounts.items() if identity in keys}

    def _free_name(self, handle: str) -> str:
        names = chain([handle], (f"{handle[:17]}-{number}" for number in count(2)))
        return next(name for name in names if not self.accounts.get(name))

    @contextmanager
    def down(self, error: PortalError) -> Iterator[None]:
        """Let every call fail for a while."""
        self.fail_on("*", error)
        try:
            yield
        finally:
            self.fail_on("*", None)


def _holds(known: Mapping[str, Any], key: str, wanted: Any) -> bool:
    name, _, operator = key.partition(".")
    if name not in known:
        return False
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "": lambda have, want: fnmatchcase(str(have), str(want)),
        "gte": lambda have, want: bool(have >= want),
        "lte": lambda have, want: bool(have <= want),
        "gt": lambda have, want: bool(have > want),
        "lt": lambda have, want: bool(have < want),
        "ne": lambda have, want: bool(have != want),
    }
    return tests[operator](known[name], wanted)
