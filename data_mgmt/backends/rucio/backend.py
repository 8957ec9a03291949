"""The adapter's methods: what is asked of Rucio, and which questions stand behind each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest, search, service
from data_mgmt.backends.rucio.approvals import ApprovalsPart
from data_mgmt.backends.rucio.collections import CollectionsPart
from data_mgmt.backends.rucio.contents import ContentsPart
from data_mgmt.backends.rucio.describing import TECHNICAL, DescribingPart
from data_mgmt.backends.rucio.following import FollowingPart
from data_mgmt.backends.rucio.groups import GroupsPart
from data_mgmt.backends.rucio.harvest import HarvestPart
from data_mgmt.backends.rucio.kept import Kept
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.rucio.rules import RucioRules
from data_mgmt.backends.rucio.storages import StoragesPart
from data_mgmt.backends.rucio.subscriptions import SubscriptionsPart
from data_mgmt.backends.rucio.understanding import understood
from data_mgmt.backends.rucio.uploads import UploadsPart
from data_mgmt.backends.values import (
    Availability,
    Did,
    DidInfo,
    DidPage,
    DidType,
    Downloaded,
    FileEntry,
    FileReplicas,
    Source,
    Storage,
    Usage,
)
from vre_portal.errors import NotFound, PortalError

STORAGES_SECONDS = 60.0
AT_ONCE = 8
MAX_FILTERED = 5000
BULK = 500
MAX_DATASETS = 1000
#: Up to here Rucio is asked about each file when it tells where a collection is.
FEW_DATASETS = 16
FEW_FILES = 2000


@understood
class RucioBackend(
    RucioRules,
    FollowingPart,
    ContentsPart,
    StoragesPart,
    DescribingPart,
    CollectionsPart,
    GroupsPart,
    UploadsPart,
    HarvestPart,
    ApprovalsPart,
    SubscriptionsPart,
):
    """Rucio over REST; see `data_mgmt.backends.DataBackend` for what each method promises."""

    def __init__(self) -> None:
        self._storages: Kept[tuple[Storage, ...]] = Kept(STORAGES_SECONDS)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rucio")

    def whoami(self, credential: Credential) -> str:
        """Return the account behind the token: Rucio answers with a way to its page."""
        answer = rest.ask(credential, "GET", "/accounts/whoami")
        if answer.is_redirect:
            return unquote(answer.headers["Location"].rstrip("/").rpartition("/")[2])
        return str(answer.json()["account"])

    def list_scopes(self, credential: Credential) -> tuple[str, ...]:
        """Return all scopes, sorted."""
        found = rest.value(credential, "/scopes/")
        if not isinstance(found, list):
            raise TypeError(type(found))
        return tuple(sorted(found))

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
        """Return a page of names; an empty one only if the scope exists."""

        def fetch(upper: str | None, count: int | None) -> Iterator[DidInfo]:
            bounds = search.name_bounds(pattern, after, upper)
            return self._search(credential, scope, type, bounds, count)

        if filters:
            dids = search.matching(
                self._search_metadata(credential, scope, filters), pattern, after
            )
            rows = self.get_dids(credential, dids)
            fitting = (row for row in rows if type is None or row.type is type)
            found = [*islice(fitting, limit + 1)]
        else:
            found = search.smallest(fetch, limit + 1)
        if not found and scope not in self.list_scopes(credential):
            raise NotFound(f"There is no scope {scope}.", service=rest.SERVICE)
        more = found[limit - 1].did.name if len(found) > limit else None
        return DidPage(tuple(found[:limit]), more)

    def _search(
        self,
        credential: Credential,
        scope: str,
        type_: DidType | None,
        group: Mapping[str, Any],
        limit: int | None,
    ) -> Iterator[DidInfo]:
        params = search.parameters(type_, group)
        if limit is not None:
            params["limit"] = str(limit)
        path = search.path_of(scope)
        found = rest.rows(credential, path, params=params, limit=limit)
        return (parsing.info_of(row, fallback=type_) for row in found)

    def _search_metadata(
        self, credential: Credential, scope: str, filters: Mapping[str, Any]
    ) -> list[Did]:
        # A search in free metadata ignores the type, and its rows say nothing but the name.
        group = search.parameters(None, filters)
        found = rest.rows(credential, search.path_of(scope), params=group, limit=MAX_FILTERED)
        return [parsing.did_of(row) for row in found]

    def get_dids(self, credential: Credential, dids: Sequence[Did]) -> Iterator[DidInfo]:
        """Yield those of the DIDs that there are, with type and size, some hundred a question."""
        for start in range(0, len(dids), BULK):
            part = dids[start : start + BULK]
            asked = [{"scope": did.scope, "name": did.name} for did in part]
            body = {"dids": asked, "inherit": False, "plugin": "DID_COLUMN"}
            told = rest.rows(credential, "/dids/bulkmeta", method="POST", body=body)
            known = {info.did: info for info in map(parsing.info_of, told)}
            yield from (known[did] for did in part if did in known)

    def get_did(self, credential: Credential, did: Did) -> DidInfo:
        """Return a DID; the depth makes Rucio count the files of a collection, closed ones are."""
        path = f"/dids/{did_path(did)}"
        try:
            row = rest.value(credential, path)
            if row.get("type") != "FILE" and (row.get("open") or row.get("length") is None):
                row = rest.value(credential, path, params={"dynamic_depth": "FILE"})
        except NotFound as exc:
            words = f"There is no such file, dataset or container: {did}."
            raise NotFound(words, service="rucio") from exc
        info = parsing.info_of(row)
        if info.type is DidType.FILE:
            return replace(info, files=1)
        return info

    def list_contents(self, credential: Credential, did: Did, *, limit: int) -> tuple[DidInfo, ...]:
        """Return what is directly in a collection."""
        rows = rest.rows(credential, f"/dids/{did_path(did)}/dids", limit=limit)
        found = sorted(map(parsing.info_of, rows), key=lambda info: info.did)
        if any(info.type.is_collection for info in found):
            # The list itself has no sizes of collections.
            return tuple(self.get_dids(credential, [info.did for info in found]))
        return tuple(found)

    def list_files(self, credential: Credential, did: Did, *, limit: int) -> tuple[FileEntry, ...]:
        """Return the files below a DID."""
        found = rest.rows(credential, f"/dids/{did_path(did)}/files", limit=limit)
        return tuple(sorted(map(parsing.file_of, found), key=lambda file: file.did))

    def each_child(self, credential: Credential, did: Did) -> Iterator[DidInfo]:
        """Yield what is directly in a collection."""
        return map(parsing.info_of, rest.rows(credential, f"/dids/{did_path(did)}/dids"))

    def each_file(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        """Yield the files below a DID."""
        return map(parsing.file_of, rest.rows(credential, f"/dids/{did_path(did)}/files"))

    def parents(self, credential: Credential, did: Did) -> tuple[Did, ...]:
        """Return the collections that hold a DID."""
        found = sorted(map(parsing.did_of, rest.rows(credential, f"/dids/{did_path(did)}/parents")))
        if not found:
            self._must_exist(credential, did)
        return tuple(found)

    def metadata(self, credential: Credential, did: Did) -> Mapping[str, Any]:
        """Return metadata of all of the site's plug-ins, without Rucio's own columns."""
        found = rest.value(credential, f"/dids/{did_path(did)}/meta", params={"plugin": "ALL"})
        return {
            key: found[key]
            for key in sorted(found)
            if key not in TECHNICAL and found[key] is not None
        }

    def availability(self, credential: Credential, did: Did) -> tuple[Availability, ...]:
        """Return how much is where: for datasets, or added up for containers.

        Rucio looks at each file of a small one; of a large one it tells what it last counted.
        """
        info = self.get_did(credential, did)
        if info.type is DidType.FILE:
            return self._of_file(credential, did)
        datasets = [did] if info.type is DidType.DATASET else self._datasets(credential, did)
        if len(datasets) <= FEW_DATASETS and (info.files or 0) <= FEW_FILES:
            parts = self._pool.map(lambda each: self._of_dataset(credential, each), datasets)
            return _added_up((row for part in parts for row in part), info)
        return _added_up(self._counted(credential, datasets), info)

    def _counted(self, credential: Credential, datasets: Sequence[Did]) -> Iterator[Availability]:
        seen = set()
        for start in range(0, len(datasets), BULK):
            for row in self.where_datasets(credential, datasets[start : start + BULK]):
                seen.add(row.did)
                yield Availability(row.storage, row.files, row.files_total, row.bytes, row.bytes)
        # One that no rule ever held is not counted.
        uncounted = [did for did in datasets if did not in seen][:FEW_DATASETS]
        for part in self._pool.map(lambda each: self._of_dataset(credential, each), uncounted):
            yield from part

    def _of_file(self, credential: Credential, did: Did) -> tuple[Availability, ...]:
        found = []
        for replicas in self.list_replicas(credential, did, limit=1):
            size = replicas.file.bytes
            for copy in replicas.copies:
                there = int(copy.state == "available")
                found.append(Availability(copy.storage, there, 1, there * size, size))
        return tuple(found)

    def _of_dataset(self, credential: Credential, did: Did) -> list[Availability]:
        path = f"/replicas/{did_path(did)}/datasets"
        return [*map(parsing.availability_of, rest.rows(credential, path, params={"deep": "true"}))]

    def _datasets(self, credential: Credential, container: Did) -> list[Did]:
        """Return the datasets below a container, breadth first."""
        found: list[Did] = []
        waiting, seen = [container], {container}
        while waiting and len(found) < MAX_DATASETS:
            for info in self.list_contents(credential, waiting.pop(0), limit=MAX_DATASETS):
                if info.did in seen:
                    continue
                seen.add(info.did)
                (waiting if info.type is DidType.CONTAINER else found).append(info.did)
        return found[:MAX_DATASETS]

    def list_replicas(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileReplicas, ...]:
        """Return files with their copies."""
        # Without "random" Rucio sorts by distance and tries to fetch a GeoIP database each time.
        body = {
            "dids": [{"scope": did.scope, "name": did.name}],
            "sort": "random",
            "all_states": True,
        }
        found = rest.rows(credential, "/replicas/list", method="POST", body=body, limit=limit)
        replicas = sorted(map(parsing.replicas_of, found), key=lambda each: each.file.did)
        if not replicas:
            self._must_exist(credential, did)
        return tuple(replicas)

    def list_storages(self, credential: Credential) -> tuple[Storage, ...]:
        """Return all storages; kept for a minute, as each costs two more questions."""
        return self._storages.get(rest.address(), lambda: self._ask_storages(credential))

    def _ask_storages(self, credential: Credential) -> tuple[Storage, ...]:
        def describe(row: Mapping[str, Any]) -> Storage:
            path = f"/rses/{quote(row['rse'], safe='')}"
            attributes = rest.value(credential, f"{path}/attr/")
            return parsing.storage_of(row, attributes, [*rest.rows(credential, f"{path}/usage")])

        found = sorted(rest.rows(credential, "/rses/"), key=lambda row: str(row["rse"]))
        return tuple(self._pool.map(lambda row: copy_context().run(describe, row), found))

    def usage(self, credential: Credential, *, account: str = "") -> tuple[Usage, ...]:
        """Return the use and limits of the account, or of one that it acts for."""
        path = f"/accounts/{quote(account or credential.account)}/usage/local"
        found = map(parsing.usage_of, rest.rows(credential, path))
        return tuple(sorted(found, key=lambda usage: usage.storage))

    def download(self, credential: Credential, did: Did, folder: Path) -> tuple[Downloaded, ...]:
        """Fetch files through rucio-clients, which knows the storage protocols."""
        # Imported here: the library takes half a second and only workers need it.
        from data_mgmt.backends.rucio.download import download  # noqa: PLC0415

        replicas = self.list_replicas(credential, did, limit=MAX_FILTERED)
        storages = {copy.storage for each in replicas for copy in each.copies}
        return download(credential, [each.file for each in replicas], sorted(storages), folder)

    def search_source(
        self,
        credential: Credential,
        scope: str,
        *,
        pattern: str = "*",
        type: DidType | None = None,
        after: str | None = None,
    ) -> Source:
        """Return Rucio's own search as a stream."""
        group = search.name_bounds(pattern, after, None)
        return self._source(credential, search.path_of(scope), search.parameters(type, group))

    def contents_source(self, credential: Credential, did: Did) -> Source:
        """Return Rucio's own list of a collection as a stream."""
        return self._source(credential, f"/dids/{did_path(did)}/dids")

    def files_source(self, credential: Credential, did: Did) -> Source:
        """Return Rucio's own list of files as a stream."""
        return self._source(credential, f"/dids/{did_path(did)}/files")

    def _source(
        self, credential: Credential, path: str, params: Mapping[str, str] | None = None
    ) -> Source:
        query = f"?{urlencode(params)}" if params else ""
        headers = {**rest.headers_of(credential), "Accept": rest.NDJSON}
        return Source(f"{rest.address()}{path}{query}", headers)

    def refusal(self, credential: Credential, status: int, kind: str, body: bytes) -> PortalError:
        """Return what Rucio's refusal means, also to somebody whom it should know."""
        return rest.refusal_to(credential, rest.error_of(status, kind, body), kind)

    def service_credential(self) -> Credential:
        """Return the provisioning account's credential."""
        return service.service_credential()

    def ensure_account(
        self,
        service_credential: Credential,
        handle: str,
        *,
        email: str,
        identities: Sequence[tuple[str, str]],
        quota_bytes: int,
        known_as: str = "",
        absorbed: Sequence[str] = (),
    ) -> str:
        """Make or find the account with the provisioning credential."""
        storages = [storage.name for storage in self.list_storages(service_credential)]
        return service.ensure_account(
            service_credential,
            handle,
            email=email,
            identities=identities,
            quota_bytes=quota_bytes,
            storages=storages,
            known_as=known_as,
            absorbed=absorbed,
        )

    def shut_out(
        self,
        service_credential: Credential,
        identities: Sequence[tuple[str, str]],
        *,
        accounts: Sequence[str],
    ) -> None:
        """Take identities away from accounts with the provisioning credential."""
        service.shut_out(service_credential, identities, accounts)

    def _must_exist(self, credential: Credential, did: Did) -> None:
        """Tell "nothing there" from "no such DID": Rucio answers both with an empty list."""
        rest.value(credential, f"/dids/{did_path(did)}")


def _added_up(rows: Iterable[Availability], info: DidInfo) -> tuple[Availability, ...]:
    files: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for row in rows:
        files[row.storage] = files.get(row.storage, 0) + row.files
        sizes[row.storage] = sizes.get(row.storage, 0) + row.bytes
    return tuple(
        Availability(name, files[name], info.files or 0, sizes[name], info.bytes or 0)
        for name in sorted(files)
    )
