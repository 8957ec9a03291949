"""A session's server as a test runs it: the package's wheel in the light environment, no hub."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from demo.process import tail
from demo.stack import REPOSITORY, Stack

PACKAGE = REPOSITORY / "clients" / "vre-session"
STARTED_SECONDS = 60.0
OWNER = "ann"
#: Who asks is who the token says, as the hub would tell it.
IDENTITY = """
from jupyter_server.auth import IdentityProvider, User


class ByToken(IdentityProvider):
    def get_user(self, handler):
        told = handler.request.headers.get("Authorization", "").removeprefix("token ")
        return User(told) if told else None

    def is_token_authenticated(self, handler):
        return True
"""
#: A repository that grows a commit at each POST, served as Git does over HTTP.
GIT = """
import os, sys, threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

folder = Path(sys.argv[1])
repo = Repo.init(folder, mkdir=True, default_branch=b"main")
other = Repo.init(folder.with_name("other"), mkdir=True)
who = b"Ann <ann@example.org>"


def commit(to, name, text, message):
    (Path(to.path) / name).write_text(text)
    to.get_worktree().stage([name.encode()])
    return to.get_worktree().commit(message=message, committer=who, author=who).decode()


first = commit(repo, "a.ipynb", "one", b"first")
porcelain.tag_create(repo, b"v1")
commit(other, "b.txt", "other", b"other")
(folder / "outside").symlink_to("/etc/passwd")
repo.get_worktree().stage([b"outside"])
repo.get_worktree().commit(message=b"link", committer=who, author=who)
large = Repo.init(folder.with_name("large"), mkdir=True)
commit(large, "c.txt", os.urandom(8 << 20).hex(), b"large")
repositories = {"/x/analysis.git": repo, "/y/analysis.git": other, "/large/analysis.git": large}
git = make_wsgi_chain(DictBackend(repositories))


def app(environ, start):
    if environ["PATH_INFO"] == "/grow":
        made = commit(repo, "a.ipynb", "two" * int(environ["QUERY_STRING"]), b"more")
        start("200 OK", [])
        return [made.encode()]
    if environ["PATH_INFO"] == "/slow/analysis.git/info/refs":
        threading.Event().wait(7)
    return git(environ, start)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
print(server.server_port, first, flush=True)
server.serve_forever()
"""


def wheel(stack: Stack, folder: Path) -> Path:
    """Build the package's wheel without a network and return it."""
    uv = stack.environments / "tools" / "bin" / "uv"
    building = [str(uv), "build", "--wheel", "--offline", "-q", "-o", str(folder), str(PACKAGE)]
    subprocess.run(building, check=True, capture_output=True, timeout=120)
    (made,) = folder.glob("*.whl")
    return made


def unpacked(made: Path, folder: Path) -> Path:
    """Lay a wheel out and return the folder of its modules; its data lies in `data`."""
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    (data,) = folder.glob("*.data/data")
    data.rename(folder / "data")
    return folder


@dataclass(frozen=True)
class SessionServer:
    """A running server, and its owner's home."""

    url: str
    home: Path

    def call(self, method: str, path: str, *, who: str = OWNER, **more: Any) -> requests.Response:
        """Call the server as somebody."""
        headers = {"Authorization": f"token {who}"}
        url = f"{self.url}{path}"
        return requests.request(method, url, headers=headers, timeout=30, **more)


@contextmanager
def session_server(
    stack: Stack, folder: Path, *, modules: Path, environment: str = "light", **variables: str
) -> Iterator[SessionServer]:
    """A server of an environment that has the package's wheel, ended afterwards."""
    (folder / "identity").mkdir(parents=True)
    (folder / "identity" / "by_token.py").write_text(IDENTITY)
    home, log = folder / "home", folder / "server.log"
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    python = str(stack.python(environment))
    told = {
        "PATH": f"{stack.python(environment).parent}:{os.defpath}",
        "HOME": str(home),
        "PYTHONPATH": f"{modules}:{folder / 'identity'}",
        "JUPYTER_CONFIG_PATH": str(modules / "data" / "etc" / "jupyter"),
        "JUPYTERHUB_USER": OWNER,
        "JUPYTERHUB_API_TOKEN": "the-hubs-own-token-0123",
        "VRE_BROKER_URL": "http://127.0.0.1:1/",
        "VRE_SESSION_DIR": str(home / ".vre"),
        "no_proxy": "127.0.0.1,localhost",
        **variables,
    }
    options = {
        "ip": "127.0.0.1",
        "port": str(port),
        "base_url": "/user/ann/s-1/",
        "identity_provider_class": "by_token.ByToken",
        "authorizer_class": "vre_session.authorizer.GuestList",
        "root_dir": str(home),
        "allow_root": "True",
        "open_browser": "False",
    }
    argv = [python, "-m", "jupyter_server"]
    argv += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    with log.open("wb") as said:
        child = subprocess.Popen(argv, cwd=home, env=told, stdout=said, stderr=said)
    server = SessionServer(f"http://127.0.0.1:{port}/user/ann/s-1/", home)
    try:
        _until_it_answers(server, child, log)
        yield server
    finally:
        child.terminate()
        child.wait(30)


def _until_it_answers(server: SessionServer, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if server.call("GET", "api/status").ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {tail(log, 20)}")
