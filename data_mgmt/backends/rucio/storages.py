"""The adapter's methods that tell of one storage and of the datasets at storages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.storages import DatasetAt, Door, StorageDetails
from data_mgmt.backends.values import Did

MIN_FREE = "MinFreeSpace"
#: Attributes that a page tells elsewhere, or that say nothing to a person.
TOLD_ELSEWHERE = frozenset({"site", "country"})
MAX_ATTRIBUTES = 100


class StoragesPart:
    """Rucio's storages, one at a time."""

    def get_storage(self, credential: Credential, name: str) -> StorageDetails:
        """Return one storage: its row, attributes, limits and reports of use."""
        path = f"/rses/{quote(name, safe='')}"
        row = rest.value(credential, path)
        attributes = rest.value(credential, f"{path}/attr/")
        limits = rest.value(credential, f"{path}/limits")
        return _details(row, attributes, limits, [*rest.rows(credential, f"{path}/usage")])

    def datasets_at(
        self, credential: Credential, storage: str, *, limit: int
    ) -> tuple[DatasetAt, ...]:
        """Return datasets at a storage as Rucio last counted them."""
        path = f"/replicas/rse/{quote(storage, safe='')}"
        rows = [*rest.rows(credential, path, limit=limit)]
        if not rows:
            rest.value(credential, f"/rses/{quote(storage, safe='')}")
        return _counted(rows)

    def where_datasets(self, credential: Credential, dids: Sequence[Did]) -> tuple[DatasetAt, ...]:
        """Return where datasets are, in one question."""
        if not dids:
            return ()
        body = {"dids": [{"scope": did.scope, "name": did.name} for did in dids]}
        path = "/replicas/datasets_bulk"
        return _counted(rest.rows(credential, path, method="POST", body=body))


def _counted(rows: Iterable[Mapping[str, Any]]) -> tuple[DatasetAt, ...]:
    found = (_dataset_at(row) for row in rows)
    return tuple(sorted(found, key=lambda each: (each.did, each.storage)))


def _dataset_at(row: Mapping[str, Any]) -> DatasetAt:
    there = parsing.availability_of(row)
    did = parsing.did_of(row)
    return DatasetAt(did, there.storage, there.files, there.files_total, there.bytes)


def _details(
    row: Mapping[str, Any],
    attributes: Mapping[str, Any],
    limits: Mapping[str, Any],
    usage: list[Mapping[str, Any]],
) -> StorageDetails:
    reports = {report["source"]: report for report in usage}
    told = sorted((key, text) for key, text in attributes.items() if key not in TOLD_ELSEWHERE)
    return StorageDetails(
        storage=parsing.storage_of(row, attributes, usage),
        is_readable=bool(row.get("availability_read", True)),
        is_deletable=bool(row.get("availability_delete", True)),
        total=parsing.whole(reports.get("storage", {}).get("total")),
        files=parsing.whole(reports.get("rucio", {}).get("files")),
        min_free=parsing.whole(limits.get(MIN_FREE)),
        attributes={key: str(text) for key, text in told[:MAX_ATTRIBUTES] if key != row["rse"]},
        doors=tuple(_door(protocol) for protocol in row.get("protocols") or ()),
    )


def _door(protocol: Mapping[str, Any]) -> Door:
    host, port = protocol.get("hostname") or "", protocol.get("port") or 0
    place = f"{host}:{port}" if port else host
    scheme = str(protocol.get("scheme") or "")
    return Door(scheme, f"{scheme}://{place}{protocol.get('prefix') or ''}")
