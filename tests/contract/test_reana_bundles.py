"""A workflow that comes as a bundle, and what else the newer dialect adds, by plain calls."""

from __future__ import annotations

import http.client
import io
import json
import secrets
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.contract.reana_clients import FILES, REANA_YAML, hello_world, token_of
from tests.contract.runner import TIMEOUT, Person, one_step
from tests.signin import running_stack

BROKEN = REANA_YAML.replace("${names}", "${never_declared}")


@pytest.fixture(scope="module")
def token() -> str:
    """The researcher's token."""
    return token_of("researcher")


@pytest.fixture(scope="module")
def person(token: str) -> Person:
    """The researcher."""
    return Person(running_stack().url("reana").rstrip("/"), token)


@pytest.fixture
def name() -> str:
    """A workflow's name that no other test uses."""
    return f"bundle-{secrets.token_hex(4)}"


def packed(files: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return {"bundle": ("bundle.zip", stream.getvalue())}


def create(person: Person, name: str, files: Mapping[str, str]) -> requests.Response:
    return person.call("POST", "/workflows", params={"workflow_name": name}, files=packed(files))


def listed(person: Person, name: str) -> list[Any]:
    query = {"type": "batch", "workflow_id_or_name": name}
    return list(person.ask("GET", "/workflows", params=query)["items"])


def test_a_bundle_with_all_files_needs_no_upload(person: Person, name: str) -> None:
    made = create(person, name, FILES)
    assert made.status_code == 201
    workflow = made.json()["workflow_id"]

    person.ask("POST", f"/workflows/{workflow}/start", json={})

    assert person.finish(workflow) == "finished"
    paths = {
        item["name"] for item in person.ask("GET", f"/workflows/{workflow}/workspace")["items"]
    }
    assert set(FILES) < paths


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"other.yaml": REANA_YAML}, "has no reana.yaml"),
        ({"reana.yaml": REANA_YAML, "../escape": "x"}, "not a path inside"),
        ({"reana.yaml": "{unclosed"}, "not valid YAML"),
        ({"reana.yaml": "workflow: {type: serial}"}, ""),
        ({"reana.yaml": BROKEN}, "never_declared"),
        ({"reana.yaml": REANA_YAML, "a": "x", "a/b": "x"}, ""),
    ],
)
def test_a_bad_bundle_is_refused_and_leaves_no_workflow(
    person: Person, name: str, files: Mapping[str, str], told: str
) -> None:
    answer = create(person, name, files)

    assert answer.status_code in {400, 404}
    assert told in answer.json()["message"]
    assert listed(person, name) == []


def test_what_is_no_archive_is_refused(person: Person) -> None:
    for files in ({"bundle": ("bundle.zip", b"no archive")}, {"other": ("x", b"x")}):
        answer = person.call("POST", "/workflows", files=files)

        assert answer.status_code == 400
        assert "bundle" in answer.json()["message"]


def test_a_bundle_that_is_too_large_is_refused_before_it_is_read(person: Person) -> None:
    connection = http.client.HTTPConnection(urlsplit(person.url).netloc, timeout=TIMEOUT)
    connection.putrequest("POST", "/api/workflows")
    for header, value in {
        **person.headers,
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(200 << 20),
    }.items():
        connection.putheader(header, value)
    connection.endheaders()

    answer = connection.getresponse()

    assert answer.status == 413
    assert "104 MiB" in json.load(answer)["message"]
    connection.close()


def test_a_good_bundle_is_told_valid_with_its_environments(person: Person, name: str) -> None:
    report = person.ask(
        "POST", "/workflows/validate", params={"environments": True}, files=packed(FILES)
    )

    assert (report["valid"], report["errors"]) == (True, [])
    assert report["environments"] == [
        {"image": "python:3.12", "runtime_uid": 1000, "runtime_gid": 0}
    ]


def test_a_bad_bundle_is_told_invalid_with_the_reason(person: Person) -> None:
    report = person.ask("POST", "/workflows/validate", files=packed({"reana.yaml": BROKEN}))

    (fault,) = report["errors"]
    assert report["valid"] is False
    assert "never_declared" in fault["message"]


def test_a_restart_takes_another_specification_and_parameters(person: Person) -> None:
    name = hello_world(person)
    replacement = REANA_YAML.replace("results/greetings.txt", "results/again.txt")

    made = person.ask(
        "POST",
        f"/workflows/{name}/restart",
        files={"replacement": ("reana.yaml", replacement)},
        data={"parameters": json.dumps({"input_parameters": {"pause": 0.1}})},
    )

    assert (made["workflow_name"], made["run_number"]) == (name, "1.1")
    assert person.finish(made["workflow_id"]) == "finished"
    told = person.ask("GET", f"/workflows/{made['workflow_id']}/parameters")["parameters"]
    assert (told["pause"], told["greetings"]) == (0.1, "results/again.txt")


@pytest.mark.parametrize(
    "form",
    [
        {"data": {"parameters": "{}"}},
        {"files": {"replacement": ("r", "{unclosed")}},
        {"files": {"replacement": ("r", "- a list")}},
        {"files": {"replacement": ("r", REANA_YAML)}, "data": {"parameters": "[]"}},
        {"files": {"replacement": ("r", REANA_YAML)}, "data": {"parameters": "{"}},
    ],
)
def test_a_bad_restart_is_refused(person: Person, form: dict[str, Any]) -> None:
    workflow = person.create(one_step("true"))
    form.setdefault("files", {"other": ("o", "x")})

    assert person.call("POST", f"/workflows/{workflow}/restart", **form).status_code == 400


def test_a_token_in_the_query_signs_in_as_one_in_the_header_does(
    person: Person, token: str
) -> None:
    by_query = requests.get(
        f"{person.url}/api/you", params={"access_token": token}, timeout=TIMEOUT
    )

    assert (
        by_query.json()["email"] == person.ask("GET", "/you")["email"] == "researcher@example.org"
    )


def test_several_workflows_are_polled_by_one_call(person: Person) -> None:
    names = [f"poll-{secrets.token_hex(4)}" for _ in range(3)]
    for one in names:
        person.ask("POST", "/workflows", params={"workflow_name": one}, json=one_step("true"))
    query = {"type": "batch", "search": json.dumps({"name": [names[0], names[2].upper()]})}

    page = person.ask("GET", "/workflows", params={**query, "page": 1, "size": 1})
    both = person.ask("GET", "/workflows", params=query)

    assert [row["name"] for row in both["items"]] == [f"{names[2]}.1", f"{names[0]}.1"]
    assert (page["total"], len(page["items"]), page["has_next"]) == (2, 1, True)


@pytest.mark.parametrize("query", [{"status": "never"}, {"sort": "never"}, {"search": "["}])
def test_a_list_that_cannot_be_is_refused(person: Person, query: dict[str, str]) -> None:
    answer = person.call("GET", "/workflows", params={"type": "batch", **query})

    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["null\0character", "1%1", "1_1"])
def test_a_search_takes_its_text_as_it_stands(person: Person, text: str) -> None:
    query = {"type": "batch", "search": json.dumps({"name": [text]})}

    answer = person.call("GET", "/workflows", params=query)

    assert answer.status_code == 400 if "\0" in text else answer.json()["total"] == 0
