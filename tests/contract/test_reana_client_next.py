"""The unmodified coming reana-client works against the same runner, by bundles and shares."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.contract.reana_clients import GREETINGS, ReanaClient, coming, hello_world, token_of
from tests.contract.runner import Person, wait_for
from tests.signin import running_stack

READER = "datamanager@example.org"


@pytest.fixture(scope="module")
def token() -> str:
    """The researcher's token."""
    return token_of("researcher")


@pytest.fixture(scope="module")
def reader(token: str) -> Person:
    """Somebody else, whom the runner knows."""
    person = Person(running_stack().url("reana"), token_of("datamanager"))
    person.ask("GET", "/you")
    return person


@pytest.fixture
def client(token: str, tmp_path: Path) -> ReanaClient:
    """The client as the researcher uses it, with the runner as its selected server."""
    return coming(tmp_path, running_stack().url("reana"), token)


@pytest.fixture
def person(client: ReanaClient) -> Person:
    """The same person by plain calls, which are faster where the client is not the matter."""
    return Person(client.url, client.token)


@pytest.fixture
def name() -> str:
    """A workflow's name that no other test uses."""
    return f"next-{secrets.token_hex(4)}"


@pytest.fixture
def finished(person: Person) -> str:
    """The name of a hello world that has run."""
    return hello_world(person)


def test_the_selected_server_answers_and_names_the_person(client: ReanaClient) -> None:
    assert f"* {client.url}" in client.good("server-list")

    printed = client.good("ping")

    assert "REANA client version: 0.95.0a6" in printed
    assert "Authenticated as: Rana Researcher <researcher@example.org>" in printed
    assert "Status: Connected" in printed


def test_info_tells_backends_and_isolation(client: ReanaClient) -> None:
    printed = client.good("info")

    assert "List of supported compute backends: kubernetes" in printed
    assert "Isolation of runs:" in printed


def test_the_server_validates_a_bundle(client: ReanaClient) -> None:
    assert "Valid REANA specification file" in client.good("validate")


def test_the_server_says_what_is_wrong_with_a_bundle(client: ReanaClient) -> None:
    place = client.folder / "reana.yaml"
    place.write_text(place.read_text().replace("${pause}", "${never_declared}"))

    printed = client.bad("validate")

    assert "never_declared" in printed


def test_a_hello_world_runs_from_its_bundle_and_is_followed(client: ReanaClient, name: str) -> None:
    printed = client.good("run", "-w", name, "--follow")

    assert f"{name}.1 has finished" in printed
    assert GREETINGS in client.good("logs", "-w", name)
    assert "reana.yaml" in client.good("ls", "-w", name)
    client.good("download", "-w", name)
    assert (client.folder / "results" / "greetings.txt").read_text() == GREETINGS


def test_the_parts_of_a_run_work_one_by_one(client: ReanaClient, person: Person, name: str) -> None:
    assert f"{name}.1" in client.good("create", "-w", name)
    assert "names.txt was successfully uploaded" in client.good("upload", "-w", name)
    client.good("start", "-w", name, "-p", "pause=600")
    wait_for(lambda: person.status(f"{name}.1")["status"] == "running")
    assert "running" in client.good("status", "-w", name)
    client.good("stop", "-w", name, "--force")
    client.good("delete", "-w", name)

    assert name not in client.good("list", "--filter", f"name={name}")


def test_a_finished_run_passes_the_tests_of_its_specification(
    client: ReanaClient, finished: str
) -> None:
    printed = client.good("test", "-w", finished)

    assert 'SUCCESS: Scenario "Everybody is greeted"' in printed
    assert "1 passed, 0 failed" in printed


def test_a_restart_sends_another_specification(
    client: ReanaClient, person: Person, finished: str
) -> None:
    changed = client.folder / "changed.yaml"
    changed.write_text((client.folder / "reana.yaml").read_text().replace("greetings.txt", "g.txt"))

    printed = client.good("restart", "-w", finished, "-f", "changed.yaml", "-p", "pause=0")

    assert f"{finished}.1.1" in printed
    assert person.finish(f"{finished}.1.1") == "finished"
    assert "results/g.txt" in client.good("ls", "-w", finished)


def test_a_workflow_is_shared_read_and_taken_back(
    client: ReanaClient, person: Person, reader: Person, finished: str
) -> None:
    shared = client.good("share-add", "-w", finished, "--user", READER)
    again = client.bad("share-add", "-w", finished, "--user", READER)
    state = client.good("share-status", "-w", finished)
    listed = client.good("list", "--shared-with", READER)
    workflow = person.status(finished)["id"]
    read = reader.call("GET", f"/workflows/{workflow}/workspace/results/greetings.txt")
    client.good("share-remove", "-w", finished, "--user", READER)

    assert READER in shared
    assert "already shared" in again
    assert READER in state
    assert finished in listed
    assert read.text == GREETINGS
    assert "not shared with anyone" in client.good("share-status", "-w", finished)
    assert reader.call("GET", f"/workflows/{workflow}/status").status_code == 404


def test_a_reader_finds_what_is_shared_with_them(
    client: ReanaClient, reader: Person, finished: str
) -> None:
    client.good("share-add", "-w", finished, "--user", READER, "--valid-until", "2999-12-31")
    client.variables["REANA_ACCESS_TOKEN"] = token_of("datamanager")

    assert finished in client.good("list", "--shared-by", "researcher@example.org")
    assert finished in client.good("list", "--shared")
    assert finished not in client.good("list")


def test_secrets_rules_and_quota_answer_the_coming_client_too(
    client: ReanaClient, finished: str
) -> None:
    secret = f"N_{secrets.token_hex(4)}"

    client.good("secrets-add", "--env", f"{secret}=one")
    assert secret in client.good("secrets-list")
    client.good("secrets-delete", secret)
    assert "**/*.tmp" in client.good("retention-rules-list", "-w", finished)
    assert "used" in client.good("quota-show", "--resource", "cpu", "-h")
    assert "pruned" in client.good("prune", "-w", finished)
    assert "Bytes" in client.good("du", "-w", finished, "-s", "-h")


def test_files_are_moved_and_removed(client: ReanaClient, finished: str) -> None:
    client.good("mv", "-w", finished, "results/greetings.txt", "results/hello.txt")
    client.good("rm", "-w", finished, "scratch.tmp")

    listed = client.good("ls", "-w", finished)
    assert "results/hello.txt" in listed
    assert "scratch.tmp" not in listed


@pytest.mark.parametrize("command", [("open", "jupyter"), ("close",)])
def test_a_session_is_referred_to_the_hub(
    client: ReanaClient, finished: str, command: tuple[str, ...]
) -> None:
    assert "hub" in client.bad(command[0], "-w", finished, *command[1:])
