"""Inside a session: the first token, its renewal, and the files that programs are configured by."""

from __future__ import annotations

import asyncio
import configparser
import json
import logging
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.jupyterhub.session.vre_session import broker, configuration, launch, renewal

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class FakeBroker:
    """The portal's broker: answers in turn what it was given, the last answer for ever."""

    url: str = ""
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def lend(self, token: str = "abc", *, seconds: int = 600) -> None:
        """Lend a token the next time."""
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        loan = {"access_token": token, "expires_at": expires_at, "account": "ann-x1y2z"}
        self.answers.append((200, loan | {"service_url": "http://rucio.example"}))

    def refuse(self, status: int, detail: str) -> None:
        """Refuse the next time."""
        self.answers.append((status, {"title": "No", "detail": detail}))


@pytest.fixture
def portal() -> Iterator[FakeBroker]:
    fake = FakeBroker()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.asked.append((self.headers["Authorization"], body))
            status, answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake.url = f"http://127.0.0.1:{server.server_port}/"
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture
def variables(portal: FakeBroker, tmp_path: Path) -> dict[str, str]:
    return {
        "VRE_BROKER_URL": portal.url,
        "JUPYTERHUB_API_TOKEN": "hub-token",
        "VRE_SESSION_DIR": str(tmp_path / "s"),
        "VRE_TOKEN_DIR": str(tmp_path / "s" / "tokens"),
        "RUCIO_CONFIG": str(tmp_path / "s" / "rucio.cfg"),
        "VRE_KERNEL_TRANSPORT": "ipc",
    }


def test_the_first_token_is_asked_with_the_hub_token_and_kept_private(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    portal.lend("first")

    token = launch.first_token(variables, patience=5)

    path = Path(variables["VRE_TOKEN_DIR"], "rucio")
    assert portal.asked == [("token hub-token", {"audience": "rucio"})]
    assert token is not None
    assert token.account == "ann-x1y2z"
    assert path.read_text() == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["rucio"]


def test_a_refusal_is_told_and_does_not_hold_the_start_up(
    portal: FakeBroker, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    portal.refuse(409, "Sign in to the portal again.")

    token = launch.first_token(variables, patience=60)

    assert token is None
    assert len(portal.asked) == 1
    assert "Sign in to the portal again." in capsys.readouterr().out


def test_a_portal_that_recovers_gives_the_first_token(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    portal.refuse(503, "Starting")
    portal.lend()

    token = launch.first_token(variables, patience=10)

    assert token is not None
    assert len(portal.asked) == 2


def test_a_portal_that_is_down_is_waited_for_only_so_long(
    variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    variables["VRE_BROKER_URL"] = "http://127.0.0.1:1/"

    token = launch.first_token(variables, patience=0.1)

    assert token is None
    assert "Going on without the data catalogue" in capsys.readouterr().out


def test_the_file_is_renewed_and_failures_wait_longer(
    portal: FakeBroker, variables: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    portal.refuse(503, "Restarting")
    portal.refuse(503, "Restarting")
    portal.lend("second")
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    log = logging.getLogger("session")
    caplog.set_level(logging.INFO)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(renewal.keep_fresh(variables, log, audience="rucio", pause=note))

    assert pauses[:2] == [5.0, 10.0]
    assert pauses[2] == pytest.approx(420, abs=3)
    assert Path(variables["VRE_TOKEN_DIR"], "rucio").read_text() == "second"
    assert "The portal answers 503: Restarting" in caplog.text


def test_an_answer_without_a_token_is_an_error_in_words(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    portal.answers.append((200, {}))

    with pytest.raises(broker.BrokerError, match="no usable answer"):
        broker.ask(variables, audience="rucio")


def test_pauses_grow_to_five_minutes() -> None:
    assert [broker.pause_after(n) for n in (1, 2, 3, 20)] == [5, 10, 20, 300]


def test_a_token_is_renewed_at_seven_tenths_of_its_life() -> None:
    token = broker.Token("t", NOW + timedelta(minutes=10), "ann", "http://rucio.example")

    assert broker.renew_in(token, NOW) == pytest.approx(420)
    assert broker.renew_in(token, NOW + timedelta(hours=1)) == broker.FIRST_PAUSE


def test_rucio_and_jupyter_are_configured_for_the_account(variables: dict[str, str]) -> None:
    configuration.write(variables, account="ann-x1y2z", service_url="http://rucio.example")

    rucio = configparser.ConfigParser()
    rucio.read(variables["RUCIO_CONFIG"])
    folder = Path(variables["VRE_SESSION_DIR"], "jupyter")
    server = json.loads((folder / "jupyter_server_config.json").read_text())
    overrides = json.loads((folder / "lab" / "overrides.json").read_text())
    assert rucio["client"]["account"] == "ann-x1y2z"
    assert rucio["client"]["auth_token_file_path"] == f"{variables['VRE_TOKEN_DIR']}/rucio"
    assert server["RucioConfig"]["instances"][0]["rucio_base_url"] == "http://rucio.example"
    assert server["KernelManager"]["transport"] == "ipc"
    assert server["LabApp"]["app_settings_dir"] == str(folder / "lab")
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
