"""Data that sessions can't read yet are brought to where they can, and the person is told."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from data_mgmt.models import ReplicaRequest, RequestState
from sessions import services
from sessions.data_pages import data_of
from sessions.models import Session, SessionState
from tests.factories import lend, make_identity
from tests.fakes.data import FakeDataBackend
from tests.unit.sessions.conftest import launched, work
from vre_portal.config import get_config
from vre_portal.errors import UpstreamUnavailable

STORAGE, OTHER = "SESSION-DISK", "FAR-DISK"


@pytest.fixture
def lake(
    alice: User, data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch
) -> FakeDataBackend:
    """Two storages, one of which sessions read, and a dataset at the other."""
    monkeypatch.setenv("VRE_SESSION_STORAGE", STORAGE)
    get_config.cache_clear()
    lend(make_identity(alice, issuer="https://escape.test/", subject="alice"), "rucio", "token")
    account = alice.backend_accounts.get(service="rucio").account
    for name in (STORAGE, OTHER):
        data_backend.add_storage(name)
        data_backend.set_limit(account, name, 1000)
    files = [data_backend.add_file(f"cms:part{n}.root", b"12345", [OTHER]) for n in range(3)]
    data_backend.add_dataset("cms:far", *files)
    here = data_backend.add_file("cms:here.root", b"12345", [STORAGE])
    data_backend.add_dataset("cms:near", here)
    return data_backend


def states(session: Session) -> dict[str, str]:
    view = data_of(session)
    return {row.did: row.state for row in view.rows} if view else {}


def test_what_is_far_is_asked_for_while_the_session_starts(
    alice: User, lake: FakeDataBackend
) -> None:
    session = launched(alice, "cms:far")

    request = ReplicaRequest.objects.get()
    assert session.state == SessionState.READY
    assert (str(request.did), request.storage, request.lifetime_days) == ("cms:far", STORAGE, 14)
    assert session.brought == {"cms:far": {"state": "asked", "request": str(request.pk)}}
    assert states(session) == {"cms:far": "coming"}


def test_what_is_there_is_not_asked_for_and_the_page_says_so(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    session = launched(alice, "cms:near")

    page = browser.get(f"/sessions/{session.pk}").content.decode()

    assert not ReplicaRequest.objects.exists()
    assert f"All of it is at {STORAGE}" in page


def test_the_page_shows_figures_and_watches_the_request(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    session = launched(alice, "cms:far")
    request = ReplicaRequest.objects.get()
    ReplicaRequest.objects.update(state=RequestState.REPLICATING, files_done=1, files_total=3)

    page = browser.get(f"/sessions/{session.pk}").content.decode()

    assert f'data-live="replica-request:{request.pk}"' in page
    assert f'data-live-refresh="/sessions/{session.pk}/data"' in page
    assert f'href="/data/requests/{request.pk}/"' in page
    assert '<progress value="1" max="3"' in page
    part = browser.get(f"/sessions/{session.pk}/data").content.decode()
    assert "<html" not in part
    assert "being copied" in part


def test_when_it_has_arrived_it_is_here(alice: User, lake: FakeDataBackend) -> None:
    session = launched(alice, "cms:far")
    ReplicaRequest.objects.update(state=RequestState.OK)

    assert states(session) == {"cms:far": "here"}


def test_a_quota_stops_no_session_and_is_told_with_a_way(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    account = alice.backend_accounts.get(service="rucio").account
    lake.set_limit(account, STORAGE, 1)

    session = launched(alice, "cms:far")

    page = browser.get(f"/sessions/{session.pk}").content.decode()
    assert session.state == SessionState.READY
    assert states(session) == {"cms:far": "failed"}
    assert "quota" in session.brought["cms:far"]["problem"]
    assert f"tab=where&amp;storage={STORAGE}" in page
    assert "Try to copy again" in page


def test_trying_again_asks_only_for_what_failed(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    account = alice.backend_accounts.get(service="rucio").account
    lake.set_limit(account, STORAGE, 1)
    session = launched(alice, "cms:far", "cms:near")
    lake.set_limit(account, STORAGE, 1000)

    browser.post(f"/sessions/{session.pk}/bring")
    work()

    session.refresh_from_db()
    assert states(session) == {"cms:far": "coming", "cms:near": "here"}


def test_with_rucio_down_the_session_is_ready_and_says_that_it_is_not_known(
    alice: User, lake: FakeDataBackend
) -> None:
    session = services.launch(alice, environment="physics", datasets=["cms:far"])
    lake.fail_on("get_did", UpstreamUnavailable("Rucio does not answer."))

    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY
    assert session.brought["cms:far"] == {"state": "failed", "problem": "Rucio does not answer."}


def test_nothing_is_made_where_it_was_not_wanted(alice: User, lake: FakeDataBackend) -> None:
    session = services.launch(alice, environment="physics", datasets=["cms:far"], bring=False)
    work()

    assert not ReplicaRequest.objects.exists()
    assert states(session) == {"cms:far": "as-it-is"}
    again = services.launch_again(session)
    assert not again.brought


def test_nothing_is_made_where_the_site_names_no_storage(
    alice: User, data_backend: FakeDataBackend, asks_rucio: None
) -> None:
    session = launched(alice, "cms:dimuon")

    assert session.brought == {}
    assert not ReplicaRequest.objects.exists()


def test_two_sessions_share_one_request(alice: User, lake: FakeDataBackend) -> None:
    first, second = launched(alice, "cms:far"), launched(alice, "cms:far")

    assert ReplicaRequest.objects.count() == 1
    assert first.brought == second.brought


def test_a_dataset_opened_later_is_brought_too(alice: User, lake: FakeDataBackend) -> None:
    session = launched(alice, "cms:near")

    services.open_dataset(session, "cms:far")
    work()

    session.refresh_from_db()
    assert states(session) == {"cms:far": "coming", "cms:near": "here"}


def test_the_form_says_what_would_be_moved_and_may_be_told_not_to(
    browser: Client, lake: FakeDataBackend
) -> None:
    page = browser.get("/sessions/new?dataset=cms:far").content.decode()
    off = browser.get("/sessions/new?dataset=cms:far&bring=0").content.decode()
    there = browser.get("/sessions/new?dataset=cms:near").content.decode()

    assert f"Bring the data to {STORAGE}" in page
    assert "Moves 15 B in 3 files" in page
    box = page[page.index('id="id_bring"') :]
    assert " checked" in box[: box.index(">")]
    box = off[off.index('id="id_bring"') :]
    assert " checked" not in box[: box.index(">")]
    assert "All of it is at" in there


def test_the_form_opens_also_while_rucio_is_down(browser: Client, lake: FakeDataBackend) -> None:
    lake.fail_on("*", UpstreamUnavailable("Rucio does not answer."))

    answer = browser.get("/sessions/new?dataset=cms:far")

    assert answer.status_code == 200
    assert "told now: Rucio does not answer." in " ".join(answer.content.decode().split())


def test_without_the_tick_the_address_says_so(browser: Client, lake: FakeDataBackend) -> None:
    form = {"environment": "physics", "dataset": "cms:far", "as": "link"}

    off = browser.post("/sessions/new", form)["Location"]
    on = browser.post("/sessions/new", {**form, "bring": "1"})["Location"]

    assert "bring=0" in off
    assert "bring" not in on


def test_the_api_tells_where_the_data_stand(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    wish = json.dumps({"environment": "physics", "datasets": ["cms:far", "cms:near"]})
    made = browser.post("/api/v1/sessions", wish, content_type="application/json").json()
    work()

    told = browser.get(f"/api/v1/sessions/{made['id']}").json()["data"]

    request = ReplicaRequest.objects.get()
    assert [(row["did"], row["state"]) for row in told] == [
        ("cms:far", "coming"), ("cms:near", "here"),
    ]  # fmt: skip
    assert told[0]["request"] == str(request.pk)
    assert told[1]["request"] is None


def test_the_api_may_be_told_not_to(browser: Client, lake: FakeDataBackend) -> None:
    wish = json.dumps({"environment": "physics", "datasets": ["cms:far"], "bring": False})

    browser.post("/api/v1/sessions", wish, content_type="application/json")
    work()

    assert not ReplicaRequest.objects.exists()


def test_a_list_of_sessions_asks_for_all_requests_at_once(
    browser: Client, alice: User, lake: FakeDataBackend
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            browser.get("/api/v1/sessions")
        return len(asked)

    launched(alice, "cms:far")
    queries()
    with_one = queries()
    launched(alice, "cms:far")

    assert queries() == with_one
