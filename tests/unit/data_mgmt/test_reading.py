"""Reading by offset, damaged copies, metalinks, scripts, and the pages where downloads start."""

from __future__ import annotations

import stat
import subprocess
import threading
import zlib
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shlex import quote
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from accounts import api_tokens
from accounts.models import AuditEvent, User
from data_mgmt.backends import Did, FileSource
from data_mgmt.services import metalinks, reading, scripts
from tests.factories import lend, sign_in
from tests.fakes.data import FakeDataBackend
from vre_portal.config import Stage, get_config
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    UpstreamRefused,
    UpstreamUnavailable,
)
from vre_portal.ranges import Span, span_of

FILE = Did("cms", "muons_3.root")
METALINK = "{urn:ietf:params:xml:ns:metalink}"
pytestmark = pytest.mark.django_db


class SmallDoor(ThreadingHTTPServer):
    """A door for whoever reads without an event loop; `down` storages answer 500."""

    def __init__(self, backend: FakeDataBackend) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend = backend
        self.down: set[str] = set()
        self.asked: list[tuple[str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallDoor

    def do_GET(self) -> None:
        _, storage, scope, name = self.path.split("/", 3)
        asked = self.headers.get("Range", "")
        self.server.asked.append((storage, asked, self.headers.get("Authorization", "")))
        content = self.server.backend.files[Did(scope, name)].content
        span = span_of(asked, len(content))
        status = 500 if storage in self.server.down else 206 if span else 200
        part = span or Span(0, len(content))
        body = b"" if status == 500 else content[part.start : part.end]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def door(data_backend: FakeDataBackend) -> Iterator[SmallDoor]:
    with SmallDoor(data_backend) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        data_backend.door_base = f"http://127.0.0.1:{made.server_address[1]}"
        yield made
        made.shutdown()


@pytest.fixture
def reader(alice: User, data_backend: FakeDataBackend) -> User:
    """Alice with a token for storages, and a file at two of them."""
    identity = alice.identities.get()
    lend(identity, get_config().storage_audience, "token-for-storages")
    data_backend.files[FILE].content = bytes(range(250))
    data_backend.files[FILE].storages = {"CERN-DISK", "LAPP-DISK"}
    return alice


def test_a_part_is_read_at_its_place(reader: User, door: SmallDoor) -> None:
    file = reading.open_file(reader, FILE)

    assert file.size == 250
    assert file.read_at(3, 4) == bytes([3, 4, 5, 6])
    assert file.read_at(248, 100) == bytes([248, 249])
    assert file.read_at(0, 250) == bytes(range(250))
    assert file.read_at(250, 1) == file.read_at(-1, 5) == file.read_at(5, 0) == b""
    assert door.asked[0][2] == "Bearer token-for-storages"


def test_where_a_storage_fails_the_next_is_read_and_stays_first(
    reader: User, door: SmallDoor
) -> None:
    door.down.add("CERN-DISK")
    file = reading.open_file(reader, FILE)

    read = [file.read_at(at, 2) for at in (0, 2)]

    assert read == [bytes([0, 1]), bytes([2, 3])]
    assert [storage for storage, *_ in door.asked] == ["CERN-DISK", "LAPP-DISK", "LAPP-DISK"]


def test_without_a_storage_it_says_so(reader: User, door: SmallDoor) -> None:
    door.down |= {"CERN-DISK", "LAPP-DISK"}

    with pytest.raises(UpstreamUnavailable, match="No storage could give"):
        reading.open_file(reader, FILE).read_at(0, 1)


def test_what_can_not_be_read_says_why(reader: User, data_backend: FakeDataBackend) -> None:
    data_backend.files[FILE].storages = {"CNAF-TAPE"}
    with pytest.raises(Conflict, match="only on tape"):
        reading.readable(reader, FILE)
    data_backend.files[FILE].storages = set()
    with pytest.raises(Conflict, match="no available copy"):
        reading.readable(reader, FILE)
    with pytest.raises(InvalidRequest, match="dataset"):
        reading.readable(reader, Did("cms", "dimuon"))
    with pytest.raises(NotFound):
        reading.readable(reader, Did("cms", "nothing"))


def test_a_damaged_copy_is_written_down_and_shunned(reader: User) -> None:
    reading.note_damaged(reader, FILE, ["CERN-DISK"])

    left = reading.readable(reader, FILE).sources

    assert [source.storage for source in left] == ["LAPP-DISK"]
    entry = AuditEvent.objects.get(action="data.damaged")
    assert entry.detail == {"did": str(FILE), "storages": ["CERN-DISK"]}
    reading.note_damaged(reader, FILE, ["LAPP-DISK"])
    with pytest.raises(UpstreamRefused, match="damaged"):
        reading.readable(reader, FILE)


def test_of_several_storages_it_is_not_known_whose_was_wrong(reader: User) -> None:
    reading.note_damaged(reader, FILE, ["CERN-DISK", "LAPP-DISK"])

    assert len(reading.readable(reader, FILE).sources) == 2


def test_in_production_no_token_goes_out_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "get_config", lambda: _Production)
    clear = FileSource("A", "http://storage.example/x")
    closed = FileSource("B", "https://storage.example/x")

    assert reading.safe([clear, closed]) == (closed,)
    with pytest.raises(Conflict):
        reading.safe([clear])


class _Production:
    environment = Stage.PRODUCTION


def test_a_metalink_names_each_file_with_size_checksum_and_address(reader: User) -> None:
    name, parts = metalinks.document(reader, [Did("cms", "dimuon")], portal="https://vre.test")

    tree = ET.fromstring("".join(parts))
    files = tree.findall(f"{METALINK}file")
    assert name == "dimuon.meta4"
    assert len(files) == 3
    first = {child.tag.removeprefix(METALINK): child.text for child in files[0]}
    assert first == {
        "identity": "cms:muons_1.root",
        "size": "100",
        "hash": f"{zlib.adler32(b'x' * 100):08x}",
        "url": "https://vre.test/api/v1/data/files/cms/muons_1.root/content",
    }


@pytest.mark.parametrize("name", ['<&">', "a/../b", "x\x00y", "é\u202e", "a//b", "a b#?%"])
def test_hostile_names_stay_text_in_a_metalink(
    reader: User, data_backend: FakeDataBackend, name: str
) -> None:
    data_backend.files[Did("cms", name)] = data_backend.files[FILE]
    data_backend.types[Did("cms", name)] = data_backend.types[FILE]

    _name, parts = metalinks.document(reader, [Did("cms", name)], portal="https://vre.test")

    file = ET.fromstring("".join(parts)).find(f"{METALINK}file")
    assert file is not None
    assert ".." not in file.attrib["name"].split("/")
    url = file.findtext(f"{METALINK}url") or ""
    assert not {"..", ""} & {*url.removeprefix("https://vre.test/").split("/")}


def test_a_script_has_a_short_token_of_its_own(reader: User) -> None:
    made = scripts.make(reader, [Did("cms", "dimuon")], portal="https://vre.test")

    [token] = api_tokens.live(reader)
    assert token.scopes == ["data"]
    assert token.expires_at - timezone.now() <= timedelta(days=1)
    assert made.expires_at == token.expires_at
    assert "vre_" not in repr(made)
    assert AuditEvent.objects.get(action="data.script").detail["files"] == 3
    assert made.text.count("\nfetch ") == 3


HOSTILE = [
    "$(touch owned)", "`touch owned`", "a'b\"c", "-rf", "; touch owned #", "new\ntouch owned",
    "a b\t*?[x]", "é\\n", "../../owned",
]  # fmt: skip


def test_hostile_names_do_nothing_in_a_script(
    reader: User, data_backend: FakeDataBackend, tmp_path: Path
) -> None:
    dataset = Did("cms", "set\ntouch owned")
    for name in HOSTILE:
        did = Did("cms", name)
        data_backend.types[did] = data_backend.types[FILE]
        data_backend.files[did] = data_backend.files[FILE]
        data_backend.children[dataset].append(did)
    data_backend.types[dataset] = data_backend.types[Did("cms", "dimuon")]
    made = scripts.make(reader, [dataset], portal="https://vre.test")
    told = _run(made.text, tmp_path, bytes(range(250)))

    assert told.returncode == 0, told.stderr
    # The one of that name is the file from "../../owned".
    assert len([*tmp_path.rglob("owned")]) == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "bin" not in path.parts]
    assert {path.read_bytes() for path in files if path.name != "fetch.sh"} == {bytes(range(250))}
    assert all(path.is_relative_to(tmp_path) for path in files)


def test_a_script_goes_on_where_it_was_and_finds_damage(
    reader: User, data_backend: FakeDataBackend, tmp_path: Path
) -> None:
    data_backend.children[Did("cms", "one")].append(FILE)
    data_backend.types[Did("cms", "one")] = data_backend.types[Did("cms", "dimuon")]
    text = scripts.make(reader, [Did("cms", "one")], portal="https://vre.test").text

    bad = _run(text, tmp_path, b"?" * 250)
    good = _run(text, tmp_path, bytes(range(250)))
    again = _run(text, tmp_path, b"")

    assert (bad.returncode, good.returncode, again.returncode) == (1, 0, 0)
    assert "DAMAGED" in bad.stderr
    assert "have" in again.stdout
    assert (tmp_path / "one" / FILE.name).read_bytes() == bytes(range(250))


def _run(text: str, folder: Path, content: bytes) -> subprocess.CompletedProcess[str]:
    """Run a script with a curl that gives one content, and fails if the token is an argument."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    (folder / "content").write_bytes(content)
    curl = tools / "curl"
    curl.write_text(
        "#!/bin/sh\ncase \"$*\" in *vre_*) exit 9;; esac\ngrep -q 'Bearer vre_' || exit 8\n"
        'while [ "$1" != --output ]; do shift; done\n'
        f'cat {quote(str(folder / "content"))} >> "$2"\n'
    )
    curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
    script = folder / "fetch.sh"
    script.write_text(text)
    (folder / "sleep").touch()
    done = subprocess.run(
        ["sh", str(script)],
        cwd=folder,
        env={"PATH": f"{tools}:/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    (folder / "content").unlink()
    (folder / "sleep").unlink()
    return done


def test_a_page_leads_to_a_download_or_says_what_is_wrong(
    reader: User, client: Client, data_backend: FakeDataBackend
) -> None:
    sign_in(client, reader)

    good = client.get("/data/download", {"as": "file", "did": str(FILE)})
    packed = client.get("/data/download", {"as": "zip", "did": "cms:dimuon"})
    data_backend.files[FILE].storages = {"CNAF-TAPE"}
    taped = client.get("/data/download", {"as": "file", "did": str(FILE)})

    assert good.headers["Location"] == "/api/v1/data/files/cms/muons_3.root/content"
    assert packed.headers["Location"] == "/api/v1/data/dids/cms/dimuon/zip"
    assert taped.status_code == 409
    assert "only on tape: ask for a copy on disk" in taped.text


def test_the_script_is_sent_once_and_kept_by_nobody(reader: User, client: Client) -> None:
    sign_in(client, reader)

    answer = client.post("/data/download/script", {"did": ["cms:dimuon"]})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dimuon.sh"'
    assert answer.text.startswith("#!/bin/sh\n")
    assert client.get("/data/download/script").status_code == 405


def test_a_datasets_page_offers_all_three_and_a_large_one_no_zip(
    reader: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, reader)

    page = client.get("/data/cms:dimuon").text
    monkeypatch.setenv("VRE_ZIP_MAX_FILES", "2")
    get_config.cache_clear()
    large = client.get("/data/cms:dimuon").text

    assert all(word in page for word in ("One ZIP", "A script", "A metalink", "24 hours"))
    assert "as=zip" in page
    assert "as=zip" not in large
    assert "Take the metalink or the script instead" in large


def test_a_file_on_tape_offers_no_download(
    reader: User, client: Client, data_backend: FakeDataBackend
) -> None:
    sign_in(client, reader)
    data_backend.files[FILE].storages = {"CNAF-TAPE"}

    page = client.get(f"/data/{FILE}").text

    assert "It is only on tape" in page
    assert "as=file" not in page
