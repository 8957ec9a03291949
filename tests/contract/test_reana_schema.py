"""Every answer of the runner is one that REANA's own descriptions of its interface allow.

The two descriptions are those that the two clients carry, and check answers against.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import response_schema_conformance

from demo import parts
from demo.bootstrap import Environments
from tests.contract.reana_clients import FILES, hello_world, token_of
from tests.contract.runner import TIMEOUT, OwnRunner, Person, one_step
from tests.signin import running_stack

STABLE, COMING = "reana-client", "reana-client-next"
DESCRIPTION = "lib/python*/site-packages/reana_commons/openapi_specifications/reana_server.json"
EXAMPLES = 12

ONE = "/api/workflows/{workflow_id_or_name}"
#: What the runner offers of the interface; the rest answers that it is not offered.
OFFERED = (
    "GET /api/ping",
    "GET /api/you",
    "GET /api/info",
    "GET /api/status",
    "GET /api/secrets",
    "POST /api/secrets/",
    "DELETE /api/secrets/",
    "GET /api/workflows",
    "POST /api/workflows",
    "GET /api/workflows/{workflow_id_or_name_a}/diff/{workflow_id_or_name_b}",
    "PUT /api/workflows/move_files/{workflow_id_or_name}",
    f"POST {ONE}/close/",
    f"GET {ONE}/disk_usage",
    f"GET {ONE}/logs",
    f"POST {ONE}/open/{{interactive_session_type}}",
    f"GET {ONE}/parameters",
    f"POST {ONE}/prune",
    f"GET {ONE}/retention_rules",
    f"GET {ONE}/specification",
    f"POST {ONE}/start",
    f"GET {ONE}/status",
    f"PUT {ONE}/status",
    f"GET {ONE}/workspace",
    f"POST {ONE}/workspace",
    f"GET {ONE}/workspace/{{file_name}}",
    f"DELETE {ONE}/workspace/{{file_name}}",
)
OFFERED_LATER = (
    "GET /api/users/shared-with-you",
    "GET /api/users/you-shared-with",
    "POST /api/workflows/validate",
    f"POST {ONE}/restart",
    f"POST {ONE}/share",
    f"GET {ONE}/share-status",
    f"POST {ONE}/unshare",
)
#: Statuses that the descriptions lack and a client meets all the same, each with its reason.
UNDOCUMENTED: Mapping[int, str] = {
    400: "a body, name or path that cannot be read, for calls described as never refused so",
    401: "no token came with the call; the older description knows 401 in three places only",
    409: "the run's state does not allow a prune; the newer description says so",
}
OPERATIONS = [
    *((STABLE, label) for label in OFFERED),
    *((COMING, label) for label in (*OFFERED, *OFFERED_LATER)),
]


@pytest.fixture(scope="module")
def runner() -> Iterator[OwnRunner]:
    """A runner that may get any nonsense."""
    own = OwnRunner(running_stack())
    own.start()
    yield own
    own.close()


@pytest.fixture(scope="module")
def person(runner: OwnRunner) -> Person:
    """Somebody who sends it."""
    return Person(runner.url, token_of("researcher"))


@pytest.fixture(scope="module")
def finished(person: Person) -> str:
    """A run that has ended, with logs and files."""
    return str(person.status(hello_world(person))["id"])


@pytest.fixture(scope="module")
def descriptions() -> Mapping[str, BaseSchema]:
    """The two descriptions, as the clients carry them."""
    stack = running_stack()
    found = {}
    for name in (STABLE, COMING):
        Environments(stack.environments, parts.requirements(), print).build(name)
        (path,) = (stack.environments / name).glob(DESCRIPTION)
        found[name] = schemathesis.openapi.from_dict(json.loads(Path(path).read_text()))
    load_all_checks()
    return found


@pytest.mark.parametrize(("client", "label"), OPERATIONS)
def test_answers_are_as_described(
    descriptions: Mapping[str, BaseSchema],
    person: Person,
    finished: str,
    client: str,
    label: str,
) -> None:
    operation = operation_of(descriptions[client], label)
    created = person.create(one_step("true"))
    person.put(created, "reana.yaml", FILES["reana.yaml"].encode())
    reads = label.startswith("GET")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def answers(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        known = data.draw(st.sampled_from([finished, created, None] if reads else [created, None]))
        for name in case.path_parameters or {}:
            if known and name.startswith("workflow_id_or_name"):
                case.path_parameters[name] = known
            if known and name == "file_name":
                case.path_parameters[name] = "reana.yaml"
        signed = data.draw(st.sampled_from([True, True, True, False]))
        if not signed and case.query:
            case.query.pop("access_token", None)

        answer = case.call(
            base_url=person.url, headers=person.headers if signed else {}, timeout=TIMEOUT
        )

        documented = str(answer.status_code) in operation.definition.raw["responses"]
        assert documented or answer.status_code in UNDOCUMENTED, answer.text
        assert answer.status_code < 500 or answer.status_code == 501, answer.text
        if documented:
            case.validate_response(answer, checks=[response_schema_conformance])

    answers()


def test_good_answers_are_as_described(
    descriptions: Mapping[str, BaseSchema], person: Person, runner: OwnRunner, finished: str
) -> None:
    """The calls that generated values hardly ever get right."""
    reader = Person(runner.url, token_of("datamanager"))
    reader.ask("GET", "/you")
    email = "datamanager@example.org"
    bundle, document = {"bundle": ("b.zip", packed())}, FILES["reana.yaml"]
    one = f"/workflows/{finished}"
    good: list[tuple[str, str, str, dict[str, Any]]] = [
        (STABLE, "POST /api/workflows", "/workflows", {"json": one_step("true")}),
        (COMING, "POST /api/workflows", "/workflows", {"files": bundle}),
        (COMING, "POST /api/workflows/validate", "/workflows/validate", {"files": bundle}),
        (
            COMING,
            "POST /api/workflows/validate",
            "/workflows/validate?environments=true",
            {"files": bundle},
        ),
        (
            COMING,
            f"POST {ONE}/restart",
            f"{one}/restart",
            {"files": {"replacement": ("reana.yaml", document)}, "data": {"parameters": "{}"}},
        ),
        (
            COMING,
            f"POST {ONE}/share",
            f"{one}/share",
            {"json": {"user_email_to_share_with": email, "valid_until": "2999-01-01"}},
        ),
        (COMING, f"GET {ONE}/share-status", f"{one}/share-status", {}),
        (COMING, "GET /api/workflows", "/workflows?type=batch&verbose=true&shared=true", {}),
        (
            COMING,
            f"POST {ONE}/unshare",
            f"{one}/unshare?user_email_to_unshare_with={email}",
            {},
        ),
    ]

    for client, label, path, options in good:
        method = label.partition(" ")[0]
        answer = person.call(method, path, **options)
        operation = operation_of(descriptions[client], label)

        assert answer.status_code in {200, 201}, f"{label}: {answer.text}"
        case = operation.Case(path_parameters={"workflow_id_or_name": finished})
        case.validate_response(answer, checks=[response_schema_conformance])


def test_what_is_not_offered_says_so(person: Person) -> None:
    answer = person.call("GET", "/gitlab/projects")

    assert answer.status_code == 404
    assert answer.json() == {"message": "This runner does not offer that call."}


def test_both_clients_bundles_are_announced_before_sign_in(person: Person) -> None:
    told = Person(person.url, "none").ask("GET", "/ping")

    assert told["api_capabilities"] == ["workflow-specification-bundles-v1"]


def packed() -> bytes:
    """Return the hello world as a bundle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("reana.yaml", "code/hello.py"):
            archive.writestr(name, FILES[name])
    return stream.getvalue()


def operation_of(description: BaseSchema, label: str) -> APIOperation[Any, Any, Any, Any]:
    """Return the operation of a description that a method and path name."""
    for found in description.get_all_operations():
        assert isinstance(found, Ok)
        operation: APIOperation[Any, Any, Any, Any] = found.ok()
        if operation.label == label:
            return operation
    raise LookupError(label)
