"""The adapter's methods that store and register a new file."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import door, parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.uploads import NewFile, Sized, Stored
from data_mgmt.backends.values import MAX_NAME, Did, DidType
from vre_portal.errors import Conflict, InvalidRequest, NotFound, UpstreamRefused

#: Rucio's generic schema; a site's own may take less, and then says so itself.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*(?:/[A-Za-z0-9._\-]+)*")


class UploadsPart:
    """New files in Rucio."""

    def check_name(self, name: str) -> None:
        """Refuse what Rucio refuses, and parts that would lead out of a storage's folder."""
        fits = len(name) <= MAX_NAME and NAME.fullmatch(name)
        if not fits or {".", ".."} & set(name.split("/")):
            raise InvalidRequest(
                "A name has letters, digits and . _ - / only, begins with a letter or digit, and"
                f" has at most {MAX_NAME} characters.",
                service=rest.SERVICE,
            )

    def write_address(self, credential: Credential, did: Did, storage: str) -> str:
        """Return the address that Rucio works out for a deterministic storage."""
        params = {
            "lfn": str(did),
            "scheme": ",".join(door.SCHEMES),
            "domain": "wan",
            "operation": "write",
        }
        path = f"/rses/{quote(storage, safe='')}/lfns2pfns"
        try:
            found = rest.value(credential, path, params=params)
            return str(found[str(did)])
        except (NotFound, UpstreamRefused, KeyError) as exc:
            words = f"{storage} has no door over HTTP through which files could go there."
            raise InvalidRequest(words, field="storage", service=rest.SERVICE) from exc

    def store(self, storage_credential: Credential, address: str, body: Sized) -> None:
        """Put bytes through the storage's door."""
        door.put(storage_credential, address, body)

    def stored(self, storage_credential: Credential, address: str) -> Stored | None:
        """Ask the storage's door what is there."""
        return door.look(storage_credential, address)

    def unstore(self, storage_credential: Credential, address: str) -> None:
        """Remove what is there through the storage's door."""
        door.remove(storage_credential, address)

    def register_file(self, credential: Credential, file: NewFile, storage: str) -> None:
        """Register DID and replica in one call; Rucio takes an old one of this name as it is."""
        entry = file.entry
        row = {
            "scope": entry.did.scope,
            "name": entry.did.name,
            "bytes": entry.bytes,
            "adler32": entry.adler32,
            "md5": file.md5,
        }
        with suppress(Conflict):
            rest.ask(credential, "POST", "/replicas", body={"rse": storage, "files": [row]})
        there = parsing.info_of(rest.value(credential, f"/dids/{did_path(entry.did)}"))
        same = (there.type, there.bytes, there.adler32)
        if same != (DidType.FILE, entry.bytes, entry.adler32):
            raise Conflict(f"{entry.did} exists already and is another.", service=rest.SERVICE)
