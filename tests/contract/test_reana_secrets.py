"""People's secrets reach their own runs, and nobody and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.reana_clients import token_of
from tests.contract.runner import OwnRunner, Person, one_step, wait_for
from tests.signin import running_stack

LOOK = (
    "printenv API_TOKEN || echo none; cat /etc/reana/secrets/proxy || echo none;"
    " touch /etc/reana/secrets/planted || echo kept"
)


@pytest.fixture(scope="module")
def runner() -> Iterator[OwnRunner]:
    """A runner whose people have no secrets yet."""
    own = OwnRunner(running_stack())
    own.start()
    yield own
    own.close()


@pytest.fixture(scope="module")
def owner(runner: OwnRunner) -> Person:
    """Somebody with a variable and a file."""
    person = Person(runner.url, token_of("researcher"))
    person.ask("POST", "/secrets/", json=secret("API_TOKEN", "env") | secret("proxy", "file"))
    return person


@pytest.fixture(scope="module")
def other(runner: OwnRunner) -> Person:
    """Somebody without."""
    return Person(runner.url, token_of("datamanager"))


def secret(name: str, kind: str, value: bytes = b"hidden-treasure") -> dict[str, Any]:
    return {name: {"type": kind, "value": base64.b64encode(value).decode()}}


def test_a_run_has_its_owners_secrets_as_variable_and_file(owner: Person) -> None:
    workflow = owner.start(one_step(LOOK))

    assert owner.finish(workflow) == "finished"

    seen = owner.output(workflow)
    assert seen.count("hidden-treasure") == 2
    assert "kept" in seen


def test_a_variable_is_taken_as_it_is_and_by_the_run_alone(owner: Person) -> None:
    value = "two\nlines, 'quotes' and $dollars"
    names = {"MULTILINE": value.encode(), "LD_PRELOAD": b"/never/there.so"}
    for name, content in names.items():
        owner.ask("POST", "/secrets/", json=secret(name, "env", content))

    workflow = owner.start(one_step('echo "<$$MULTILINE>"'))
    assert owner.finish(workflow) == "finished"
    owner.ask("DELETE", "/secrets/", json=list(names))

    seen = owner.output(workflow)
    assert f"<{value}>" in seen
    # Each program that is told to preload complains: the step's shell, and nothing before it.
    assert seen.count("cannot be preloaded") == 1


def test_another_persons_run_has_none_of_them(owner: Person, other: Person) -> None:
    workflow = other.start(one_step(LOOK))

    assert other.finish(workflow) == "finished"

    assert "hidden-treasure" not in other.output(workflow)


@pytest.mark.parametrize("ending", ["finished", "failed", "stopped"])
def test_nothing_of_them_is_left_once_the_run_is_over(
    runner: OwnRunner, owner: Person, ending: str
) -> None:
    commands = {"finished": "true", "failed": "exit 1", "stopped": "sleep 600"}
    workflow = owner.start(one_step(commands[ending]))
    if ending == "stopped":
        wait_for(lambda: owner.status(workflow)["status"] == "running")
        owner.ask("PUT", f"/workflows/{workflow}/status", params={"status": "stop"}, json={})

    assert owner.finish(workflow) == ending

    records = [path for path in (runner.folder / "runs" / workflow).rglob("*") if path.is_file()]
    assert records
    assert not any(b"hidden-treasure" in path.read_bytes() for path in records)
    assert not (runner.folder / "runs" / workflow / "secrets").exists()


def test_the_database_holds_secrets_sealed(runner: OwnRunner, owner: Person) -> None:
    held = runner.change_rows("UPDATE secret SET kind = kind")
    readable = runner.change_rows(
        "UPDATE secret SET kind = kind WHERE position('hidden-treasure'::bytea IN sealed) > 0"
    )

    assert held >= 2
    assert readable == 0
    assert (runner.folder / "secrets.key").stat().st_mode & 0o777 == 0o600


def test_people_see_names_alone_and_only_their_own(owner: Person, other: Person) -> None:
    listed = owner.ask("GET", "/secrets")

    assert listed == [{"name": "API_TOKEN", "type": "env"}, {"name": "proxy", "type": "file"}]
    assert other.ask("GET", "/secrets") == []


def test_secrets_are_added_all_or_none(other: Person) -> None:
    other.ask("POST", "/secrets/", json=secret("FIRST", "env"))

    both = secret("FIRST", "env") | secret("SECOND", "env")
    answer = other.call("POST", "/secrets/", json=both)

    assert answer.status_code == 409
    assert [one["name"] for one in other.ask("GET", "/secrets")] == ["FIRST"]
    other.ask("POST", "/secrets/", params={"overwrite": True}, json=both)
    assert other.ask("DELETE", "/secrets/", json=["FIRST", "SECOND"]) == ["FIRST", "SECOND"]


def test_secrets_are_removed_all_or_none_and_the_missing_are_named(owner: Person) -> None:
    answer = owner.call("DELETE", "/secrets/", json=["proxy", "never"])

    assert answer.status_code == 404
    assert answer.json() == ["never"]
    assert len(owner.ask("GET", "/secrets")) == 2


@pytest.mark.parametrize(
    "body",
    [
        secret("../escape", "file"),
        secret("a/b", "file"),
        secret("..", "file"),
        secret("WITH SPACE", "env"),
        secret("1ST", "env"),
        secret("NULL", "env", b"a\0b"),
        secret("KIND", "other"),
        {"PLAIN": "text"},
        {"VALUE": {"type": "env", "value": "not base64!"}},
        {"VALUE": {"type": "env"}},
        secret("LARGE", "file", b"x" * (1 << 20 | 1)),
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_what_cannot_be_a_secret_is_refused(other: Person, body: dict[str, Any]) -> None:
    answer = other.call("POST", "/secrets/", json=body)

    assert answer.status_code == 400
    assert list(answer.json()) == ["message"]
