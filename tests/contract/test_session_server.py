"""A session's own server: the wheel enables the extension, which answers the portal alone."""

from __future__ import annotations

import configparser
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from demo.process import wait_until
from tests.contract.session_parts import GIT, SessionServer, session_server, unpacked, wheel
from tests.fakes.broker import FakeBroker, broker_running
from tests.signin import running_stack

SECRET = "rucio-token-of-now-0123456789"
BYTES = 8 << 20
SECONDS = 60.0


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as its wheel lays it out."""
    made = wheel(running_stack(), tmp_path_factory.mktemp("wheel"))
    return unpacked(made, tmp_path_factory.mktemp("modules"))


@pytest.fixture(scope="module")
def portal() -> Iterator[FakeBroker]:
    with broker_running() as fake:
        fake.lend(SECRET)
        yield fake


@pytest.fixture(scope="module")
def server(
    modules: Path, portal: FakeBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SessionServer]:
    told = {
        "VRE_BROKER_URL": portal.url,
        "VRE_AUDIENCES": "rucio",
        "MEM_LIMIT": "1073741824",
        "VRE_REPOSITORY_MAX_BYTES": str(BYTES),
        "VRE_REPOSITORY_MAX_SECONDS": "6",
    }
    with session_server(
        running_stack(), tmp_path_factory.mktemp("session"), modules=modules, **told
    ) as found:
        yield found


@pytest.fixture
def kernel(server: SessionServer) -> Iterator[str]:
    """A kernel that waits for something to do."""
    made = server.call("POST", "api/kernels", json={"name": "python3"})
    assert made.status_code == 201, made.text
    yield made.json()["id"]
    server.call("DELETE", f"api/kernels/{made.json()['id']}")


@pytest.fixture
def share(server: SessionServer) -> Iterator[Callable[[dict[str, str]], None]]:
    """Puts people on the list of guests; nobody is on it afterwards."""

    def put(guests: dict[str, str]) -> None:
        answer = server.call("PUT", "vre/guests", json={"guests": guests})
        assert (answer.status_code, answer.json()) == (200, {"guests": guests})

    yield put
    put({})


def socket(server: SessionServer, path: str, who: str = "ann") -> ClientConnection:
    url = f"{server.url.replace('http', 'ws', 1)}{path}"
    return connect(url, additional_headers={"Authorization": f"token {who}"}, open_timeout=SECONDS)


def run(channel: ClientConnection, code: str) -> None:
    """Have a kernel run something, without waiting for its end."""
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": "x",
              "version": "5.3", "date": datetime.now(UTC).isoformat()}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    message = {"channel": "shell", "header": header, "content": content, "buffers": []}
    channel.send(json.dumps(message | {"parent_header": {}, "metadata": {}}))


def ending_of(channel: ClientConnection) -> int | None:
    """Return with which code a websocket is closed, whatever comes before."""
    try:
        while True:
            channel.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def usage(server: SessionServer) -> dict[str, Any]:
    answer = server.call("GET", "vre/usage")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_wheel_brings_commands_and_mlflows_plug_in(modules: Path) -> None:
    (told,) = modules.glob("*.dist-info/entry_points.txt")
    points = configparser.ConfigParser()
    points.read(told)

    assert dict(points["console_scripts"]) == {
        "vre-session": "vre_session.launch:run",
        "vre-upload": "vre_session.upload:run",
    }
    assert dict(points["mlflow.request_header_provider"]) == {
        "vre": "vre_session.mlflow_headers:FreshToken"
    }


def test_the_session_tells_what_it_uses(server: SessionServer, kernel: str) -> None:
    found = usage(server)

    assert 50 << 20 < found["memory_bytes"] < 1 << 30
    assert found["memory_limit_bytes"] == 1 << 30
    assert found["kernels"] == 1
    assert found["home_quota_bytes"] is None
    assert found["projects"] == []
    assert datetime.fromisoformat(found["at"]).tzinfo is not None
    assert wait_until(lambda: (usage(server)["home_bytes"] or 0) > 0, SECONDS)


def test_a_token_is_kept_fresh_from_the_start(server: SessionServer, portal: FakeBroker) -> None:
    file = server.home / ".vre" / "tokens" / "rucio"

    assert wait_until(file.exists, SECONDS)
    assert file.read_text() == SECRET
    assert portal.asked[0] == ("token the-hubs-own-token-0123", "rucio")


def test_its_log_is_told_without_what_opens_anything(server: SessionServer) -> None:
    server.call("GET", f"api/contents/none?access_token={SECRET}&x=the-hubs-own-token-0123")

    lines = server.call("GET", "vre/log?lines=500").json()["lines"]
    assert any("Fresh token for rucio" in line for line in lines)
    assert any("api/contents/none" in line for line in lines)
    assert not [line for line in lines if SECRET in line or "the-hubs-own-token-0123" in line]
    assert len(server.call("GET", "vre/log?lines=1").json()["lines"]) == 1
    assert server.call("GET", "vre/log?lines=all").status_code == 400


def test_looking_on_is_nobodys_activity(server: SessionServer) -> None:
    before = usage(server)["last_activity"]

    server.call("GET", "vre/log")

    assert usage(server)["last_activity"] == before


def test_a_kernel_at_work_counts_while_its_owner_wants_it(
    server: SessionServer, kernel: str
) -> None:
    with socket(server, f"api/kernels/{kernel}/channels?session_id=1") as channel:
        run(channel, "import time; time.sleep(600)")
        assert wait_until(lambda: usage(server)["busy_kernels"] == 1, SECONDS)
        before = datetime.now(UTC)

        assert server.call("PUT", "vre/keep-alive", json={"on": True}).json() == {"on": True}
        wanted = usage(server)
        assert server.call("PUT", "vre/keep-alive", json={"on": False}).json() == {"on": False}

    assert wanted["keep_alive"] is True
    assert datetime.fromisoformat(wanted["last_activity"]) >= before
    assert usage(server)["keep_alive"] is False
    assert server.call("PUT", "vre/keep-alive", json={"on": "yes"}).status_code == 400


def test_strangers_get_nothing(server: SessionServer) -> None:
    for path in ("api/contents", "api/me", "vre/usage", "vre/log", "files/x"):
        assert server.call("GET", path, who="eve").status_code == 403, path
    assert server.call("PUT", "vre/guests", who="eve", json={"guests": {}}).status_code == 403


def test_who_looks_reads_files_and_nothing_else(
    server: SessionServer, share: Callable[[dict[str, str]], None], kernel: str
) -> None:
    (server.home / "seen.txt").write_text("seen")
    share({"vic": "view"})

    assert server.call("GET", "files/seen.txt", who="vic").text == "seen"
    assert server.call("GET", "api/contents/seen.txt", who="vic").ok
    hidden = [".vre/tokens/rucio", ".vre", "a/../.vre/tokens/rucio", "%2F.vre%2Ftokens%2Frucio"]
    hidden += ["a%2F..%2F.vre%2Ftokens%2Frucio", "%252Evre%252Ftokens%252Frucio"]
    for path in (*(f"files/{one}" for one in hidden), *(f"api/contents/{one}" for one in hidden)):
        answer = server.call("GET", path, who="vic")
        assert answer.status_code in {403, 404}, path
        assert SECRET not in answer.text
    for method, path in (
        ("PUT", "api/contents/new.txt"),
        ("DELETE", "api/contents/seen.txt"),
        ("POST", "api/kernels"),
        ("DELETE", f"api/kernels/{kernel}"),
        ("POST", "api/terminals"),
        ("GET", "api/terminals"),
        ("GET", "lsp/status"),
        ("GET", "vre/usage"),
        ("PUT", "vre/guests"),
        ("POST", "api/shutdown"),
    ):
        assert server.call(method, path, who="vic", json={}).status_code == 403, path
    with pytest.raises(InvalidStatus):
        socket(server, f"api/kernels/{kernel}/channels", "vic")


def test_who_works_is_out_at_once_when_that_is_over(
    server: SessionServer, share: Callable[[dict[str, str]], None], kernel: str
) -> None:
    share({"wes": "work"})
    assert server.call("GET", "vre/usage", who="wes").status_code == 403
    with (
        socket(server, f"api/kernels/{kernel}/channels?session_id=2", "wes") as theirs,
        socket(server, f"api/kernels/{kernel}/channels?session_id=1") as owners,
    ):
        run(theirs, "1")
        theirs.recv(timeout=SECONDS)

        share({"vic": "view"})

        assert ending_of(theirs) == 1008
        run(owners, "1")
        assert owners.recv(timeout=SECONDS)
    with pytest.raises(InvalidStatus):
        socket(server, f"api/kernels/{kernel}/channels", "wes")


def test_what_is_no_list_changes_nothing(
    server: SessionServer, share: Callable[[dict[str, str]], None]
) -> None:
    share({"vic": "view"})

    wrong: tuple[object, ...] = ({"guests": {"vic": "own"}}, {"guests": []}, {}, [])
    for told in wrong:
        assert server.call("PUT", "vre/guests", json=told).status_code == 400

    assert server.call("GET", "api/me", who="vic").ok


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A Git server on loopback, and its first commit."""
    python = str(running_stack().python("light"))
    folder = str(tmp_path_factory.mktemp("git") / "repository")
    child = subprocess.Popen([python, "-c", GIT, folder], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    port, first = child.stdout.readline().split()
    yield f"http://127.0.0.1:{port}", first
    child.kill()
    child.wait()


def fetched(server: SessionServer, url: str, **wish: str) -> dict[str, str]:
    begun = server.call("POST", "vre/repository", json={"url": url, **wish})
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, str] = server.call("GET", f"vre/repository/{begun.json()['id']}").json()
        if found["state"] != "fetching":
            return found
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_repository_comes_into_the_owners_folder_and_is_brought_up_to_date(
    server: SessionServer, git: tuple[str, str]
) -> None:
    url, first = f"{git[0]}/x/analysis.git", git[1]
    kept = server.home / "repositories" / "analysis"

    old = fetched(server, url, ref="v1", path="a.ipynb")
    texts = [(kept / "a.ipynb").read_text()]
    by_commit = fetched(server, url, ref=first)
    grown = grow(git[0], 1)
    new = fetched(server, url)
    texts.append((kept / "a.ipynb").read_text())
    (kept / "a.ipynb").write_text("mine")
    grow(git[0], 2)
    left = fetched(server, url, ref="main")

    assert (old["state"], old["folder"], old["path"]) == (
        "ready",
        "repositories/analysis",
        "a.ipynb",
    )
    assert old["commit"] == by_commit["commit"] == first
    assert (new["state"], new["commit"]) == ("ready", grown)
    assert texts == ["one", "two"]
    assert (left["state"], left["commit"]) == ("ready", grown)
    assert "stays as it is" in left["message"]
    assert (kept / "a.ipynb").read_text() == "mine"


def grow(address: str, size: int) -> str:
    """Have the repository get a commit and return it."""
    return requests.get(f"{address}/grow?{size}", timeout=10).text


def test_another_origin_of_that_name_gets_another_folder(
    server: SessionServer, git: tuple[str, str]
) -> None:
    one = fetched(server, f"{git[0]}/x/analysis.git")
    other = fetched(server, f"{git[0]}/y/analysis.git")

    assert one["folder"] == "repositories/analysis"
    assert other["folder"] == "repositories/analysis-2"


def test_no_file_outside_is_opened(server: SessionServer, git: tuple[str, str]) -> None:
    for path in ("outside", "none.ipynb"):
        found = fetched(server, f"{git[0]}/y/analysis.git", path=path)
        assert found["path"] == ""
        assert path in found["message"]
    for path in ("../x", "/etc/passwd", ".git/config"):
        wish = {"url": f"{git[0]}/x/analysis.git", "path": path}
        assert server.call("POST", "vre/repository", json=wish).status_code == 400


@pytest.mark.parametrize("name", ["none/analysis.git", "slow/analysis.git", "large/analysis.git"])
def test_what_cannot_be_fetched_is_told_in_words_and_leaves_nothing(
    server: SessionServer, git: tuple[str, str], name: str
) -> None:
    found = fetched(server, f"{git[0]}/{name}")

    assert found["state"] == "failed"
    assert found["message"]
    left = [one.name for one in (server.home / "repositories").iterdir()]
    assert not [one for one in left if one.startswith(".fetching")]


def test_a_state_that_there_is_not_is_told(server: SessionServer, git: tuple[str, str]) -> None:
    for ref in ("no-such-branch", "0" * 40):
        found = fetched(server, f"{git[0]}/y/analysis.git", ref=ref)
        assert found["state"] == "failed", ref
        assert found["message"]


def test_a_fetch_that_there_is_not_is_404(server: SessionServer) -> None:
    path = "vre/repository/00000000-0000-0000-0000-000000000000"

    assert server.call("GET", path).status_code == 404
