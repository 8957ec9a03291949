"""Where the fake's files can be read: at a door that a test opens, or at none."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends import Did, FileEntry, StorageKind
from data_mgmt.backends.contents import FileSource, FileSources
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.rules import counted
from vre_portal.errors import Conflict, InvalidRequest


class FakeContents(FakeCatalogue):
    """Does what `data_mgmt.backends.contents.Contents` promises."""

    #: Where the door of all storages stands (`tests.doors`).
    door_base = "http://127.0.0.1:9"

    @counted
    def file_sources(self, credential: Credential, did: Did) -> FileSources:
        self._must_exist(did)
        if did not in self.files:
            raise InvalidRequest(f"{did} is no file but a {self.types[did]}.", field="did")
        found = self._sources(did)
        if not found.on_disk:
            only = f"{did} is only on tape: ask for a copy on disk."
            raise Conflict(only if found.sources else f"There is no available copy of {did}.")
        return found

    @counted
    def sources_below(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileSources, ...]:
        self._must_exist(did)
        return tuple(self._sources(file) for file in self._files(did)[:limit])

    @counted
    def files_below(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        self._must_exist(did)
        return iter([self._sources(file).file for file in self._files(did)])

    def _sources(self, did: Did) -> FileSources:
        file = self.files[did]
        found = [
            FileSource(
                name,
                f"{self.door_base}/{name}/{quote(did.scope)}/{quote(did.name)}",
                self.storages[name].kind if name in self.storages else StorageKind.DISK,
            )
            for name in sorted(file.storages)
        ]
        found.sort(key=lambda source: source.kind is StorageKind.TAPE)
        return FileSources(FileEntry(did, len(file.content), file.adler32), tuple(found))
