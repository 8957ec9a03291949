"""The unmodified reana-client 0.9.6 works against the runner, with every command it has."""

from __future__ import annotations

import json
import secrets
import zipfile
from pathlib import Path

import pytest

from tests.contract.reana_clients import GREETINGS, ReanaClient, hello_world, stable, token_of
from tests.contract.runner import Person, one_step, wait_for
from tests.signin import running_stack


@pytest.fixture(scope="module")
def token() -> str:
    """The researcher's token."""
    return token_of("researcher")


@pytest.fixture
def client(token: str, tmp_path: Path) -> ReanaClient:
    """The client as the researcher uses it."""
    return stable(tmp_path, running_stack().url("reana"), token)


@pytest.fixture
def person(client: ReanaClient) -> Person:
    """The same person by plain calls, which are faster where the client is not the matter."""
    return Person(client.url, client.token)


@pytest.fixture
def name() -> str:
    """A workflow's name that no other test uses."""
    return f"hello-{secrets.token_hex(4)}"


@pytest.fixture
def finished(person: Person) -> str:
    """The name of a hello world that has run."""
    return hello_world(person)


def test_ping_names_the_person_and_both_versions(client: ReanaClient) -> None:
    printed = client.good("ping")

    assert "Status: Connected" in printed
    assert "REANA client version: 0.9.6" in printed
    assert "Rana Researcher <researcher@example.org>" in printed


def test_a_wrong_token_is_told_as_such(client: ReanaClient) -> None:
    client.variables["REANA_ACCESS_TOKEN"] = "wrong"

    assert "INVALID ACCESS TOKEN" in client.bad("ping")


def test_info_tells_backends_environment_and_isolation(client: ReanaClient) -> None:
    printed = client.good("info")

    assert "List of supported compute backends: kubernetes" in printed
    assert "Physics 2026.11" in printed
    assert "Isolation of runs:" in printed


def test_a_specification_is_validated_before_anything_is_sent(client: ReanaClient) -> None:
    printed = client.good("validate")

    assert "Valid REANA specification file" in printed
    assert "Workflow parameters and commands appear valid" in printed


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


def test_one_command_runs_it_all_and_follows_it_to_its_end(client: ReanaClient, name: str) -> None:
    printed = client.good("run", "-w", name, "--follow")

    assert f"{name}.1 has finished" in printed
    assert f"/api/workflows/{name}.1/workspace/results/greetings.txt" in printed


def test_a_restart_may_bring_another_specification(
    client: ReanaClient, person: Person, finished: str
) -> None:
    changed = client.folder / "changed.yaml"
    changed.write_text((client.folder / "reana.yaml").read_text().replace("greetings.txt", "g.txt"))

    assert f"{finished}.1.1" in client.good("restart", "-w", finished, "-f", "changed.yaml")

    assert person.finish(f"{finished}.1.1") == "finished"
    assert "results/g.txt" in client.good("ls", "-w", finished)


def test_a_list_tells_progress_and_size_as_json(client: ReanaClient, finished: str) -> None:
    printed = client.good(
        *("list", "--workflow", finished, "--json"),
        *("--include-progress", "--include-workspace-size"),
    )

    (row,) = json.loads(printed)
    assert (row["name"], row["run_number"], row["status"]) == (finished, "1", "finished")
    assert row["progress"] == "1/1"
    assert row["size"] > 100


def test_there_are_no_interactive_sessions_to_list(client: ReanaClient, finished: str) -> None:
    assert finished not in client.good("list", "--sessions")


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


def test_a_file_is_printed_instead_of_saved(client: ReanaClient, finished: str) -> None:
    printed = client.good("download", "-w", finished, "results/greetings.txt", "-o", "-")

    assert printed == GREETINGS


def test_files_are_listed_by_a_part_of_their_name(client: ReanaClient, finished: str) -> None:
    printed = client.good("ls", "-w", finished, "--filter", "name=greetings", "-h")

    assert "results/greetings.txt" in printed
    assert "34 Bytes" in printed
    assert "hello.py" not in printed


def test_usage_is_summed_and_filtered(client: ReanaClient, person: Person) -> None:
    workflow = person.create(one_step("true"))
    for path in ("a.root", "b.root", "c.txt"):
        person.put(workflow, path, b"x" * 1024)

    summed = client.good("du", "-w", workflow, "-s", "-h")
    filtered = client.good("du", "-w", workflow, "--filter", "name=root")

    assert "3 KiB" in summed
    assert "./a.root" in filtered
    assert "c.txt" not in filtered


def test_files_are_removed_by_a_pattern(client: ReanaClient, person: Person) -> None:
    workflow = person.create(one_step("true"))
    for path in ("data/a.txt", "data/b.txt", "data/c.root"):
        person.put(workflow, path, b"x")

    client.good("rm", "-w", workflow, "data/*.txt")

    left = person.ask("GET", f"/workflows/{workflow}/workspace")["items"]
    assert [item["name"] for item in left] == ["data/c.root"]


def test_a_file_is_moved(client: ReanaClient, finished: str) -> None:
    printed = client.good("mv", "-w", finished, "results/greetings.txt", "results/hello.txt")

    assert "was successfully moved" in printed
    listed = client.good("ls", "-w", finished)
    assert "results/hello.txt" in listed
    assert "results/greetings.txt" not in listed


def test_pruning_leaves_inputs_and_outputs(client: ReanaClient, finished: str) -> None:
    assert "scratch.tmp" in client.good("ls", "-w", finished)

    client.good("prune", "-w", finished)

    listed = client.good("ls", "-w", finished)
    assert "scratch.tmp" not in listed
    assert "data/names.txt" in listed
    assert "results/greetings.txt" in listed


def test_pruning_takes_inputs_and_outputs_when_asked(client: ReanaClient, finished: str) -> None:
    client.good("prune", "-w", finished, "--include-inputs", "--include-outputs")

    assert ".txt" not in client.good("ls", "-w", finished)


def test_retention_rules_are_listed(client: ReanaClient, finished: str) -> None:
    printed = client.good("retention-rules-list", "-w", finished)

    assert "**/*.tmp" in printed
    assert "7 " in printed


def test_secrets_are_added_listed_and_deleted(client: ReanaClient) -> None:
    variable, file = f"T_{secrets.token_hex(4)}", f"proxy-{secrets.token_hex(4)}"
    (client.folder / file).write_text("a proxy")

    client.good("secrets-add", "--env", f"{variable}=one", "--file", file)
    again = client.bad("secrets-add", "--env", f"{variable}=two")
    client.good("secrets-add", "--env", f"{variable}=two", "--overwrite")
    listed = client.good("secrets-list")
    missing = client.bad("secrets-delete", variable, "never-was")
    client.good("secrets-delete", variable, file)

    assert "already exists" in again
    assert f"{variable}" in listed
    assert f"{file}" in listed
    assert "never-was" in missing
    assert variable not in client.good("secrets-list")


@pytest.mark.parametrize(("resource", "unit"), [("cpu", "s used"), ("disk", "iB used")])
def test_a_quota_is_told_in_words(client: ReanaClient, resource: str, unit: str) -> None:
    assert unit in client.good("quota-show", "--resource", resource, "-h")
    assert client.good("quota-show", "--resources").split() == ["cpu", "disk"]


@pytest.mark.parametrize("command", [("open", "jupyter"), ("close",)])
def test_a_session_is_referred_to_the_hub(
    client: ReanaClient, person: Person, command: tuple[str, ...]
) -> None:
    workflow = person.create(one_step("true"))

    printed = client.bad(command[0], "-w", workflow, *command[1:])

    assert "hub" in printed
    assert "portal" in printed
