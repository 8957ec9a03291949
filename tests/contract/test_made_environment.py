"""A session of the demo's real hub in an environment that somebody made."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import requests
from websockets.sync.client import connect

from accounts.models import User
from sessions import made, recipes
from sessions.backends import Outcome, service_credential
from sessions.backends.building import JobState
from sessions.backends.jupyterhub import JupyterHubBackend
from sessions.backends.local_builder import LocalBuilder
from sessions.models import Build, BuildState
from tests.signin import running_stack
from vre_portal.config import get_config
from vre_portal.errors import PortalError

SERVER = "s-0000cccc"
SECONDS = 180.0
LIST = "tinydb==4.8.2"
PROGRAM = "import tinydb, numpy, sys; print(tinydb.__version__, sys.prefix, sep='|')"


@dataclass(frozen=True)
class Offer:
    """What was made, for whom, and by whom."""

    build: Build
    builder: LocalBuilder

    def options(self) -> dict[str, str]:
        return {"profile": self.build.slug}


@pytest.fixture(scope="module")
def offer() -> Iterator[Offer]:
    """An environment with one small package, offered to one person."""
    config = get_config()
    assert config.environment_builder, "the stack has no builder"
    builder = LocalBuilder()
    base = builder.base()
    recipe = recipes.read("requirements.txt", LIST, python=base.python)
    digest = recipe.digest(base.fingerprint)
    builder.start(digest, recipe.requirements)
    deadline = time.monotonic() + SECONDS
    while (look := builder.look(digest)).state is JobState.RUNNING:
        assert time.monotonic() < deadline, look
        time.sleep(0.3)
    assert look.state is JobState.DONE, look
    owner = User(handle=f"contract-{uuid.uuid4().hex[:5]}")
    build = Build(owner=owner, title="Small", digest=digest, state=BuildState.READY)
    made.offer(build)
    yield Offer(build, builder)
    made.withdraw(build.slug)
    builder.remove(digest)


def outcome_of(offer: Offer, handle: str) -> tuple[Outcome | None, str]:
    hub, credential = JupyterHubBackend(), service_credential()
    hub.ensure_user(credential, handle)
    hub.start(credential, handle, SERVER, options=offer.options(), display_name="Small")
    lines = list(hub.progress(credential, handle, SERVER, seconds=SECONDS))
    return lines[-1].outcome, lines[-1].message


def test_its_owner_imports_the_package_in_a_session(offer: Offer) -> None:
    handle = offer.build.owner.handle

    outcome, message = outcome_of(offer, handle)
    try:
        assert outcome is Outcome.READY, message
        told = _run(handle, PROGRAM)
    finally:
        _stop(handle)

    folder = get_config().built_environments_folder
    assert folder is not None
    assert told.strip().split("|") == ["4.8.2", str(folder / offer.build.digest)]


def test_the_hub_starts_it_for_nobody_else(offer: Offer) -> None:
    stranger = f"contract-{uuid.uuid4().hex[:5]}"

    try:
        outcome, message = outcome_of(offer, stranger)
    except PortalError as exc:
        outcome, message = None, exc.message
    finally:
        _stop(stranger)

    assert outcome is not Outcome.READY, message


def _stop(handle: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not JupyterHubBackend().stop(service_credential(), handle, SERVER):
        assert time.monotonic() < deadline, "the server does not stop"
        time.sleep(0.2)


def _run(handle: str, program: str) -> str:
    """Run a program in a kernel of the session and return what it prints."""
    token = JupyterHubBackend().mint_token(service_credential(), handle, SERVER, seconds=120)
    headers = {"Authorization": f"token {token.token}"}
    base = f"/user/{handle}/{SERVER}/"
    url = f"{running_stack().url('hub')}{base}api/kernels"
    answer = requests.post(url, json={"name": "python3"}, headers=headers, timeout=30)
    answer.raise_for_status()
    host = urlsplit(url).netloc
    address = f"ws://{host}{base}api/kernels/{answer.json()['id']}/channels?session_id=1"
    with connect(address, additional_headers=headers, max_size=None) as channel:
        header = {
            "msg_id": "1", "msg_type": "execute_request", "session": "1", "username": "",
            "version": "5.3", "date": "",
        }  # fmt: skip
        content = {"code": program, "silent": False, "store_history": False, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        message = {"header": header, "content": content, "channel": "shell", "buffers": []}
        channel.send(json.dumps(message | {"parent_header": {}, "metadata": {}}))
        return _printed(channel)


def _printed(channel: object) -> str:
    while True:
        message = json.loads(channel.recv(timeout=SECONDS))  # type: ignore[attr-defined]
        if message["msg_type"] == "stream":
            return str(message["content"]["text"])
        assert message["msg_type"] != "error", message["content"]
