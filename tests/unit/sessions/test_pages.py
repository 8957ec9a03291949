"""Pages of sessions in each state, with the hub up and down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub, Start
from tests.sockets import LiveSocket
from tests.unit.sessions.conftest import launched, work


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def hub_goes_down() -> None:
    cache.set(
        "backend:jupyterhub", {"up": False, "since": datetime(2026, 11, 22, 14, 2, tzinfo=UTC)}
    )


def test_without_sessions_the_page_says_what_to_do(browser: Client, hub: FakeHub) -> None:
    page = text_of(browser, "/sessions/")

    assert "Nothing is running" in page
    assert 'href="/sessions/new"' in page


def test_a_running_session_has_open_and_stop(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    page = text_of(browser, "/sessions/")

    assert f'href="http://hub.test/user/{alice.handle}/{session.server}/lab"' in page
    assert 'target="_blank" rel="noopener"' in page
    assert f'action="/sessions/{session.pk}/stop"' in page
    assert f'data-live="session:{session.pk}"' in page


def test_a_stranger_is_led_to_the_sign_in_and_back(hub: FakeHub, db: None) -> None:
    answer = Client().get("/sessions/new?dataset=cms:dimuon")

    assert answer.status_code == 302
    assert "next=%2Fsessions%2Fnew%3Fdataset%3Dcms%3Adimuon" in answer["Location"]


def test_another_ones_page_is_not_found(browser: Client, bob: User, hub: FakeHub) -> None:
    theirs = launched(bob)

    text_of(browser, f"/sessions/{theirs.pk}", status=404)
    for verb in ("stop", "retry", "remove"):
        assert browser.post(f"/sessions/{theirs.pk}/{verb}").status_code == 404


def test_the_form_shows_what_is_in_an_environment(browser: Client, hub: FakeHub) -> None:
    page = text_of(browser, "/sessions/new")

    assert "uproot" in page
    assert 'name="physics.memory_gb"' in page
    assert "For members of /escape/gpu." in page
    assert '<input type="radio" name="environment" value="physics" checked' in page


def test_a_link_fills_the_form(browser: Client, hub: FakeHub) -> None:
    page = text_of(
        browser, "/sessions/new?environment=physics&physics.memory_gb=4&name=Fit&dataset=cms:dimuon"
    )

    assert '<option value="4" selected>' in page
    assert 'value="Fit"' in page
    assert "cms:dimuon" in page


@pytest.mark.usefixtures("asks_rucio")
def test_several_datasets_come_with_the_link_and_go_on_in_it(browser: Client, hub: FakeHub) -> None:
    both = "dataset=cms%3Adimuon&dataset=astro%3Am13"

    page = text_of(browser, f"/sessions/new?{both}")
    form = {"environment": "physics", "dataset": ["cms:dimuon", "astro:m13"]}
    link = browser.post("/sessions/new", {**form, "as": "link"})["Location"]
    browser.post("/sessions/new", form)

    assert page.count('type="hidden" name="dataset"') == 2
    assert link.endswith(f"{both}#share")
    assert Session.objects.get().datasets == ["cms:dimuon", "astro:m13"]


def test_a_launch_leads_to_the_sessions_page(browser: Client, alice: User, hub: FakeHub) -> None:
    answer = browser.post("/sessions/new", {"environment": "physics", "physics.memory_gb": "4"})

    session = Session.objects.get(user=alice)
    assert answer.status_code == 302
    assert answer["Location"] == f"/sessions/{session.pk}"
    assert session.choices == {"memory_gb": "4"}


def test_the_form_becomes_a_link_without_its_csrf_token(browser: Client, hub: FakeHub) -> None:
    answer = browser.post(
        "/sessions/new",
        {"environment": "physics", "physics.memory_gb": "4", "name": "Fit", "dataset": "",
         "csrfmiddlewaretoken": "x", "as": "link"},
    )  # fmt: skip

    assert answer["Location"] == (
        "/sessions/new?environment=physics&name=Fit&physics.memory_gb=4#share"
    )
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"environment": "nope"}, "Choose one of the environments."),
        ({"environment": "gpu"}, "is for members of"),
        ({"environment": ""}, "This field is required."),
        ({"environment": "physics", "dataset": "no did"}, "is not a DID"),
        ({"environment": "physics", "physics.memory_gb": "64"}, "64 is not one of the available"),
    ],
)
def test_a_wrong_form_keeps_its_input_and_says_what_is_wrong(
    browser: Client, hub: FakeHub, wrong: dict[str, str], says: str
) -> None:
    answer = browser.post("/sessions/new", {"name": "My fit", **wrong})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert 'value="My fit"' in page
    assert not Session.objects.exists()


def test_a_session_on_its_way_shows_its_progress_in_words(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    hub.goes = Start.HANGS
    session = services.launch(alice, environment="physics")
    work(turns=2)

    page = text_of(browser, f"/sessions/{session.pk}")

    assert "Preparing your folder" in page
    assert '<progress value="10"' in page
    assert "Cancel the start" in page
    assert f'data-live="session:{session.pk}"' in page


def test_a_session_on_its_way_says_how_long_it_usually_takes(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    for _ in range(3):
        launched(alice)
    session = services.launch(alice, environment="physics")

    assert "It usually takes" in text_of(browser, f"/sessions/{session.pk}")


def test_a_failed_session_says_why_with_the_end_of_its_log(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    hub.goes = Start.FAILS
    hub.reason = "The session ended at once (exit code 1). The end of its log:\nNo space left"
    session = launched(alice)

    page = text_of(browser, f"/sessions/{session.pk}")

    assert "The session ended at once (exit code 1)." in page
    assert "No space left" in page
    assert f'action="/sessions/{session.pk}/retry"' in page
    assert f'action="/sessions/{session.pk}/remove"' in page


def test_trying_again_launches_with_the_same_settings(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    hub.goes = Start.FAILS
    failed = launched(alice)

    answer = browser.post(f"/sessions/{failed.pk}/retry")

    newest = Session.objects.exclude(pk=failed.pk).get()
    assert answer["Location"] == f"/sessions/{newest.pk}"
    assert newest.options == failed.options


def test_removing_takes_it_off_the_list(browser: Client, alice: User, hub: FakeHub) -> None:
    hub.goes = Start.FAILS
    failed = launched(alice)

    answer = browser.post(f"/sessions/{failed.pk}/remove", follow=True)

    assert "is off your list" in answer.content.decode()
    assert str(failed.pk) not in text_of(browser, "/sessions/")


def test_stop_asks_first_and_leads_back(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    assert "data-confirm=" in text_of(browser, f"/sessions/{session.pk}")

    answer = browser.post(f"/sessions/{session.pk}/stop")

    assert answer["Location"] == f"/sessions/{session.pk}"
    assert Session.objects.get(pk=session.pk).state == SessionState.STOPPING


@pytest.mark.parametrize("path", ["/sessions/", "/sessions/new", "/sessions/{pk}"])
def test_with_the_hub_down_pages_show_the_last_state_and_since_when(
    browser: Client, alice: User, hub: FakeHub, path: str
) -> None:
    session = launched(alice)
    hub_goes_down()
    hub.calls.clear()

    page = text_of(browser, path.format(pk=session.pk))

    assert "JupyterHub does not answer" in page
    assert "22 Nov 2026, 14:02:00 UTC" in page
    assert not hub.calls, "a page never waits for the hub"


def test_the_fragments_are_only_the_live_part(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    for path in ("/sessions/?fragment=list", f"/sessions/{session.pk}?fragment=state"):
        page = text_of(browser, path)
        assert "<html" not in page
        assert session.name in page


def test_markup_in_a_name_stays_text(browser: Client, alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="light", name="<script>alert(1)</script>")

    assert "<script>alert" not in text_of(browser, f"/sessions/{session.pk}")


def test_more_sessions_ask_the_database_no_more_often(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            browser.get("/sessions/")
        return len(asked)

    launched(alice)
    queries()
    with_one = queries()
    for _ in range(3):
        launched(alice)

    assert queries() == with_one


@pytest.mark.django_db(transaction=True)
async def test_a_watching_page_gets_the_present_state_and_each_change(hub: FakeHub) -> None:
    from asgiref.sync import sync_to_async

    from tests.factories import make_user

    alice = await sync_to_async(make_user)()
    session = await sync_to_async(services.launch)(alice, environment="light")
    socket = LiveSocket(alice)
    await socket.open()
    await socket.send_json({"watch": [f"session:{session.pk}"]})

    first = await socket.receive_json()
    await sync_to_async(services.stop)(session)
    second = await socket.receive_json()
    await socket.close()

    assert first["event"]["state"] == "queued"
    assert second["event"]["state"] == "stopping"
