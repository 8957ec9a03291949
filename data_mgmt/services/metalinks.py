"""Metalinks (RFC 5854): each file of a dataset with its size, checksum and address here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileEntry, get_backend
from data_mgmt.file_names import folder_name, path_of, printable
from data_mgmt.services.archives import BASKET
from data_mgmt.services.embargo import check_contents

TYPE = "application/metalink4+xml"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
"""
TAIL = "</metalink>\n"


def content_path(did: Did) -> str:
    """Return the path at which the portal gives a file's content.

    Clients shorten a path with dots or double slashes in it, so that such a name is quoted whole.
    """
    plain = not {"", ".", ".."}.intersection(did.name.split("/"))
    name = quote(did.name, safe="/" if plain else "")
    return f"/api/v1/data/files/{quote(did.scope, safe='')}/{name}/content"


def document(user: User, dids: Sequence[Did], *, portal: str) -> tuple[str, Iterator[str]]:
    """Return a metalink's name and its parts: written as the list comes, of any length.

    Raises
    ------
    Forbidden
        Contents of one are kept from the person.
    NotFound
        There is no such DID.
    """
    for did in dids:
        check_contents(user, did)
    credential, backend = credential_for(user, "rucio"), get_backend()
    files = chain.from_iterable(backend.files_below(credential, did) for did in dids)
    name = folder_name(dids[0]) if len(dids) == 1 else BASKET
    rows = _rows(files, name, portal)
    # What is wrong is told before anything is sent.
    first = next(rows, "")
    return f"{name}.meta4", chain([HEAD, first], rows, [TAIL])


def _rows(files: Iterator[FileEntry], folder: str, portal: str) -> Iterator[str]:
    for file in files:
        path = f"{folder}/{path_of(file.did.scope)}/{path_of(file.did.name)}"
        checksum = f'  <hash type="adler32">{escape(file.adler32)}</hash>\n'
        yield (
            f" <file name={quoteattr(path)}>\n"
            f"  <identity>{escape(printable(str(file.did)))}</identity>\n"
            f"  <size>{file.bytes}</size>\n"
            f"{checksum if file.adler32 else ''}"
            f"  <url>{escape(portal + content_path(file.did))}</url>\n"
            " </file>\n"
        )
