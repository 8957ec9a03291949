"""A shared workflow is read by others, and changed by its owner alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.reana_clients import token_of
from tests.contract.runner import OwnRunner, Person, one_step
from tests.signin import running_stack

READER = "datamanager@example.org"
OWNER = "researcher@example.org"


@pytest.fixture(scope="module")
def owner() -> Person:
    """Somebody who shares."""
    return Person(running_stack().url("reana"), token_of("researcher"))


@pytest.fixture(scope="module")
def reader() -> Person:
    """Somebody with whom things are shared."""
    person = Person(running_stack().url("reana"), token_of("datamanager"))
    person.ask("GET", "/you")
    return person


@pytest.fixture
def own() -> Iterator[OwnRunner]:
    """A runner whose rows the test may change."""
    runner = OwnRunner(running_stack())
    runner.start()
    yield runner
    runner.close()


@pytest.fixture
def shared(owner: Person, reader: Person) -> str:
    """A workflow with a file, shared without end."""
    workflow = owner.create(one_step("true"))
    owner.put(workflow, "data/names.txt", b"Jane Doe\n")
    share(owner, workflow)
    return workflow


def share(owner: Person, workflow: str, **details: str) -> None:
    body = {"user_email_to_share_with": READER, **details}
    owner.ask("POST", f"/workflows/{workflow}/share", json=body)


@pytest.mark.parametrize(
    "path",
    [
        "status",
        "logs",
        "specification",
        "parameters",
        "environment",
        "retention_rules",
        "disk_usage",
        "workspace",
        "workspace/data/names.txt",
        "workspace/data",
    ],
)
def test_a_reader_reads_everything(reader: Person, shared: str, path: str) -> None:
    assert reader.call("GET", f"/workflows/{shared}/{path}").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "start"),
        ("PUT", "status?status=deleted"),
        ("POST", "workspace?file_name=data/names.txt"),
        ("DELETE", "workspace/data/names.txt"),
        ("POST", "prune"),
        ("POST", "share"),
        ("GET", "share-status"),
        ("POST", f"unshare?user_email_to_unshare_with={READER}"),
    ],
)
def test_a_reader_changes_nothing(
    owner: Person, reader: Person, shared: str, method: str, path: str
) -> None:
    body = {"user_email_to_share_with": OWNER} if path == "share" else {}

    answer = reader.call(method, f"/workflows/{shared}/{path}", json=body)

    assert answer.status_code == 403
    assert "only its owner may change it" in answer.json()["message"]
    kept = owner.call("GET", f"/workflows/{shared}/workspace/data/names.txt")
    assert kept.content == b"Jane Doe\n"


def test_a_reader_moves_no_files(reader: Person, shared: str) -> None:
    answer = reader.call(
        "PUT", f"/workflows/move_files/{shared}", params={"source": "data", "target": "x"}
    )

    assert answer.status_code == 403


def test_a_list_tells_owner_and_readers(owner: Person, reader: Person, shared: str) -> None:
    exact = {"type": "batch", "workflow_id_or_name": shared}

    (owned,) = owner.ask("GET", "/workflows", params=exact)["items"]
    (read,) = reader.ask("GET", "/workflows", params={**exact, "shared": True})["items"]

    assert (owned["owner_email"], owned["shared_with"]) == (OWNER, [READER])
    assert (read["owner_email"], read["shared_with"]) == (OWNER, [])
    assert reader.ask("GET", "/workflows", params=exact)["items"] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"shared_with": "anybody"}, True),
        ({"shared_with": READER.upper()}, True),
        ({"shared_with": "nobody"}, False),
        ({"shared_with": "stranger@example.org"}, False),
    ],
)
def test_an_owner_lists_by_reader(
    owner: Person, shared: str, asked: dict[str, str], found: bool
) -> None:
    query = {"type": "batch", "workflow_id_or_name": shared, **asked}

    listed = owner.ask("GET", "/workflows", params=query)["items"]

    assert [row["id"] for row in listed] == ([shared] if found else [])


@pytest.mark.parametrize(("sharer", "found"), [("anybody", True), (OWNER, True), (READER, False)])
def test_a_reader_lists_by_owner(reader: Person, shared: str, sharer: str, found: bool) -> None:
    query = {"type": "batch", "workflow_id_or_name": shared, "shared_by": sharer}

    listed = reader.ask("GET", "/workflows", params=query)["items"]

    assert [row["id"] for row in listed] == ([shared] if found else [])


def test_people_see_with_whom_they_share(owner: Person, reader: Person, shared: str) -> None:
    readers = owner.ask("GET", "/users/you-shared-with")["users_you_shared_with"]
    sharers = reader.ask("GET", "/users/shared-with-you")["users_shared_with_you"]

    assert {"email": READER} in readers
    assert {"email": OWNER} in sharers


def test_a_share_tells_its_last_day(owner: Person, reader: Person) -> None:
    workflow = owner.create(one_step("true"))
    today = datetime.now(UTC).date()
    share(owner, workflow, valid_until=str(today + timedelta(days=1)))

    state = owner.ask("GET", f"/workflows/{workflow}/share-status")["shared_with"]

    assert state == [{"user_email": READER, "valid_until": f"{today + timedelta(days=1)}T23:59:59"}]
    assert reader.call("GET", f"/workflows/{workflow}/status").ok


def test_a_share_ends_after_its_last_day_and_can_be_made_anew(own: OwnRunner) -> None:
    owner, reader = (Person(own.url, token_of(name)) for name in ("researcher", "datamanager"))
    reader.ask("GET", "/you")
    workflow = owner.create(one_step("true"))
    share(owner, workflow)
    own.change_rows("UPDATE share SET valid_until = current_date - 1")

    ended = reader.call("GET", f"/workflows/{workflow}/status")
    share(owner, workflow)

    assert ended.status_code == 404
    assert reader.call("GET", f"/workflows/{workflow}/status").ok


@pytest.mark.parametrize(
    ("details", "status", "told"),
    [
        ({"user_email_to_share_with": "stranger@example.org"}, 404, "does not exist"),
        ({"user_email_to_share_with": OWNER}, 400, "with its owner"),
        ({"user_email_to_share_with": READER, "valid_until": "2001-01-01"}, 400, "in the past"),
        ({"user_email_to_share_with": READER, "valid_until": "soon"}, 400, "YYYY-MM-DD"),
        ({}, 400, "e-mail"),
    ],
)
def test_a_share_that_cannot_be_is_refused_with_its_reason(
    owner: Person, reader: Person, details: dict[str, str], status: int, told: str
) -> None:
    workflow = owner.create(one_step("true"))

    answer = owner.call("POST", f"/workflows/{workflow}/share", json=details)

    assert answer.status_code == status
    assert told in answer.json()["message"]


def test_what_is_not_shared_cannot_be_taken_back(owner: Person, reader: Person) -> None:
    workflow = owner.create(one_step("true"))

    answer = owner.call(
        "POST", f"/workflows/{workflow}/unshare", params={"user_email_to_unshare_with": READER}
    )

    assert answer.status_code == 409


def test_a_deleted_workflow_is_not_read_any_more(
    owner: Person, reader: Person, shared: str
) -> None:
    owner.ask("PUT", f"/workflows/{shared}/status", params={"status": "deleted"}, json={})

    assert reader.call("GET", f"/workflows/{shared}/status").status_code == 404
