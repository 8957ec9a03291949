"""A small InvenioRDM on real HTTP: drafts, files, DOIs, versions, publication, and its refusals.

It keeps state as the real one does, and can fail before or after it has done what it was asked.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.invenio_rules import faults_of

#: The prefix of DOIs that lead nowhere.
PREFIX = "10.5072"
Answer = tuple[int, Any]
#: In place of a status: the connection ends without an answer.
CUT = 0


@dataclass
class Kept:
    """A file of a record, its content None before it was sent."""

    content: bytes | None = None
    committed: bool = False

    def told(self, key: str) -> dict[str, Any]:
        """Return it as the API tells it."""
        told: dict[str, Any] = {"key": key, "status": "pending"}
        if self.committed and self.content is not None:
            digest = md5(self.content, usedforsecurity=False).hexdigest()
            told |= {"status": "completed", "size": len(self.content), "checksum": f"md5:{digest}"}
        return told


@dataclass
class Deposited:
    """A draft, or the record that it became."""

    id: str
    owner: str
    parent: str
    metadata: dict[str, Any] = field(default_factory=dict)
    doi: str = ""
    published: bool = False
    files: dict[str, Kept] = field(default_factory=dict)
    communities: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        pids = {"doi": {"identifier": self.doi, "provider": "datacite"}} if self.doi else {}
        return {
            "id": self.id,
            "metadata": self.metadata,
            "pids": pids,
            "parent": {"id": self.parent},
            "is_published": self.published,
            "is_draft": not self.published,
            "links": {"self_html": f"https://attacker.test/{self.id}"},
        }


@dataclass
class Failure:
    """What happens to requests that match: before, or after they were done."""

    what: str
    status: int
    times: int
    body: Any
    headers: dict[str, str]
    done: bool


class Refusal(Exception):
    """A refusal with its status and document."""

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None):
        super().__init__(message)
        self.answer: Answer = status, {"status": status, "message": message, "errors": errors or []}


class FakeInvenio(ThreadingHTTPServer):
    """The server; `tokens` says whose each is, `log` holds ``METHOD /path`` of each request."""

    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tokens = {"token-of-alice": "alice", "token-of-bob": "bob"}
        self.records: dict[str, Deposited] = {}
        self.communities = {"escape": "0b0c1b6e-1111-4222-8333-444455556666"}
        self.log: list[str] = []
        self.failures: list[Failure] = []
        self.damage = False
        self.lock = threading.RLock()
        self._numbers = iter(range(1000, 100_000))

    @property
    def url(self) -> str:
        """Its address, as the setting names it."""
        return f"http://127.0.0.1:{self.server_port}"

    def fail_on(
        self,
        what: str,
        status: int = 503,
        *,
        times: int = 1,
        body: Any = None,
        headers: dict[str, str] | None = None,
        done: bool = False,
    ) -> None:
        """Answer the next requests that match ``METHOD /path`` so; with `done` after doing them.

        With the status `CUT` there is no answer: the connection ends.
        """
        self.failures.append(Failure(what, status, times, body, headers or {}, done))

    def asked(self, what: str) -> int:
        """Return how many requests matched."""
        return sum(bool(re.search(what, line)) for line in self.log)

    def drafts(self) -> list[Deposited]:
        """Return what is not published."""
        return [each for each in self.records.values() if not each.published]

    def published(self) -> list[Deposited]:
        """Return what is."""
        return [each for each in self.records.values() if each.published]

    def made(self, owner: str, parent: str = "") -> Deposited:
        """Make an empty draft."""
        number = str(next(self._numbers))
        found = self.records[number] = Deposited(number, owner, parent or f"p{number}")
        return found


class _Handler(BaseHTTPRequestHandler):
    server: FakeInvenio
    protocol_version = "HTTP/1.1"
    #: Head and body leave together: apart, each answer waits for an acknowledgement.
    wbufsize = 1 << 16

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        line = f"{self.command} {path}"
        with self.server.lock:
            self.server.log.append(line)
            failure = self._failure(line)
            if failure is not None and not failure.done:
                return self._answer(failure.status, failure.body, failure.headers)
            status, told = self._answered(path, body)
        if failure is not None:
            return self._answer(failure.status, failure.body, failure.headers)
        return self._answer(status, told, {})

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def do_DELETE(self) -> None:
        self._do()

    def _failure(self, line: str) -> Failure | None:
        for each in self.server.failures:
            if each.times > 0 and re.search(each.what, line):
                each.times -= 1
                return each
        return None

    def _answer(self, status: int, told: Any, headers: dict[str, str]) -> None:
        if status == CUT:
            self.close_connection = True
            return
        content = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _answered(self, path: str, body: bytes) -> Answer:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        owner = self.server.tokens.get(token)
        if owner is None:
            return 401, {"status": 401, "message": "The server could not verify that you are ..."}
        try:
            for pattern, method, act in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and method == self.command:
                    return act(
                        _Asked(self.server, owner, self.path, body), *map(unquote, found.groups())
                    )
        except Refusal as exc:
            return exc.answer
        return 404, {"status": 404, "message": "The requested URL was not found on the server."}

    def log_message(self, *_: object) -> None: ...


@dataclass
class _Asked:
    server: FakeInvenio
    owner: str
    path: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def draft(self, key: str) -> Deposited:
        found = self.record(key)
        if found.published:
            raise Refusal(404, "The draft does not exist.")
        return found

    def record(self, key: str) -> Deposited:
        found = self.server.records.get(key)
        if found is None:
            raise Refusal(404, "The persistent identifier does not exist.")
        if found.owner != self.owner:
            raise Refusal(403, "Permission denied.")
        return found


def _search(asked: _Asked) -> Answer:
    query = parse_qs(urlsplit(asked.path).query).get("q", [""])[0]
    wanted = re.search(r'metadata\.identifiers\.identifier:"([^"]+)"', query)
    mine = [each for each in asked.server.records.values() if each.owner == asked.owner]
    if wanted:
        mine = [each for each in mine if wanted[1] in json.dumps(each.metadata)]
    return 200, {"hits": {"hits": [each.told() for each in mine], "total": len(mine)}}


def _create(asked: _Asked) -> Answer:
    return _described(asked, asked.server.made(asked.owner), 201)


def _read_draft(asked: _Asked, key: str) -> Answer:
    return 200, asked.draft(key).told()


def _update(asked: _Asked, key: str) -> Answer:
    return _described(asked, asked.draft(key), 200)


def _described(asked: _Asked, draft: Deposited, status: int) -> Answer:
    """Keep what is valid; what is not is told, and refused only when it is to be published."""
    told = asked.json()
    draft.metadata = told.get("metadata", {})
    draft.doi = told.get("pids", {}).get("doi", {}).get("identifier", "")
    faults = faults_of(draft.metadata)
    return status, draft.told() | ({"errors": faults} if faults else {})


def _read(asked: _Asked, key: str) -> Answer:
    found = asked.record(key)
    if not found.published:
        raise Refusal(404, "The persistent identifier is not registered.")
    return 200, found.told()


def _delete(asked: _Asked, key: str) -> Answer:
    del asked.server.records[asked.draft(key).id]
    return 204, None


def _reserve(asked: _Asked, key: str) -> Answer:
    draft = asked.draft(key)
    if draft.doi:
        fault = {"field": "pids.doi", "messages": ["A PID already exists for type doi"]}
        raise Refusal(400, "A validation error occurred.", [fault])
    draft.doi = f"{PREFIX}/zenodo.{draft.id}"
    return 201, draft.told()


def _publish(asked: _Asked, key: str) -> Answer:
    draft = asked.draft(key)
    faults = faults_of(draft.metadata)
    if not any(each.committed for each in draft.files.values()):
        faults.append({"field": "files.enabled", "messages": ["Missing uploaded files."]})
    if faults:
        raise Refusal(400, "A validation error occurred.", faults)
    draft.published, draft.doi = True, draft.doi or f"{PREFIX}/zenodo.{draft.id}"
    return 202, draft.told()


def _version(asked: _Asked, key: str) -> Answer:
    former = asked.record(key)
    if not former.published:
        raise Refusal(404, "The persistent identifier is not registered.")
    for each in asked.server.drafts():
        if each.parent == former.parent:
            return 201, each.told()
    draft = asked.server.made(asked.owner, former.parent)
    draft.metadata = {
        name: value
        for name, value in former.metadata.items()
        if name not in {"publication_date", "version"}
    }
    return 201, draft.told()


def _files(asked: _Asked, key: str) -> Answer:
    files = asked.draft(key).files
    return 200, {"enabled": True, "entries": [file.told(name) for name, file in files.items()]}


def _begin_file(asked: _Asked, key: str) -> Answer:
    draft = asked.draft(key)
    for each in asked.json():
        if each["key"] in draft.files:
            raise Refusal(400, f"File with key {each['key']} already exists.")
        draft.files[each["key"]] = Kept()
    return 201, {
        "enabled": True,
        "entries": [each.told(name) for name, each in draft.files.items()],
    }


def _file(asked: _Asked, key: str, name: str) -> Kept:
    files = asked.draft(key).files
    if name not in files:
        raise Refusal(404, f'Record "{key}" has no file "{name}".')
    return files[name]


def _content(asked: _Asked, key: str, name: str) -> Answer:
    kept = _file(asked, key, name)
    if kept.committed:
        raise Refusal(400, f'File with key "{name}" is already committed.')
    kept.content = asked.body[:-1] if asked.server.damage else asked.body
    return 200, kept.told(name)


def _commit(asked: _Asked, key: str, name: str) -> Answer:
    kept = _file(asked, key, name)
    kept.committed = True
    return 200, kept.told(name)


def _remove_file(asked: _Asked, key: str, name: str) -> Answer:
    _file(asked, key, name)
    del asked.draft(key).files[name]
    return 204, None


def _community(asked: _Asked, slug: str) -> Answer:
    if slug not in asked.server.communities:
        raise Refusal(404, "The persistent identifier does not exist.")
    return 200, {"id": asked.server.communities[slug], "slug": slug}


def _propose(asked: _Asked, key: str) -> Answer:
    record = asked.record(key)
    wanted = asked.json()["communities"][0]["id"]
    if wanted in record.communities:
        said = "There is already an open inclusion request for this community."
        return 400, {"errors": [{"community_id": wanted, "message": said}]}
    record.communities.append(wanted)
    return 200, {"processed": [{"community_id": wanted}]}


_ONE, _FILE = r"/api/records/([^/]+)", r"/api/records/([^/]+)/draft/files/([^/]+)"
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    (r"/api/user/records", "GET", _search),
    (r"/api/communities/([^/]+)", "GET", _community),
    (r"/api/records", "POST", _create),
    (_ONE, "GET", _read),
    (f"{_ONE}/draft", "GET", _read_draft),
    (f"{_ONE}/draft", "PUT", _update),
    (f"{_ONE}/draft", "DELETE", _delete),
    (f"{_ONE}/draft/pids/doi", "POST", _reserve),
    (f"{_ONE}/draft/actions/publish", "POST", _publish),
    (f"{_ONE}/versions", "POST", _version),
    (f"{_ONE}/communities", "POST", _propose),
    (f"{_ONE}/draft/files", "GET", _files),
    (f"{_ONE}/draft/files", "POST", _begin_file),
    (_FILE, "DELETE", _remove_file),
    (f"{_FILE}/content", "PUT", _content),
    (f"{_FILE}/commit", "POST", _commit),
]


@contextmanager
def serving() -> Iterator[FakeInvenio]:
    """Run one."""
    with FakeInvenio() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
