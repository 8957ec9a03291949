"""Running sessions in memory: files, usage, guests; it asks the fake hub who may come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import PurePosixPath
from urllib.parse import quote

from accounts.credentials import Credential
from sessions.backends import ServerState, get_backend
from sessions.backends.running import (
    ByteSource,
    Entry,
    EntryKind,
    Fetch,
    FetchState,
    FileStream,
    Place,
    Usage,
    Volume,
    folders_first,
)
from tests.fakes.hub import FakeHub
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    UpstreamRefused,
    UpstreamTimeout,
)

GIB = 1 << 30
USED = Usage(
    memory=GIB // 2, memory_limit=2 * GIB, cpu_percent=12.5, cpu_limit=None,
    home=Volume("", 3 * GIB, 10 * GIB), projects=(), kernels=1, busy_kernels=0, keep_alive=False,
    at=datetime(2026, 11, 27, tzinfo=UTC),
)  # fmt: skip


@dataclass
class FakeSession:
    """What one running session holds; folders are paths with None for content."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    usage: Usage = USED
    lines: list[str] = field(default_factory=lambda: ["Serving at port 1", "Kernel started"])
    guests: dict[str, str] = field(default_factory=dict)
    fetches: dict[str, Fetch] = field(default_factory=dict)
    #: Says nothing to anybody.
    is_silent: bool = False


class FakeRunning:
    """Takes the place of the running sessions' adapter."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], FakeSession] = {}
        self.calls: Counter[str] = Counter()
        self.fetch_ends = FetchState.READY
        #: Where a test serves the files over HTTP, for those who read by `source`.
        self.base = "http://hub.test"
        self._failures: dict[str, PortalError] = {}
        self._numbers = count(1)

    def fail_on(self, method: str, error: PortalError) -> None:
        """Make the next calls of a method raise."""
        self._failures[method] = error

    def recover(self) -> None:
        """Answer again."""
        self._failures.clear()

    def of(self, handle: str, server: str) -> FakeSession:
        """Return what a session holds."""
        return self.sessions.setdefault((handle, server), FakeSession())

    def usage(self, credential: Credential, at: Place) -> Usage:
        """Return what was set."""
        return replace(self._in("usage", credential, at).usage, at=datetime.now(UTC))

    def log(self, credential: Credential, at: Place, *, lines: int) -> list[str]:
        """Return the last lines."""
        return self._in("log", credential, at).lines[-lines:]

    def keep_alive(self, credential: Credential, at: Place, *, on: bool) -> None:
        """Keep the choice."""
        found = self._in("keep_alive", credential, at)
        found.usage = replace(found.usage, keep_alive=on)

    def fetch_repository(
        self, credential: Credential, at: Place, *, url: str, ref: str, path: str
    ) -> str:
        """Fetch as `fetch_ends` says: it is over at the next look."""
        found = self._in("fetch_repository", credential, at)
        if "://" not in url:
            raise InvalidRequest("That is no address of a Git repository.")
        if any(one.state is FetchState.FETCHING for one in found.fetches.values()):
            raise Conflict("Another repository is being fetched.")
        name = PurePosixPath(url).name.removesuffix(".git")
        folder, key = f"repositories/{name}", f"f-{next(self._numbers)}"
        found.fetches[key] = Fetch(
            key, FetchState.FETCHING, f"Fetching {url}", folder, "", f"{folder}/{path}".rstrip("/")
        )
        return key

    def fetched(self, credential: Credential, at: Place, fetch_id: str) -> Fetch:
        """Return where a fetch stands, and bring it to its end."""
        found = self._in("fetched", credential, at)
        if fetch_id not in found.fetches:
            raise NotFound("There is no such thing in the session.")
        fetch = found.fetches[fetch_id]
        ended = {FetchState.READY: "Fetched", FetchState.FAILED: "There is no such repository."}
        found.fetches[fetch_id] = replace(
            fetch, state=self.fetch_ends, message=ended.get(self.fetch_ends, fetch.message),
            commit="c0ffee" * 6 + "c0ff" if self.fetch_ends is FetchState.READY else "",
        )  # fmt: skip
        return fetch

    def set_guests(self, credential: Credential, at: Place, guests: Mapping[str, str]) -> None:
        """Keep the guests."""
        self._in("set_guests", credential, at).guests = dict(guests)

    def entries(self, credential: Credential, at: Place, path: str) -> list[Entry]:
        """Return what is right below a path, without what is hidden."""
        found = self._in("entries", credential, at)
        if path:
            self._must_be_there(found, path)
            if found.files[path] is not None:
                raise InvalidRequest(f"{path} is not a directory", service="jupyterhub")
        parent = PurePosixPath(path)
        below = [name for name in found.files if PurePosixPath(name).parent == parent]
        seen = [name for name in below if not _is_hidden(name)]
        return folders_first([_entry(name, found.files[name]) for name in seen])

    def entry(self, credential: Credential, at: Place, path: str) -> Entry:
        """Return one."""
        found = self._in("entry", credential, at)
        if not path:
            return _entry("", None)
        self._must_be_there(found, path)
        return _entry(path, found.files[path])

    @contextmanager
    def read(
        self,
        credential: Credential,
        at: Place,
        path: str,
        *,
        first: int = 0,
        last: int | None = None,
    ) -> Iterator[FileStream]:
        """Return the bytes in one piece."""
        found = self._in("read", credential, at)
        self._must_be_there(found, path)
        content = found.files[path]
        if content is None:
            raise NotFound(f"{path} is a folder.", service="jupyterhub")
        if first and first >= len(content):
            raise InvalidRequest("The session can't do this.", service="jupyterhub")
        part = content[first : None if last is None else last + 1]
        yield FileStream(iter([part]), len(part), "application/octet-stream")

    def source(self, credential: Credential, at: Place, path: str) -> ByteSource:
        """Return where a test serves them, with the token that opens the session."""
        self._in("source", credential, at)
        url = f"{self.base}/user/{at.handle}/{at.server}/files/{quote(path)}"
        return ByteSource(url, {"Authorization": f"token {credential.token}"})

    def write(self, credential: Credential, at: Place, path: str, content: bytes) -> Entry:
        """Keep the bytes, unless there is something of that name."""
        found = self._in("write", credential, at)
        self._must_be_free(found, path)
        found.files[path] = content
        return _entry(path, content)

    def write_part(
        self,
        credential: Credential,
        at: Place,
        path: str,
        content: bytes,
        *,
        number: int,
        last: bool,
    ) -> None:
        """Add a piece."""
        found = self._in("write_part", credential, at)
        if number == 1:
            self._must_be_free(found, path)
            found.files[path] = b""
        found.files[path] = (found.files.get(path) or b"") + content

    def make_folder(self, credential: Credential, at: Place, path: str) -> Entry:
        """Keep a folder."""
        found = self._in("make_folder", credential, at)
        self._must_be_free(found, path)
        found.files[path] = None
        return _entry(path, None)

    def rename(self, credential: Credential, at: Place, path: str, to: str) -> Entry:
        """Move the entry and all that is below it."""
        found = self._in("rename", credential, at)
        _must_be_seen(path, to)
        self._must_be_there(found, path)
        if not _has_parent(found, to):
            raise NotFound("There is no such thing in the session.", service="jupyterhub")
        if to in found.files:
            raise Conflict(f"File already exists: {to}", service="jupyterhub")
        for name in [name for name in found.files if name == path or name.startswith(f"{path}/")]:
            found.files[to + name.removeprefix(path)] = found.files.pop(name)
        return _entry(to, found.files[to])

    def delete(self, credential: Credential, at: Place, path: str) -> None:
        """Forget a file or an empty folder."""
        found = self._in("delete", credential, at)
        self._must_be_there(found, path)
        if any(name.startswith(f"{path}/") for name in found.files):
            raise Conflict(f"The folder {path} is not empty.", service="jupyterhub")
        del found.files[path]

    def _in(self, method: str, credential: Credential, at: Place) -> FakeSession:
        self.calls[method] += 1
        if method in self._failures:
            raise self._failures[method]
        hub = get_backend()
        assert isinstance(hub, FakeHub)
        owner = hub.tokens.get(credential.token)
        if owner is None or f"access:servers!server={at.handle}/{at.server}" not in owner.scopes:
            raise Forbidden("The session does not let the portal do this.", service="jupyterhub")
        if hub.state_of(at.handle, at.server) is not ServerState.READY:
            raise NotFound("There is no such thing in the session.", service="jupyterhub")
        found = self.of(at.handle, at.server)
        if found.is_silent:
            raise UpstreamTimeout("The session did not answer in time.", service="jupyterhub")
        return found

    def _must_be_there(self, found: FakeSession, path: str) -> None:
        if path not in found.files or _is_hidden(path):
            raise NotFound("There is no such thing in the session.", service="jupyterhub")

    def _must_be_free(self, found: FakeSession, path: str) -> None:
        _must_be_seen(path)
        if not _has_parent(found, path):
            words = "The session answered with an error. Try again."
            raise UpstreamRefused(words, service="jupyterhub")
        if path in found.files:
            raise Conflict(f"There is a {path} in the session already.", service="jupyterhub")


def _entry(path: str, content: bytes | None) -> Entry:
    kind = EntryKind.NOTEBOOK if path.endswith(".ipynb") else EntryKind.FILE
    if content is None:
        kind = EntryKind.FOLDER
    size = None if content is None else len(content)
    return Entry(PurePosixPath(path).name, path, kind, size, USED.at)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path).parts)


def _must_be_seen(*paths: str) -> None:
    if any(_is_hidden(path) for path in paths):
        raise InvalidRequest("Cannot create file or directory", service="jupyterhub")


def _has_parent(found: FakeSession, path: str) -> bool:
    parent = str(PurePosixPath(path).parent)
    return parent == "." or (parent in found.files and found.files[parent] is None)
