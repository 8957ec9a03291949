"""The unmodified reana-client 0.9.6 works against the runner, from ping to delete."""

from __future__ import annotations

import os
import secrets
import subprocess
import zipfile
from pathlib import Path

import pytest

from demo import parts
from demo.bootstrap import Environments
from tests.contract.runner import Person, one_step, wait_for
from tests.signin import exchange, running_stack, sign_in

REANA_YAML = """\
version: 0.9.4
inputs:
  files:
    - code/hello.py
    - data/names.txt
  parameters:
    names: data/names.txt
    greetings: results/greetings.txt
    pause: 0
workflow:
  type: serial
  specification:
    steps:
      - name: greet
        environment: 'python:3.12'
        commands:
          - python code/hello.py "${names}" "${greetings}" ${pause}
outputs:
  files:
    - results/greetings.txt
"""
HELLO = """\
import pathlib, sys, time
names, greetings, pause = sys.argv[1:]
time.sleep(float(pause))
lines = [f"Hello {name}!" for name in pathlib.Path(names).read_text().splitlines()]
print(*lines, sep="\\n")
pathlib.Path(greetings).parent.mkdir(exist_ok=True)
pathlib.Path(greetings).write_text("\\n".join(lines) + "\\n")
"""
GREETINGS = "Hello Jane Doe!\nHello Joe Bloggs!\n"


class ReanaClient:
    """The client's command line in a folder with a hello world."""

    def __init__(self, program: Path, folder: Path, url: str, token: str) -> None:
        self.folder = folder
        self.url = url
        self.token = token
        self._program = program

    def run(self, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the client."""
        return subprocess.run(
            [str(self._program), *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "PYTHONWARNINGS": "ignore",
                "REANA_SERVER_URL": self.url,
                "REANA_ACCESS_TOKEN": self.token if token is None else token,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def good(self, *arguments: str) -> str:
        """Run a command that has to succeed, and return what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert "ERROR" not in done.stdout + done.stderr, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def program() -> Path:
    """The client, in an environment of its own."""
    stack = running_stack()
    Environments(stack.environments, parts.requirements(), print).build("reana-client")
    return stack.binary("reana-client", "reana-client")


@pytest.fixture
def client(program: Path, tmp_path: Path) -> ReanaClient:
    """The client as the researcher uses it."""
    stack = running_stack()
    for name, content in (
        ("reana.yaml", REANA_YAML),
        ("code/hello.py", HELLO),
        ("data/names.txt", "Jane Doe\nJoe Bloggs\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    token = exchange(stack, sign_in(stack, "researcher"), "reana")
    return ReanaClient(program, tmp_path, stack.url("reana"), token)


@pytest.fixture
def person(client: ReanaClient) -> Person:
    """The same person by plain calls, which are faster where the client is not the matter."""
    return Person(client.url, client.token)


@pytest.fixture
def name() -> str:
    """A workflow's name that no other test uses."""
    return f"hello-{secrets.token_hex(4)}"


def test_ping_names_the_person_and_both_versions(client: ReanaClient) -> None:
    printed = client.good("ping")

    assert "Status: Connected" in printed
    assert "REANA client version: 0.9.6" in printed
    assert "Rana Researcher" in printed


def test_a_wrong_token_is_told_as_such(client: ReanaClient) -> None:
    done = client.run("ping", token="wrong")

    assert done.returncode != 0
    assert "INVALID ACCESS TOKEN" in done.stdout


def test_info_tells_backends_environment_and_isolation(client: ReanaClient) -> None:
    printed = client.good("info")

    assert "List of supported compute backends: kubernetes" in printed
    assert "Physics 2026.11" in printed
    assert "Isolation of runs:" in printed


def test_a_hello_world_lives_its_whole_life(client: ReanaClient, person: Person, name: str) -> None:
    assert f"{name}.1" in client.good("create", "-w", name)
    assert "names.txt was successfully uploaded" in client.good("upload", "-w", name)
    client.good("start", "-w", name)
    assert person.finish(f"{name}.1") == "finished"

    assert "finished" in client.good("status", "-w", name, "-v")
    logs = client.good("logs", "-w", name)
    assert GREETINGS in logs
    assert "Environment substituted" in logs
    assert "results/greetings.txt" in client.good("ls", "-w", name)
    client.good("download", "-w", name)
    assert (client.folder / "results" / "greetings.txt").read_text() == GREETINGS
    assert name in client.good("list", "-v", "--filter", f"name={name}")
    assert "./results/greetings.txt" in client.good("du", "-w", name)

    assert f"{name}.1.1" in client.good("restart", "-w", f"{name}.1", "-p", "pause=600")
    wait_for(lambda: person.status(f"{name}.1.1")["status"] == "running")
    differences = client.good("diff", f"{name}.1", f"{name}.1.1")
    assert "-                'pause': 0}}" in differences
    assert "+                'pause': '600'}}" in differences

    client.good("stop", "-w", f"{name}.1.1", "--force")
    assert person.status(f"{name}.1.1")["status"] == "stopped"
    client.good("delete", "-w", name, "--include-all-runs")
    assert name not in client.good("list", "--filter", f"name={name}")


def test_two_runs_are_told_apart_by_their_files(client: ReanaClient, person: Person) -> None:
    first, second = (person.create(one_step("true")) for _ in range(2))
    person.put(first, "names.txt", b"Jane Doe\n")
    person.put(second, "names.txt", b"Somebody Else\n")

    differences = client.good("diff", first, second)

    assert "-Jane Doe" in differences
    assert "+Somebody Else" in differences


def test_a_folder_comes_down_as_a_zip(client: ReanaClient, person: Person) -> None:
    workflow = person.create(one_step("true"))
    person.put(workflow, "data/deep/names.txt", b"Jane Doe\n")

    client.good("download", "-w", workflow, "data", "-o", str(client.folder / "got"))

    (packed,) = (client.folder / "got").iterdir()
    with zipfile.ZipFile(packed) as archive:
        assert archive.read("data/deep/names.txt") == b"Jane Doe\n"


def test_files_are_removed_by_a_pattern(client: ReanaClient, person: Person) -> None:
    workflow = person.create(one_step("true"))
    for path in ("data/a.txt", "data/b.txt", "data/c.root"):
        person.put(workflow, path, b"x")

    client.good("rm", "-w", workflow, "data/*.txt")

    left = person.ask("GET", f"/workflows/{workflow}/workspace")["items"]
    assert [item["name"] for item in left] == ["data/c.root"]
