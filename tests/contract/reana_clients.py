"""The unmodified command lines of REANA, each in an environment of its own, and a hello world."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import yaml

from demo import parts
from demo.bootstrap import Environments
from tests.contract.runner import Person
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
tests:
  files:
    - tests/run.feature
workspace:
  retention_days:
    '**/*.tmp': 7
"""
HELLO = """\
import pathlib, sys, time
names, greetings, pause = sys.argv[1:]
time.sleep(float(pause))
lines = [f"Hello {name}!" for name in pathlib.Path(names).read_text().splitlines()]
print(*lines, sep="\\n")
pathlib.Path(greetings).parent.mkdir(exist_ok=True)
pathlib.Path(greetings).write_text("\\n".join(lines) + "\\n")
pathlib.Path("scratch.tmp").write_text("left over")
"""
FEATURE = """\
Feature: Greetings
  Scenario: Everybody is greeted
    When the workflow is finished
    Then the workspace should include "results/greetings.txt"
    And the engine logs should contain "Environment substituted"
    And the job logs should contain "Hello Joe Bloggs!"
"""
GREETINGS = "Hello Jane Doe!\nHello Joe Bloggs!\n"
FILES = {
    "reana.yaml": REANA_YAML,
    "code/hello.py": HELLO,
    "data/names.txt": "Jane Doe\nJoe Bloggs\n",
    "tests/run.feature": FEATURE,
}


class ReanaClient:
    """A client's command line in a folder with a hello world."""

    def __init__(self, environment: str, folder: Path, url: str, token: str) -> None:
        stack = running_stack()
        Environments(stack.environments, parts.requirements(), print).build(environment)
        self.folder = folder
        self.url = url.rstrip("/")
        self.token = token
        self.variables = {"REANA_ACCESS_TOKEN": token}
        self._program = stack.binary(environment, "reana-client")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the client."""
        return subprocess.run(
            [str(self._program), *arguments],
            cwd=self.folder,
            env={
                # As in a shell that has it activated: it starts programs that came with it.
                "PATH": f"{self._program.parent}:{os.environ['PATH']}",
                "LANG": "C.UTF-8",
                "PYTHONWARNINGS": "ignore",
                "HOME": str(self.folder),
                **self.variables,
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

    def bad(self, *arguments: str) -> str:
        """Run a command that has to be refused, and return what it prints."""
        done = self.run(*arguments)
        assert done.returncode != 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def stable(folder: Path, url: str, token: str) -> ReanaClient:
    """Return the stable client, which is told its server by a variable."""
    client = ReanaClient("reana-client", _with_files(folder), url, token)
    client.variables["REANA_SERVER_URL"] = client.url
    return client


def coming(folder: Path, url: str, token: str) -> ReanaClient:
    """Return the coming client, which keeps its servers in a file."""
    client = ReanaClient("reana-client-next", _with_files(folder), url, token)
    client.variables["REANA_CLIENT_CONFIG"] = str(folder / "servers.json")
    client.good("server-add", client.url)
    client.good("server-use", client.url)
    return client


def hello_world(person: Person) -> str:
    """Return the name of a hello world that has run, made by plain calls."""
    name = f"hello-{secrets.token_hex(4)}"
    specification = yaml.safe_load(REANA_YAML)
    person.ask("POST", "/workflows", params={"workflow_name": name}, json=specification)
    for path, content in FILES.items():
        person.put(name, path, content.encode())
    person.ask("POST", f"/workflows/{name}/start", json={})
    assert person.finish(f"{name}.1") == "finished"
    return name


def token_of(username: str) -> str:
    """Return a token for the runner that names the person's e-mail, by which they share."""
    stack = running_stack()
    return exchange(stack, sign_in(stack, username), "reana", scope="openid profile email")


def _with_files(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    return folder
