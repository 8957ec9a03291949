"""What the user hears when REANA refuses, and that nothing else than a portal's error comes out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.credentials import Credential
from reproducibility.backends import NotOffered, Workflow, WorkflowState
from reproducibility.backends.reana import ReanaBackend
from tests.unit.reproducibility.backends.conftest import Speaks
from tests.unit.reproducibility.backends.wire import Answer, Wire
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    TokenWanted,
    UpstreamRefused,
    UpstreamUnavailable,
)

Ask = Callable[[ReanaBackend, Credential], object]
ASKS: dict[str, tuple[str, str, Ask]] = {
    "about": ("GET", "/info", lambda b, who: b.about(who)),
    "whoami": ("GET", "/you", lambda b, who: b.whoami(who)),
    "quota": ("GET", "/you", lambda b, who: b.quota(who)),
    "secrets": ("GET", "/secrets", lambda b, who: b.secrets(who)),
    "add_secret": ("POST", "/secrets/", lambda b, who: b.add_secret(who, "A", b"b")),
    "remove_secret": ("DELETE", "/secrets/", lambda b, who: b.remove_secret(who, "A")),
    "find": ("GET", "/workflows", lambda b, who: b.find(who, "fit")),
    "list_workflows": ("GET", "/workflows", lambda b, who: b.list_workflows(who)),
    "create": ("POST", "/workflows", lambda b, who: b.create(who, "fit", {})),
    "start": ("POST", "/workflows/x/start", lambda b, who: b.start(who, "x", {})),
    "restart": ("POST", "/workflows/x/start", lambda b, who: b.restart(who, "x", {})),
    "get": ("GET", "/workflows/x/status", lambda b, who: b.get(who, "x")),
    "logs": ("GET", "/workflows/x/logs", lambda b, who: b.logs(who, "x")),
    "environment": ("GET", "/workflows/x/environment", lambda b, who: b.environment(who, "x")),
    "cancel": (
        "PUT", "/workflows/x/status",
        lambda b, who: b.cancel(who, Workflow("x", "fit.1", WorkflowState.RUNNING)),
    ),
    "delete": ("PUT", "/workflows/x/status", lambda b, who: b.delete(who, "x")),
    "retention": ("GET", "/workflows/x/retention_rules", lambda b, who: b.retention(who, "x")),
    "share": ("POST", "/workflows/x/share", lambda b, who: b.share(who, "x", "a@b.eu")),
    "unshare": ("POST", "/workflows/x/unshare", lambda b, who: b.unshare(who, "x", "a@b.eu")),
    "shares": ("GET", "/workflows/x/share-status", lambda b, who: b.shares(who, "x")),
    "open_session": ("POST", "/workflows/x/open/jupyter", lambda b, who: b.open_session(who, "x")),
    "close_session": ("POST", "/workflows/x/close/", lambda b, who: b.close_session(who, "x")),
    "upload": (
        "POST", "/workflows/x/workspace", lambda b, who: b.upload(who, "x", "a", io.BytesIO(b"a")),
    ),
    "list_files": ("GET", "/workflows/x/workspace", lambda b, who: b.list_files(who, "x")),
    "download": (
        "GET", "/workflows/x/workspace/a", lambda b, who: b"".join(b.download(who, "x", "a")),
    ),
    "archive": (
        "GET", "/workflows/x/workspace/a", lambda b, who: b"".join(b.archive(who, "x", "a")),
    ),
    "remove_files": (
        "DELETE", "/workflows/x/workspace/a", lambda b, who: b.remove_files(who, "x", "a"),
    ),
    "disk_usage": ("GET", "/workflows/x/disk_usage", lambda b, who: b.disk_usage(who, "x")),
}  # fmt: skip
REFUSED = [
    (400, "No such step.", InvalidRequest),
    (403, "This is not yours.", Forbidden),
    (403, "User quota exceeded.", QuotaExceeded),
    (404, "Workflow x does not exist.", NotFound),
    (405, "Method not allowed.", NotOffered),
    (409, "It runs already.", Conflict),
    (413, "Too large.", QuotaExceeded),
    (418, "I am a teapot.", UpstreamRefused),
    (429, "Too many.", UpstreamUnavailable),
    (500, "Traceback", UpstreamUnavailable),
    (501, "This runner does not do that.", NotOffered),
    (503, "Busy.", UpstreamUnavailable),
]


def test_every_method_of_the_adapter_is_asked_here() -> None:
    public = {name for name in dir(ReanaBackend) if not name.startswith("_")}

    assert public == set(ASKS)


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refusal_has_a_kind_of_its_own(
    wire: Wire,
    backend: ReanaBackend,
    who: Credential,
    refused: tuple[int, str, type[PortalError]],
) -> None:
    status, said, kind = refused
    wire.answers_with("POST", "/workflows/x/start", Answer({"message": said}, status))

    with pytest.raises(kind) as told:
        backend.start(who, "x", {})

    assert type(told.value) is kind
    assert told.value.service == "reana" or status == 503
    assert (said in told.value.message) == (status in {400, 403, 404, 409, 413, 418})


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("said", [("7", 7), ("soon", None), ("999999", 3600), ("-3", None)])
def test_a_service_that_says_when_to_come_back_is_heard(
    wire: Wire, backend: ReanaBackend, who: Credential, said: tuple[str, int | None], status: int
) -> None:
    told, seconds = said
    wire.answers_with("GET", "/you", Answer({}, status, {"Retry-After": told}))

    with pytest.raises(UpstreamUnavailable) as raised:
        backend.whoami(who)

    assert raised.value.retry_after == seconds
    assert raised.value.retryable


@pytest.mark.parametrize("refused", [(401, ""), (403, "Token not valid."), (403, "token")])
@pytest.mark.parametrize("case", [("C", "Sign in again"), ("A", "Paste a new one")])
def test_a_token_that_is_not_good_says_what_to_do(
    speaks: Speaks,
    backend: ReanaBackend,
    who: Credential,
    case: tuple[str, str],
    refused: tuple[int, str],
) -> None:
    (dialect, words), (status, said) = case, refused
    speaks(dialect).answers_with("GET", "/you", Answer({"message": said}, status))

    with pytest.raises(CredentialExpired, match=words) as told:
        backend.whoami(who)

    assert isinstance(told.value, TokenWanted) == (dialect == "A")
    assert told.value.waits == (dialect == "A")


def test_secrets_that_are_not_there_are_named(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("DELETE", "/secrets/", Answer(["KEY"], 404))

    with pytest.raises(NotFound, match="KEY"):
        backend.remove_secret(who, "KEY")


@pytest.mark.parametrize("path", ["//elsewhere.org/", "https://elsewhere.org/", "", None, 7])
def test_a_session_is_at_the_service_and_nowhere_else(
    wire: Wire, backend: ReanaBackend, who: Credential, path: object
) -> None:
    wire.answers_with("POST", "/workflows/x/open/jupyter", Answer({"path": path}))

    with pytest.raises(UpstreamRefused):
        backend.open_session(who, "x")


def test_an_answer_that_leads_elsewhere_is_not_followed(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", "/you", Answer({}, 302, {"Location": "http://127.0.0.1:9/"}))

    with pytest.raises(UpstreamRefused):
        backend.whoami(who)

    assert len(wire.calls()) == 1


def test_a_huge_answer_is_not_read_to_its_end(
    wire: Wire, backend: ReanaBackend, who: Credential
) -> None:
    wire.answers_with("GET", "/you", Answer(b" " * (65 << 20)))

    with pytest.raises(UpstreamRefused):
        backend.whoami(who)


BROKEN = [
    b"", b"null", b"[]", b"7", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b"NaN", b"<html>",
    b'{"items": null}', b'{"items": 7}', b'{"items": [null]}', b'{"items": [{}]}', b"{}",
    b'{"logs": null}', b'{"logs": "["}', b'{"logs": "7"}', b'{"logs": "{\\"job_logs\\": 7}"}',
    b'{"items": [{"name": "a", "size": {"raw": 1e400}}]}', b'{"quota": {"disk": {"usage": 7}}}',
]  # fmt: skip


@pytest.mark.parametrize("name", ASKS)
def test_a_broken_answer_is_a_fault_of_reanas(
    wire: Wire, backend: ReanaBackend, who: Credential, name: str
) -> None:
    method, path, ask = ASKS[name]

    for body in BROKEN:
        wire.answers_with(method, path, Answer(body))

        only_portal_errors(partial(ask, backend, who))


GOOD: dict[str, Any] = {
    "about": {"compute_backends": {"title": "t", "value": ["kubernetes"]},
              "maximum_kubernetes_jobs_timeout": {"title": "t", "value": "60"}},
    "whoami": {"username": "ada", "email": "ada@example.org"},
    "quota": {"quota": {"cpu": {"usage": {"raw": 1}, "limit": {"raw": 2}},
                        "disk": {"usage": {"raw": 1}, "limit": {"raw": 0}}}},
    "secrets": [{"name": "KEY", "type": "env"}],
    "list_workflows": {"has_next": False, "items": [{
        "id": "x", "name": "fit.1", "status": "running", "created": "2026-11-27T10:00:00",
        "progress": {"total": {"total": 2, "job_ids": []}, "run_started_at": "2026-11-27T10:00:00",
                     "current_step_name": "fit"},
        "size": {"raw": 10}, "owner_email": "a@b.eu", "shared_with": ["c@d.eu"]}]},
    "create": {"workflow_id": "x", "workflow_name": "fit.1"},
    "restart": {"workflow_id": "x", "workflow_name": "fit", "run_number": "1.1",
                "status": "queued"},
    "get": {"id": "x", "name": "fit.1", "status": "running"},
    "logs": {"logs": json.dumps({"workflow_logs": "", "job_logs": {"1": {
        "job_name": "fit", "status": "running", "cmd": "true", "logs": "",
        "started_at": "2026-11-27T10:00:00", "finished_at": None}}})},
    "environment": {"recorded": "a", "used": "b", "substituted": True, "packages": ["a==1"]},
    "retention": {"retention_rules": [{"workspace_files": "*", "retention_days": 1,
                                       "apply_on": None, "status": "active"}]},
    "shares": {"shared_with": [{"user_email": "a@b.eu", "valid_until": "2027-01-31T23:59:59"}]},
    "open_session": {"path": "/x"},
    "list_files": {"items": [{"name": "/a", "size": {"raw": 1}}]},
    "remove_files": {"deleted": {"/a": {"size": 1}}, "failed": {"b": {"error": "busy"}}},
    "disk_usage": {"disk_usage_info": [{"name": "", "size": {"raw": 7}}]},
}  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3),
    st.just([]), st.just({}), st.just([None]), st.just({"raw": None}), st.just("9" * 5000),
)  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_whatever_replaces_a_part_of_a_good_answer(
    wire: Wire, backend: ReanaBackend, who: Credential, name: str, draw: st.DataObject
) -> None:
    method, path, ask = ASKS[name]
    bent = json.loads(json.dumps(GOOD[name]))
    where = draw.draw(st.sampled_from(list(places(bent))))
    bent = replaced(bent, where, draw.draw(ODD))
    wire.answers_with(method, path, Answer(json.dumps(bent)))

    only_portal_errors(lambda: ask(backend, who))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_understood(
    wire: Wire, backend: ReanaBackend, who: Credential, name: str
) -> None:
    method, path, ask = ASKS[name]
    wire.answers_with(method, path, Answer(GOOD[name]))

    assert ask(backend, who) is not None


def only_portal_errors(ask: Callable[[], object]) -> None:
    """Ask; an answer or a portal's error may come, and nothing else."""
    try:
        ask()
    except PortalError as exc:
        told = exc
    else:
        return
    assert told.status in {404, 409, 422, 502}


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every part of a JSON value."""
    inner: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = enumerate(value)
    return [here, *(way for key, part in inner for way in places(part, (*here, key)))]


def replaced(value: Any, where: tuple[Any, ...], part: object) -> Any:
    """Return a JSON value with one part replaced."""
    if not where:
        return part
    value[where[0]] = replaced(value[where[0]], where[1:], part)
    return value
