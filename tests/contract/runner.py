"""What the runner's contract tests share: calls as a person, and a runner of a test's own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import requests

from demo.reana.component import command, prepare, settings_file, variables
from demo.stack import Stack

TIMEOUT = 20.0
PATIENCE = 90.0
ENDED = {"finished", "failed", "stopped"}


def wait_for(claim: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for a claim to become true."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def one_step(*commands: str, **parameters: Any) -> dict[str, Any]:
    """Return a specification of one step."""
    steps = [{"name": "only", "environment": "python:3.12", "commands": list(commands)}]
    return {
        "inputs": {"files": [], "parameters": parameters},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
    }


class Person:
    """Somebody who calls a runner."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(
        self, method: str, path: str, *, more_headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Return the runner's answer, whatever it is."""
        headers = self.headers | (more_headers or {})
        return requests.request(
            method, f"{self.url}/api{path}", headers=headers, timeout=TIMEOUT, **options
        )

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of a good answer."""
        answer = self.call(method, path, **options)
        assert answer.ok, answer.text
        return answer.json()

    def create(self, specification: dict[str, Any]) -> str:
        """Create a workflow and return its id."""
        name = f"test-{secrets.token_hex(4)}"
        made = self.ask("POST", "/workflows", params={"workflow_name": name}, json=specification)
        return str(made["workflow_id"])

    def start(self, specification: dict[str, Any]) -> str:
        """Create and start a workflow, and return its id."""
        workflow = self.create(specification)
        self.ask("POST", f"/workflows/{workflow}/start", json={})
        return workflow

    def put(self, workflow: str, name: str, content: bytes) -> requests.Response:
        """Upload a file."""
        return self.call(
            "POST", f"/workflows/{workflow}/workspace", params={"file_name": name}, data=content
        )

    def status(self, workflow: str) -> dict[str, Any]:
        """Return a workflow's status."""
        status: dict[str, Any] = self.ask("GET", f"/workflows/{workflow}/status")
        return status

    def finish(self, workflow: str) -> str:
        """Wait until a workflow has ended, and return how."""
        wait_for(lambda: self.status(workflow)["status"] in ENDED)
        return str(self.status(workflow)["status"])

    def output(self, workflow: str) -> str:
        """Return what the commands of a workflow have printed until now."""
        logs = json.loads(self.ask("GET", f"/workflows/{workflow}/logs")["logs"])
        return "".join(job["logs"] for job in logs["job_logs"].values())


class OwnRunner:
    """A runner on a port, folder and schema of its own, beside the stack's one."""

    def __init__(self, stack: Stack, settings: Mapping[str, object] | None = None) -> None:
        self._name = f"test_{secrets.token_hex(4)}"
        prepare(stack)
        self.folder = stack.folder("reana", "tests", self._name)
        self._settings = self.folder / "settings.json"
        values = json.loads(settings_file(stack).read_text())
        self._database = values["database_url"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            values["port"] = free.getsockname()[1]
        values["state"] = str(self.folder)
        values.update(settings or {})
        values["database_url"] += f"?options=-csearch_path%3D{self._name}"
        self._settings.write_text(json.dumps(values))
        self.url = f"http://127.0.0.1:{values['port']}"
        self._command = command(stack)
        self._variables = {**variables(stack), "REANA_RUNNER_SETTINGS": str(self._settings)}
        self._process: subprocess.Popen[bytes] | None = None
        self._sql(f"CREATE SCHEMA {self._name}")

    def start(self) -> None:
        """Start the service and wait until it answers."""
        self._process = subprocess.Popen(
            self._command,
            env={"PATH": os.environ["PATH"], **self._variables},
            cwd=self.folder,
            start_new_session=True,
        )
        wait_for(self.answers)

    def kill(self) -> None:
        """Kill the service alone, at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(TIMEOUT)

    def terminate(self) -> None:
        """Ask the service to end, as the demo does, and wait until it has."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(TIMEOUT)

    def close(self) -> None:
        """End the service and drop its schema and folder."""
        if self._process is not None and self._process.poll() is None:
            self.terminate()
        self._sql(f"DROP SCHEMA {self._name} CASCADE")
        shutil.rmtree(self.folder)

    def answers(self) -> bool:
        """Tell whether the service answers."""
        try:
            return requests.get(f"{self.url}/api/ping", timeout=2).ok
        except requests.ConnectionError:
            return False

    def kill_keepers(self) -> None:
        """Kill the processes that keep the commands, at once."""
        for pid in self.processes():
            if b"demo.reana.engine.keeper" in _read(Path(f"/proc/{pid}/cmdline")):
                os.kill(pid, signal.SIGKILL)

    def change_rows(self, statement: LiteralString, *values: object) -> int:
        """Change the runner's own rows, as time or another service would; return how many."""
        with psycopg.connect(self._database, options=f"-c search_path={self._name}") as connection:
            return connection.execute(statement, values).rowcount

    def processes(self) -> list[int]:
        """Return the processes of this runner's commands: their command lines name its folder."""
        marker = str(self.folder / "runs").encode(), str(self.folder / "workspaces").encode()
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if any(one in _read(path) for one in marker)
        ]

    def _sql(self, statement: str) -> None:
        assert urlsplit(self._database).hostname == "127.0.0.1"
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(statement.encode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
