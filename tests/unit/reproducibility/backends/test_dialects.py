"""What is sent to REANA in each of its dialects, and how the dialect is chosen."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import date
from zipfile import ZIP_STORED, ZipFile

import pytest
import yaml

from accounts.credentials import Credential
from reproducibility.backends import Dialect, Ownership, SecretKind, Workflow, WorkflowState
from reproducibility.backends.reana import ReanaBackend
from reproducibility.backends.reana.dialects import KEPT_SECONDS
from tests.unit.reproducibility.backends.conftest import TOKEN, Clock, Speaks
from tests.unit.reproducibility.backends.wire import BUNDLES, Answer, Wire
from vre_portal.errors import InvalidRequest, UpstreamUnavailable
from vre_portal.logs import TokenFilter

MADE = Answer({"workflow_id": "id-1", "workflow_name": "fit.1", "message": ""}, 201)
STARTED = Answer(
    {"workflow_id": "id-2", "workflow_name": "fit", "run_number": "1.1", "status": "queued"}
)
SERIAL = {
    "inputs": {"parameters": {"bins": 60, "name": "Große"}},
    "workflow": {"type": "serial", "specification": {"steps": []}},
}
SNAKEMAKE = {"workflow": {"type": "snakemake", "file": "workflow/Snakefile"}}
ALL = ["A", "B", "C"]


@pytest.mark.parametrize("dialect", ALL)
def test_the_token_goes_where_the_dialect_wants_it(
    speaks: Speaks, backend: ReanaBackend, who: Credential, dialect: str
) -> None:
    wire = speaks(dialect)
    wire.answers_with("GET", "/you", Answer({"username": "ada", "email": "ada@example.org"}))

    person = backend.whoami(who)

    asked = wire.only()
    assert person.name == "ada"
    assert asked.query.get("access_token") == (None if dialect == "C" else TOKEN)
    assert asked.headers.get("authorization") == (f"Bearer {TOKEN}" if dialect == "C" else None)


def test_the_demos_runner_of_0_9_gets_an_exchanged_token_as_bearer(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("POST", "/workflows", MADE)

    backend.create(who, "fit", SERIAL)

    asked = wire.only()
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.json == SERIAL


def test_in_0_9_a_workflow_is_made_from_json(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("A")
    wire.answers_with("POST", "/workflows", MADE)

    made = backend.create(who, "fit", SERIAL)

    asked = wire.only()
    assert made == Workflow("id-1", "fit.1", WorkflowState.CREATED)
    assert asked.query == {"workflow_name": "fit", "access_token": TOKEN}
    assert asked.json == SERIAL


@pytest.mark.parametrize("dialect", ["B", "C"])
def test_in_0_95_a_workflow_is_made_from_a_bundle(
    speaks: Speaks, backend: ReanaBackend, who: Credential, dialect: str
) -> None:
    wire = speaks(dialect)
    wire.answers_with("POST", "/workflows", MADE)

    backend.create(who, "fit", SNAKEMAKE, {"workflow/Snakefile": b"rule all:\n"})

    parts = wire.only().parts()
    assert list(parts) == ["bundle"]
    with ZipFile(io.BytesIO(parts["bundle"])) as archive:
        assert archive.namelist() == ["reana.yaml", "workflow/Snakefile"]
        assert {entry.compress_type for entry in archive.infolist()} == {ZIP_STORED}
        assert yaml.safe_load(archive.read("reana.yaml")) == SNAKEMAKE
        assert archive.read("workflow/Snakefile") == b"rule all:\n"


def test_a_specification_is_handed_in_as_it_is_written(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("C")
    wire.answers_with("POST", "/workflows", MADE)
    written = b"# ours\nworkflow: {type: serial}\n"

    backend.create(who, "fit", SERIAL, {"reana.yaml": written})

    with ZipFile(io.BytesIO(wire.only().parts()["bundle"])) as archive:
        assert archive.read("reana.yaml") == written


def test_the_same_specification_gives_the_same_bytes(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("C")
    wire.answers_with("POST", "/workflows", MADE)

    for _ in range(2):
        backend.create(who, "fit", SNAKEMAKE, {"b": b"1", "a": b"2"})

    first, second = (asked.parts()["bundle"] for asked in wire.calls())
    assert first == second


def test_0_9_takes_no_workflow_in_files_of_its_own(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("A")

    with pytest.raises(InvalidRequest, match=r"need REANA 0\.95"):
        backend.create(who, "fit", SNAKEMAKE, {"workflow/Snakefile": b""})

    assert wire.calls() == []


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../b", "", "a//b", "a\\b", "./a"])
def test_a_bundle_holds_no_path_that_leads_out(
    speaks: Speaks, backend: ReanaBackend, who: Credential, path: str
) -> None:
    wire = speaks("C")

    with pytest.raises(InvalidRequest):
        backend.create(who, "fit", SERIAL, {path: b""})

    assert wire.calls() == []


def test_the_dialect_is_asked_once_in_some_minutes(
    speaks: Speaks, backend: ReanaBackend, who: Credential, clock: Clock
) -> None:
    wire = speaks("C")
    wire.answers_with("POST", "/workflows", MADE)

    for _ in range(3):
        backend.create(who, "fit", SERIAL)
    clock.now += KEPT_SECONDS
    backend.create(who, "fit", SERIAL)

    pings = [asked for asked in wire.asked if asked.path == "/api/ping"]
    assert len(pings) == 2
    assert all("authorization" not in ping.headers and not ping.query for ping in pings)


@pytest.mark.parametrize("status", [400, 404, 415, 422])
def test_a_site_that_was_upgraded_is_asked_again_and_served(
    speaks: Speaks, backend: ReanaBackend, who: Credential, status: int
) -> None:
    wire = speaks("A")
    wire.answers_with("POST", "/workflows", MADE)
    backend.create(who, "fit", SERIAL)
    wire.capabilities = [BUNDLES]
    wire.answers_with("POST", "/workflows", Answer({"message": "No bundle."}, status), MADE)

    made = backend.create(who, "fit", SERIAL)

    assert made.id == "id-1"
    assert list(wire.calls()[-1].parts()) == ["bundle"]


def test_a_refusal_of_the_same_dialect_is_told_as_it_is(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("C")
    wire.answers_with("POST", "/workflows", Answer({"message": "No steps."}, 400))

    with pytest.raises(InvalidRequest, match="REANA says: No steps"):
        backend.create(who, "fit", SERIAL)

    assert len(wire.calls()) == 1


@pytest.mark.parametrize("dialect", ALL)
def test_a_restart_is_a_start_once_more(
    speaks: Speaks, backend: ReanaBackend, who: Credential, dialect: str
) -> None:
    wire = speaks(dialect)
    wire.answers_with("POST", "/workflows/id-1/start", STARTED)

    again = backend.restart(who, "id-1", {"bins": 90})

    assert again == Workflow("id-2", "fit.1.1", WorkflowState.QUEUED)
    assert wire.only().json == {
        "input_parameters": {"bins": 90}, "operational_options": {}, "restart": True,
    }  # fmt: skip


def test_operational_options_go_along(wire: Wire, backend: ReanaBackend, who: Credential) -> None:
    wire.answers_with("POST", "/workflows/id-1/start", STARTED)

    backend.start(who, "id-1", {}, options={"FROM": "fit"})

    assert wire.only().json["operational_options"] == {"FROM": "fit"}


def test_a_restart_with_another_specification_in_0_9(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("A")
    wire.answers_with("POST", "/workflows/id-1/start", STARTED)

    backend.restart(who, "id-1", {}, specification=SERIAL)

    assert wire.only().json["reana_specification"] == SERIAL


def test_a_restart_with_another_specification_in_0_95(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("C")
    wire.answers_with("POST", "/workflows/id-1/restart", STARTED)

    backend.restart(who, "id-1", {"bins": 90}, specification=SERIAL)

    parts = wire.only().parts()
    assert yaml.safe_load(parts["replacement"]) == SERIAL
    assert b'"bins": 90' in parts["parameters"]


def test_the_service_is_described(speaks: Speaks, backend: ReanaBackend, who: Credential) -> None:
    wire = speaks("B")
    rows = {
        "compute_backends": ["kubernetes", "slurmcern"],
        "supported_workflow_engines": ["serial", "snakemake"],
        "maximum_kubernetes_jobs_timeout": "1209600",
        "kubernetes_max_memory_limit": "10Gi",
        "maximum_workspace_retention_period": None,
    }
    info = {key: {"title": key.title(), "value": value} for key, value in rows.items()}
    wire.answers_with("GET", "/info", Answer(info))

    about = backend.about(who)

    assert (about.version, about.dialect) == ("0.95.0", Dialect(bundles=True, bearer=False))
    assert about.engines == ("serial", "snakemake")
    assert about.compute_backends == ("kubernetes", "slurmcern")
    assert (about.job_seconds, about.job_memory, about.retention_days) == (1209600, "10Gi", None)
    assert len(about.details) == 5


def test_0_9_tells_its_version_to_people_only(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("A")
    wire.answers_with("GET", "/ping", Answer({"message": "OK", "status": "200"}))
    wire.answers_with("GET", "/you", Answer({"reana_server_version": "0.9.4"}))
    wire.answers_with("GET", "/info", Answer({}))

    about = backend.about(who)

    assert (about.version, about.engines) == ("0.9.4", ("serial",))
    assert about.dialect == Dialect(bundles=False, bearer=False)


def test_a_restart_meets_an_upgraded_site_too(
    speaks: Speaks, backend: ReanaBackend, who: Credential
) -> None:
    wire = speaks("A")
    wire.answers_with("POST", "/workflows/id-1/start", STARTED)
    backend.restart(who, "id-1", {}, specification=SERIAL)
    wire.capabilities = [BUNDLES]
    wire.answers_with("POST", "/workflows/id-1/start", Answer({"message": "No."}, 400))
    wire.answers_with("POST", "/workflows/id-1/restart", STARTED)

    again = backend.restart(who, "id-1", {}, specification=SERIAL)

    assert again.name == "fit.1.1"


def test_a_command_in_parts_is_shown(wire: Wire, backend: ReanaBackend, who: Credential) -> None:
    job = {"job_name": "fit", "status": "running", "cmd": ["root", "-b"], "logs": None}
    wire.answers_with(
        "GET", "/workflows/x/logs", Answer({"logs": json.dumps({"job_logs": {"1": job}})})
    )

    [step] = backend.logs(who, "x").steps

    assert (step.command, step.text) == ('["root", "-b"]', "")


def test_a_server_that_lists_no_engines_has_those_whose_versions_it_tells(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    info = {"yadage_engine_version": {"title": "", "value": "0.20.1"}, "cwl_engine_version": None}
    wire.answers_with("GET", "/info", Answer(info))

    assert backend.about(who).engines == ("serial", "yadage")


def test_many_workflows_are_asked_by_one_call(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", "/workflows", Answer({"items": [], "has_next": True}))

    page = backend.list_workflows(
        who,
        names=["scan-7-001", "scan-7-002"],
        states=[WorkflowState.RUNNING, WorkflowState.FAILED],
        ownership=Ownership.SHARED_WITH_ME,
        page=3,
        size=200,
    )

    assert page.more
    assert wire.only().query == {
        "type": "batch", "sort": "desc", "page": "3", "size": "200", "status": "running,failed",
        "include_progress": "true", "include_workspace_size": "true", "shared_by": "anybody",
        "search": '{"name": ["scan-7-00"]}',
    }  # fmt: skip


def test_a_name_is_looked_for_until_it_is_found(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    other = {"id": "id-0", "name": "fit-more.1", "status": "finished"}
    mine = {"id": "id-1", "name": "fit.2", "status": "running"}
    wire.answers_with(
        "GET",
        "/workflows",
        Answer({"items": [other], "has_next": True}),
        Answer({"items": [mine], "has_next": False}),
    )

    found = backend.find(who, "fit")

    assert found == Workflow("id-1", "fit.2", WorkflowState.RUNNING)
    assert [asked.query["page"] for asked in wire.calls()] == ["1", "2"]
    assert "deleted" not in wire.calls()[0].query["status"]


Order = Callable[[ReanaBackend, Credential], object]
ORDERS: dict[str, tuple[Order, str, str, dict[str, str], object]] = {
    "delete": (
        lambda b, who: b.delete(who, "id-1", all_runs=True, workspace=False),
        "PUT", "/workflows/id-1/status", {"status": "deleted"},
        {"all_runs": True, "workspace": False},
    ),
    "share": (
        lambda b, who: b.share(who, "id-1", "bob@x.org", until=date(2027, 1, 31), message="Hi"),
        "POST", "/workflows/id-1/share", {},
        {"user_email_to_share_with": "bob@x.org", "valid_until": "2027-01-31", "message": "Hi"},
    ),
    "unshare": (
        lambda b, who: b.unshare(who, "id-1", "bob@x.org"),
        "POST", "/workflows/id-1/unshare", {"user_email_to_unshare_with": "bob@x.org"}, None,
    ),
    "add a secret": (
        lambda b, who: b.add_secret(who, "KEY", b"value", kind=SecretKind.FILE, overwrite=True),
        "POST", "/secrets/", {"overwrite": "true"}, {"KEY": {"value": "dmFsdWU=", "type": "file"}},
    ),
    "remove a secret": (
        lambda b, who: b.remove_secret(who, "KEY"), "DELETE", "/secrets/", {}, ["KEY"],
    ),
    "close a session": (
        lambda b, who: b.close_session(who, "id-1"), "POST", "/workflows/id-1/close/", {}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_each_order_is_sent_as_reanas_own_client_does(
    wire: Wire, backend: ReanaBackend, who: Credential, name: str
) -> None:
    order, method, path, query, body = ORDERS[name]
    wire.answers_with(method, path, Answer({"message": "done"}))

    order(backend, who)

    asked = wire.only()
    assert (asked.query, asked.json) == (query, body)


def test_steps_are_named_in_the_body_of_a_get(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", "/workflows/id-1/logs", Answer({"logs": "{}"}))

    backend.logs(who, "id-1", ["fit"])

    assert wire.only().json == ["fit"]


@pytest.mark.parametrize("dialect", ["A", "B"])
@pytest.mark.usefixtures("nobody_there")
def test_a_token_in_the_query_reaches_no_log_and_no_message(
    speaks: Speaks,
    backend: ReanaBackend,
    who: Credential,
    caplog: pytest.LogCaptureFixture,
    dialect: str,
) -> None:
    speaks(dialect)
    caplog.handler.addFilter(TokenFilter())
    caplog.set_level(logging.DEBUG)

    with pytest.raises(UpstreamUnavailable) as told:
        backend.whoami(who)
    logging.getLogger("portal").warning("cause: %r", told.value.__cause__)

    assert caplog.records
    assert all(TOKEN not in record.getMessage() for record in caplog.records)
    assert TOKEN not in str(told.value)
    assert TOKEN not in repr(who)
