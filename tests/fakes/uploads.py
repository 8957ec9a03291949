"""New files of the data service in memory: what lies at its storages, registered or not."""

from __future__ import annotations

import re
import zlib

from accounts.credentials import Credential
from data_mgmt.backends import Did, DidType
from data_mgmt.backends.uploads import NewFile, Sized, Stored
from data_mgmt.backends.values import MAX_NAME
from tests.fakes.catalogue import FakeCatalogue, FakeFile
from tests.fakes.rules import counted
from vre_portal.errors import Conflict, Forbidden, InvalidRequest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*(?:/[A-Za-z0-9._\-]+)*")


class FakeUploads(FakeCatalogue):
    """What `data_mgmt.backends.uploads.Uploads` promises."""

    def __init__(self) -> None:
        super().__init__()
        #: What lies where at the storages.
        self.bytes_at: dict[str, bytes] = {}
        #: Turned on, bytes change on their way to a storage.
        self.corrupts = False

    def check_name(self, name: str) -> None:
        if (
            len(name) > MAX_NAME
            or not NAME.fullmatch(name)
            or {".", ".."}.intersection(name.split("/"))
        ):
            raise InvalidRequest("A name has letters, digits and . _ - / only.", service="rucio")

    @counted
    def write_address(self, credential: Credential, did: Did, storage: str) -> str:
        if storage not in self.storages:
            raise InvalidRequest("no door", field="storage", service="rucio")
        return f"http://storage.test/{storage}/{did.scope}/{did.name}"

    @counted
    def store(self, storage_credential: Credential, address: str, body: Sized) -> None:
        content = b"".join(body)
        assert len(content) == len(body)
        self.bytes_at[address] = content[:-1] + b"?" if self.corrupts else content

    @counted
    def stored(self, storage_credential: Credential, address: str) -> Stored | None:
        if address not in self.bytes_at:
            return None
        content = self.bytes_at[address]
        return Stored(len(content), f"{zlib.adler32(content):08x}")

    @counted
    def unstore(self, storage_credential: Credential, address: str) -> None:
        self.bytes_at.pop(address, None)

    @counted
    def register_file(self, credential: Credential, file: NewFile, storage: str) -> None:
        did = file.entry.did
        self._own_scope(credential, did)
        content = self.bytes_at.get(self.write_address(credential, did, storage), b"")
        if did not in self.types:
            self.types[did] = DidType.FILE
            self.files[did] = FakeFile(content, {storage})
        there = self.files.get(did)
        if there is None or (len(there.content), there.adler32) != (
            file.entry.bytes,
            file.entry.adler32,
        ):
            raise Conflict(f"{did} exists already and is another.", service="rucio")
        there.storages.add(storage)

    def _own_scope(self, credential: Credential, did: Did) -> None:
        scope = f"user.{credential.account}"
        if did.scope != scope:
            raise Forbidden("Rucio does not let your account do this.", service="rucio")
        self.scopes.add(scope)
