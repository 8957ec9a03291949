"""Reading a file's bytes from its storages, with the token of whoever reads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from django.core.cache import cache

from accounts import audit
from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileEntry, get_backend
from data_mgmt.backends.contents import FileSource
from data_mgmt.services.embargo import check_contents
from vre_portal.config import LOOPBACK, Stage, get_config
from vre_portal.errors import Conflict, PortalError, UpstreamRefused, UpstreamUnavailable
from vre_portal.http import call

log = logging.getLogger(__name__)

#: What one call of `RemoteFile.read_at` gives at most.
MAX_READ = 64 * 2**20
MAX_REDIRECTS = 3
#: How long a copy with another checksum is left alone; by then somebody has seen to it.
SHUNNED_SECONDS = 600
REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that somebody may read, and where it is on disk."""

    file: FileEntry
    sources: tuple[FileSource, ...]


def storage_credential(user: User) -> Credential:
    """Return the token with which a person reads and writes at storages."""
    return credential_for(user, get_config().storage_audience)


def readable(user: User, did: Did) -> Readable:
    """Return where a person may read a file now.

    Raises
    ------
    Forbidden
        Its contents are kept from them.
    Conflict
        There is no copy that could be read.
    """
    check_contents(user, did)
    found = get_backend().file_sources(credential_for(user, "rucio"), did)
    return Readable(found.file, _undamaged(did, safe(found.on_disk)))


def note_damaged(user: User, did: Did, storages: Sequence[str]) -> None:
    """Remember that a copy had another checksum, so that it is not read again for a while.

    Where several storages gave parts it is not known whose was wrong: all are written down, and
    none is shunned.
    """
    log.error("%s is damaged at %s", did, " or ".join(storages))
    detail = {"did": str(did), "storages": [*storages]}
    audit.record("data.damaged", actor=user, about=("did", did), detail=detail)
    if len(storages) == 1:
        cache.set(_damage_key(did, storages[0]), 1, timeout=SHUNNED_SECONDS)


def _undamaged(did: Did, sources: Sequence[FileSource]) -> tuple[FileSource, ...]:
    found = tuple(each for each in sources if not cache.get(_damage_key(did, each.storage)))
    if sources and not found:
        words = f"Each copy of {did} that can be read is damaged. Tell the operators."
        raise UpstreamRefused(words, service="storage")
    return found


def _damage_key(did: Did, storage: str) -> str:
    return f"damaged:{sha256(f'{did} {storage}'.encode()).hexdigest()}"


def safe(sources: Iterable[FileSource]) -> tuple[FileSource, ...]:
    """Return the sources to which a token may be sent: in production never in clear."""
    strict = get_config().environment is Stage.PRODUCTION
    found = tuple(each for each in sources if not strict or _is_private(each.url))
    if not found:
        raise Conflict("The storages with a copy take no encrypted connection.")
    return found


class RemoteFile:
    """A file of the data lake, read by ranges; where one storage fails the next is asked."""

    def __init__(self, user: User, wanted: Readable) -> None:
        self._user, self._sources = user, list(wanted.sources)
        self.file = wanted.file

    @property
    def size(self) -> int:
        """How many bytes the catalogue says it has."""
        return self.file.bytes

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes from an offset, fewer only at the end of the file.

        Raises
        ------
        UpstreamUnavailable
            No storage gave them.
        """
        length = min(length, self.size - offset, MAX_READ)
        if offset < 0 or length <= 0:
            return b""
        fault: PortalError | None = None
        for source in tuple(self._sources):
            try:
                return self._read(source, offset, length)
            except PortalError as exc:
                log.warning("%s at %s: %s", self.file.did, source.storage, exc.message)
                fault = exc
                # The others come first from now on.
                self._sources.remove(source)
                self._sources.append(source)
        words = f"No storage could give {self.file.did}. Try again later."
        raise UpstreamUnavailable(words, service="storage") from fault

    def _read(self, source: FileSource, offset: int, length: int) -> bytes:
        token = storage_credential(self._user).token
        headers = {"Range": f"bytes={offset}-{offset + length - 1}", "Accept-Encoding": "identity"}
        url, origin = source.url, _origin(source.url)
        for _ in range(MAX_REDIRECTS + 1):
            allowed = {"Authorization": f"Bearer {token}"} if _origin(url) == origin else {}
            answer = call(
                source.storage, "GET", url, headers={**headers, **allowed}, max_bytes=length + 1
            )
            if answer.status_code not in REDIRECTS:
                break
            url = urljoin(url, answer.headers.get("Location", ""))
        whole = offset == 0 and length == self.size
        good = (
            {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.OK} if whole else {HTTPStatus.PARTIAL_CONTENT}
        )
        if answer.status_code not in good or len(answer.content) != length:
            raise UpstreamUnavailable(
                f"answered {answer.status_code} with {len(answer.content)} bytes", service="storage"
            )
        return answer.content


def open_file(user: User, did: Did) -> RemoteFile:
    """Return a file to read at any place; raises what `readable` raises."""
    return RemoteFile(user, readable(user, did))


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in LOOPBACK
