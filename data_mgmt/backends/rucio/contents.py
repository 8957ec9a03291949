"""The adapter's methods that tell where bytes can be read over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from accounts.credentials import Credential
from data_mgmt.backends.contents import FileSource, FileSources
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import Did, DidType, FileEntry, StorageKind
from vre_portal.errors import Conflict, InvalidRequest

#: Protocols that are HTTP -> its plain or its encrypted kind.
SCHEMES: Mapping[str, str] = {
    "https": "https", "davs": "https", "http": "http", "dav": "http", "webdav": "http",
}  # fmt: skip
AVAILABLE = "AVAILABLE"
#: What may stand in a path beside letters and digits; also how Rucio's addresses keep it.
PLAIN = "/-._~"


class ContentsPart:
    """Rucio's copies of files as addresses to read."""

    def file_sources(self, credential: Credential, did: Did) -> FileSources:
        """Return where a file can be read; say why where it can't."""
        rows = [*_replicas(credential, did, limit=2)]
        found = [row for row in rows if parsing.did_of(row) == did]
        if not found:
            info = parsing.info_of(rest.value(credential, f"/dids/{did_path(did)}"))
            if info.type is not DidType.FILE:
                raise InvalidRequest(f"{did} is no file but a {info.type}.", field="did")
            raise Conflict(f"There is no available copy of {did}.", service=rest.SERVICE)
        sources = _sources_of(found[0])
        if not sources.on_disk:
            raise Conflict(_why_none(did, found[0], sources), service=rest.SERVICE)
        return sources

    def sources_below(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileSources, ...]:
        """Return files with where they can be read."""
        rows = _replicas(credential, did, limit=limit)
        found = sorted(map(_sources_of, rows), key=lambda each: each.file.did)
        if not found:
            rest.value(credential, f"/dids/{did_path(did)}")
        return tuple(found)

    def files_below(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        """Yield files as Rucio streams them."""
        empty = True
        for row in rest.rows(credential, f"/dids/{did_path(did)}/files"):
            empty = False
            yield parsing.file_of(row)
        if empty:
            rest.value(credential, f"/dids/{did_path(did)}")


def _replicas(credential: Credential, did: Did, *, limit: int) -> Iterator[Mapping[str, Any]]:
    # Without "random" Rucio sorts by distance and tries to fetch a GeoIP database each time.
    body = {
        "dids": [{"scope": did.scope, "name": did.name}],
        "schemes": [*SCHEMES],
        "sort": "random",
    }
    return rest.rows(credential, "/replicas/list", method="POST", body=body, limit=limit)


def _sources_of(row: Mapping[str, Any]) -> FileSources:
    """Return a row's copies in Rucio's order, tapes behind disks."""
    states = row.get("states") or {}
    told = sorted((row.get("pfns") or {}).items(), key=lambda item: item[1].get("priority") or 0)
    found = [
        FileSource(
            storage=about["rse"],
            url=address_of(pfn),
            kind=StorageKind.TAPE if about.get("type") == "TAPE" else StorageKind.DISK,
        )
        for pfn, about in told
        if states.get(about["rse"], AVAILABLE) == AVAILABLE
    ]
    found.sort(key=lambda source: source.kind is StorageKind.TAPE)
    return FileSources(parsing.file_of(row), tuple(found))


def address_of(pfn: str) -> str:
    """Return a physical name as an address: Rucio writes odd signs of names into it as they are.

    A name that is quoted already stays as it is.
    """
    scheme, _, rest_ = pfn.partition("://")
    place, slash, path = rest_.partition("/")
    return f"{SCHEMES[scheme]}://{place}{slash}{quote(_as_named(path), safe=PLAIN)}"


def _as_named(path: str) -> str:
    plain = unquote(path)
    return plain if quote(plain, safe=PLAIN) == path else path


def _why_none(did: Did, row: Mapping[str, Any], sources: FileSources) -> str:
    if sources.sources:
        return f"{did} is only on tape: ask for a copy on disk."
    if AVAILABLE in (row.get("states") or {}).values():
        return f"No storage with a copy of {did} can be read over HTTP: ask for a copy elsewhere."
    return f"There is no available copy of {did}."
