"""A data lake in memory: what it holds, and what a test lets happen to it."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from data_mgmt.backends import (
    Did,
    DidInfo,
    DidType,
    FileFault,
    Rule,
    RuleState,
    Storage,
    StorageKind,
)
from vre_portal.errors import NotFound, PortalError

GIB = 2**30


@dataclass
class FakeFile:
    """A file: its content and the storages that have it."""

    content: bytes
    storages: set[str] = field(default_factory=set)
    damaged: bytes | None = None

    @property
    def adler32(self) -> str:
        return f"{zlib.adler32(self.content):08x}"


@dataclass
class FakeRule:
    """A rule and the files that have not arrived."""

    rule: Rule
    missing: list[Did]
    fault: str = ""

    def __setattr__(self, name: str, value: Any) -> None:
        """Note when the rule changes."""
        if name == "rule":
            value = replace(value, updated_at=datetime.now(UTC))
        super().__setattr__(name, value)


class FakeCatalogue:
    """Storages, DIDs, rules and accounts, as tests set them up and let them change."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = defaultdict(int)
        self.failures: dict[str, PortalError] = {}
        self.delays: dict[str, float] = {}
        self.scopes: set[str] = set()
        self.types: dict[Did, DidType] = {}
        #: Open collections, whose sizes lists do not know.
        self.uncounted: set[Did] = set()
        self.owners: dict[Did, str] = {}
        self.files: dict[Did, FakeFile] = {}
        self.children: dict[Did, list[Did]] = defaultdict(list)
        self.descriptions: dict[Did, dict[str, Any]] = {}
        self.storages: dict[str, Storage] = {}
        self.limits: dict[tuple[str, str], int] = {}
        self.rules: dict[str, FakeRule] = {}
        self.accounts: dict[str, set[tuple[str, str]]] = {}
        #: Account -> the accounts of groups that it may act for.
        self.acts_for: dict[str, set[str]] = {}
        self.data_managers: set[str] = set()
        self.open: set[Did] = set()
        self.made: dict[Did, datetime] = {}
        self.ends: dict[Did, datetime] = {}
        self.bad: dict[tuple[Did, str], str] = {}
        #: What a site's policy cuts lifetimes to.
        self.longest_lifetime: timedelta | None = None
        #: What the analysis of each rule says instead of its fault.
        self.told_faults: tuple[FileFault, ...] = ()
        #: Whether rules have more files than are listed.
        self.cut_files = False
        self.stream_base = "http://127.0.0.1:9"

    def fail_on(self, method: str, error: PortalError | None) -> None:
        """Let a method (``*``: each) raise, until it is given None."""
        if error is None:
            self.failures.pop(method, None)
        else:
            self.failures[method] = error

    def hang_on(self, method: str, seconds: float) -> None:
        """Let a method take long."""
        self.delays[method] = seconds

    def add_storage(self, name: str, **values: Any) -> Storage:
        """Put up a storage."""
        made = Storage(name, **{"kind": StorageKind.DISK, "country": "Atlantis", **values})
        self.storages[name] = made
        return made

    def add_file(self, did: str, content: bytes = b"data", at: Sequence[str] = ()) -> Did:
        """Register a file at storages."""
        made = self._add(did, DidType.FILE)
        self.files[made] = FakeFile(content, set(at))
        return made

    def damage(self, did: Did, content: bytes) -> None:
        """Let the storages give something else than was registered."""
        self.files[did].damaged = content

    def add_dataset(self, did: str, *members: Did, **metadata: Any) -> Did:
        """Register a dataset of files."""
        return self._collection(did, DidType.DATASET, members, metadata)

    def add_container(self, did: str, *members: Did, **metadata: Any) -> Did:
        """Register a container of datasets."""
        return self._collection(did, DidType.CONTAINER, members, metadata)

    def _collection(
        self, did: str, kind: DidType, members: Sequence[Did], metadata: dict[str, Any]
    ) -> Did:
        made = self._add(did, kind)
        self.children[made] += members
        self.descriptions[made] = metadata
        return made

    def _add(self, text: str, kind: DidType) -> Did:
        did = Did.parse(text)
        self.scopes.add(did.scope)
        self.types[did] = kind
        return did

    def set_limit(self, account: str, storage: str, size: int) -> None:
        """Give an account a quota."""
        self.limits[account, storage] = size

    def inject(self, rule_id: str) -> None:
        """Let the service work out what a new rule has to move."""
        kept = self.rules[rule_id]
        self._restate(kept)

    def arrive(self, rule_id: str, count: int | None = None) -> None:
        """Let files of a rule arrive, all unless a number is given."""
        kept = self.rules[rule_id]
        arrived = kept.missing[:count]
        kept.missing = kept.missing[len(arrived) :]
        for did in arrived:
            self.files[did].storages.add(kept.rule.storage)
        self._restate(kept)

    def stick(self, rule_id: str, reason: str) -> None:
        """Let what is missing of a rule be stuck."""
        kept = self.rules[rule_id]
        kept.fault = reason
        self._restate(kept)

    def remove(self, rule_id: str) -> None:
        """Let a rule vanish."""
        del self.rules[rule_id]

    def _restate(self, kept: FakeRule) -> None:
        total, missing = len(self._files(kept.rule.did)), len(kept.missing)
        stuck = missing if kept.fault else 0
        state = RuleState.OK if not missing else RuleState.REPLICATING
        kept.rule = replace(
            kept.rule,
            state=RuleState.STUCK if stuck else state,
            locks_ok=total - missing,
            locks_replicating=missing - stuck,
            locks_stuck=stuck,
            error=kept.fault,
        )

    def _must_exist(self, did: Did) -> None:
        if did not in self.types:
            words = f"There is no such file, dataset or container: {did}."
            raise NotFound(words, service="rucio")

    def _info(self, did: Did) -> DidInfo:
        self._must_exist(did)
        files = self._files(did)
        size = sum(len(self.files[file].content) for file in files)
        checksum = self.files[did].adler32 if did in self.files else ""
        return DidInfo(
            did, self.types[did], size, len(files), self.owners.get(did, "root"),
            is_open=did in self.open, adler32=checksum, expires_at=self.ends.get(did),
        )  # fmt: skip

    def _files(self, did: Did) -> list[Did]:
        if self.types[did] is DidType.FILE:
            return [did]
        return sorted({file for child in self.children[did] for file in self._files(child)})

    def _kept(self, rule_id: str) -> FakeRule:
        if rule_id not in self.rules:
            raise NotFound("This replication rule is gone.", service="rucio")
        return self.rules[rule_id]
