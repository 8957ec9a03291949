"""Pages and API of shares and handovers: what each side sees, and that others see nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sessions.models import Guest, Handover, Session, Share
from sessions.services import entering_shared, handing_over, sharing
from sessions.services.recipients import Recipient
from tests.factories import make_user, sign_in
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def session(alice: User, running: FakeRunning) -> Session:
    """Alice's session with a notebook."""
    made = launched(alice)
    running.of(alice.handle, made.server).files["fit.ipynb"] = b"{}"
    return made


@pytest.fixture
def guest(bob: User) -> Client:
    """Bob's browser."""
    client = Client()
    sign_in(client, bob)
    return client


@pytest.fixture
def stranger(db: None) -> Client:
    """The browser of somebody whom nothing was given."""
    client = Client()
    sign_in(client, make_user("carol"))
    return client


@pytest.fixture
def share(session: Session, bob: User) -> Share:
    """Bob may look."""
    return sharing.share(session, Recipient(bob), level="view", hours=8)


@pytest.fixture
def handover(session: Session, bob: User) -> Handover:
    """Bob was given the notebook."""
    return handing_over.hand_over(session, "fit.ipynb", Recipient(bob), note="Cell <3>")


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def call(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer: Any = client.generic(
        method, f"/api/v1{path}", json.dumps(body or {}), content_type="application/json"
    )
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.status_code, answer.json() if is_json else answer.content


# -- sharing on pages


def test_the_form_shares_and_leads_back(browser: Client, session: Session, bob: User) -> None:
    page = text_of(browser, f"/sessions/{session.pk}/share")
    answer = browser.post(
        f"/sessions/{session.pk}/share", {"person": bob.handle, "level": "view", "hours": "8"}
    )

    assert "as you" in page
    assert answer.status_code == 302
    assert answer["Location"] == f"/sessions/{session.pk}"
    assert Share.objects.get().recipient == bob


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"person": "nobody-t9999"}, "Nobody here has exactly"),
        ({"person": ""}, "Name a person"),
        ({"level": "work"}, "Say that you trust them"),
        ({"level": "admin"}, "Select a valid choice"),
        ({"hours": "9000"}, "Select a valid choice"),
    ],
)
def test_a_wrong_form_keeps_its_input_and_says_what_is_wrong(
    browser: Client, session: Session, bob: User, wrong: dict[str, str], says: str
) -> None:
    entered = {"person": bob.handle, "level": "view", "hours": "24"} | wrong

    answer = browser.post(f"/sessions/{session.pk}/share", entered)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Share.objects.exists()


def test_work_is_shared_once_trust_is_said(browser: Client, session: Session, bob: User) -> None:
    entered = {"person": bob.handle, "level": "work", "hours": "1", "confirmed": "on"}

    browser.post(f"/sessions/{session.pk}/share", entered)

    assert Share.objects.get().level == "work"


def test_the_owner_changes_the_time_and_takes_it_back(
    browser: Client, session: Session, share: Share
) -> None:
    listed = text_of(browser, f"/sessions/{session.pk}/share")
    address = f"/sessions/{session.pk}/shares/{share.pk}"
    browser.post(f"{address}/time", {"hours": "168"})
    until = Share.objects.get().until
    wrong = browser.post(f"{address}/time", {"hours": "5"})
    browser.post(f"{address}/revoke")

    assert "Bob" in listed
    assert until > share.until
    assert wrong.status_code == 422
    assert Share.objects.get().revoked_at is not None


def test_the_card_tells_who_was_let_in(
    browser: Client, session: Session, bob: User, share: Share
) -> None:
    entering_shared.open_shared(bob, share.pk)

    page = text_of(browser, f"/sessions/{session.pk}")

    assert "Was let in: Bob" in page
    assert f'action="/sessions/{session.pk}/shares/{share.pk}/revoke"' in page


def test_a_guest_sees_the_share_and_opens_it(guest: Client, session: Session, share: Share) -> None:
    listed = text_of(guest, "/sessions/")
    page = text_of(guest, f"/sessions/shared/{share.pk}")
    answer = guest.post(f"/sessions/shared/{share.pk}/open")

    assert f'href="/sessions/shared/{share.pk}"' in listed
    assert "read only" in page
    assert answer.status_code == 302
    assert answer["Location"] == f"http://hub.test{session.url}"


def test_a_guest_never_sees_the_owners_page(guest: Client, session: Session, share: Share) -> None:
    for path in ("", "/share", "/handovers"):
        text_of(guest, f"/sessions/{session.pk}{path}", status=404)
    for path in (f"/shares/{share.pk}/revoke", f"/shares/{share.pk}/time", "/stop", "/share"):
        assert guest.post(f"/sessions/{session.pk}{path}").status_code == 404
    assert Share.objects.get().revoked_at is None


def test_a_share_that_is_over_says_so_to_its_guest_and_does_not_open(
    guest: Client, share: Share
) -> None:
    sharing.revoke(share)
    work()

    page = text_of(guest, f"/sessions/shared/{share.pk}")

    assert "has ended" in page
    assert "shared-open" not in page
    assert f'action="/sessions/shared/{share.pk}/open"' not in page
    assert guest.post(f"/sessions/shared/{share.pk}/open").status_code == 404


def test_strangers_find_nothing_at_any_address(
    stranger: Client, session: Session, share: Share, handover: Handover, hub: FakeHub
) -> None:
    pages = [
        f"/sessions/shared/{share.pk}",
        f"/sessions/handovers/{handover.pk}",
        f"/sessions/handovers/{handover.pk}/content",
        f"/sessions/{session.pk}/share",
        f"/sessions/{session.pk}/handovers",
    ]
    posts = [
        f"/sessions/shared/{share.pk}/open",
        f"/sessions/{session.pk}/share",
        f"/sessions/{session.pk}/shares/{share.pk}/revoke",
        f"/sessions/{session.pk}/shares/{share.pk}/time",
        f"/sessions/{session.pk}/handovers",
        f"/sessions/handovers/{handover.pk}/open",
        f"/sessions/handovers/{handover.pk}/delete",
    ]
    calls = [
        ("GET", f"/sessions/{session.pk}/shares"),
        ("POST", f"/sessions/{session.pk}/shares"),
        ("DELETE", f"/sessions/{session.pk}/shares/{share.pk}"),
        ("POST", f"/sessions/shared/{share.pk}/open"),
        ("POST", f"/sessions/{session.pk}/handovers"),
        ("GET", f"/sessions/handovers/{handover.pk}"),
        ("DELETE", f"/sessions/handovers/{handover.pk}"),
        ("GET", f"/sessions/handovers/{handover.pk}/content"),
        ("POST", f"/sessions/handovers/{handover.pk}/open"),
    ]

    assert {path: stranger.get(path).status_code for path in pages} == dict.fromkeys(pages, 404)
    assert {path: stranger.post(path).status_code for path in posts} == dict.fromkeys(posts, 404)
    assert {one: call(stranger, *one)[0] for one in calls} == dict.fromkeys(calls, 404)
    assert call(stranger, "GET", "/sessions/shared") == (200, {"items": [], "next": None})
    assert call(stranger, "GET", "/sessions/handovers") == (200, {"items": [], "next": None})
    assert not Guest.objects.exists()


def test_what_never_was_answers_like_what_is_others(stranger: Client, share: Share) -> None:
    for path in ("/sessions/shared/{}", "/sessions/handovers/{}"):
        never = stranger.get(path.format(NOWHERE))
        others = stranger.get(path.format(share.pk))

        assert never.status_code == others.status_code == 404


# -- handing over on pages


def test_a_file_is_handed_over_by_the_form(browser: Client, session: Session, bob: User) -> None:
    page = text_of(browser, f"/sessions/{session.pk}/handovers?path=fit.ipynb")
    answer = browser.post(
        f"/sessions/{session.pk}/handovers", {"path": "fit.ipynb", "person": bob.handle}
    )

    assert 'value="fit.ipynb"' in page
    assert answer.status_code == 302
    assert Handover.objects.get().recipient == bob


@pytest.mark.parametrize(("path", "status"), [(".token", 422), ("none.ipynb", 404)])
def test_a_file_that_cannot_be_given_keeps_the_form(
    browser: Client, session: Session, bob: User, path: str, status: int
) -> None:
    answer = browser.post(f"/sessions/{session.pk}/handovers", {"path": path, "person": bob.handle})

    assert answer.status_code == status
    assert f'value="{path}"' in answer.content.decode()


def test_the_recipient_sees_downloads_and_deletes_it(guest: Client, handover: Handover) -> None:
    listed = text_of(guest, "/sessions/handovers/")
    page = text_of(guest, f"/sessions/handovers/{handover.pk}")
    content = guest.get(f"/sessions/handovers/{handover.pk}/content")
    deleted = guest.post(f"/sessions/handovers/{handover.pk}/delete")

    assert "fit.ipynb" in listed
    assert "Cell &lt;3&gt;" in page
    assert content.content == b"{}"
    assert content["Content-Disposition"] == 'attachment; filename="fit.ipynb"'
    assert content["Content-Type"] == "application/octet-stream"
    assert deleted.status_code == 302
    assert not Handover.objects.exists()


def test_the_recipient_opens_it_in_a_new_session(
    guest: Client, bob: User, handover: Handover, running: FakeRunning
) -> None:
    answer = guest.post(f"/sessions/handovers/{handover.pk}/open", {"session": ""})

    made = Session.objects.get(user=bob)
    assert answer["Location"] == f"/sessions/{made.pk}"
    assert made.origin["kind"] == "handover"


# -- the API


def test_the_api_shares_opens_and_takes_back(
    browser: Client, guest: Client, session: Session, bob: User
) -> None:
    shares = f"/sessions/{session.pk}/shares"
    wish = {"person": bob.handle, "level": "work", "hours": 8}

    made_status, made = call(browser, "POST", shares, wish)
    _status, mine = call(guest, "GET", "/sessions/shared")
    _status, opened = call(guest, "POST", f"/sessions/shared/{made['id']}/open")
    _status, listed = call(browser, "GET", shares)
    gone_status, _nothing = call(browser, "DELETE", f"{shares}/{made['id']}")
    _status, after = call(guest, "GET", "/sessions/shared")

    assert (made_status, made["person"], made["guests"]) == (201, bob.handle, [])
    assert [one["id"] for one in mine["items"]] == [made["id"]]
    assert opened == {"url": f"http://hub.test{session.url}"}
    assert listed["items"][0]["guests"] == [bob.handle]
    assert gone_status == 204
    assert after["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"person": "nobody-t9999"}, {"person": None}, {"level": "admin"}, {"hours": 5},
     {"group": "/not/mine", "person": ""}],
)  # fmt: skip
def test_the_api_refuses_what_is_wrong(
    browser: Client, session: Session, bob: User, wrong: dict[str, object]
) -> None:
    wish = {"person": bob.handle, "level": "view", "hours": 8} | wrong

    status, _problem = call(browser, "POST", f"/sessions/{session.pk}/shares", wish)

    assert status in {400, 422}
    assert not Share.objects.exists()


def test_the_api_hands_over_and_opens(
    browser: Client, guest: Client, session: Session, bob: User, running: FakeRunning
) -> None:
    wish = {"path": "fit.ipynb", "person": bob.handle, "note": "See cell 3"}

    made_status, made = call(browser, "POST", f"/sessions/{session.pk}/handovers", wish)
    _status, listed = call(guest, "GET", "/sessions/handovers")
    _status, content = call(guest, "GET", f"/sessions/handovers/{made['id']}/content")
    opened_status, opened = call(guest, "POST", f"/sessions/handovers/{made['id']}/open")
    work()
    again_status, again = call(
        guest, "POST", f"/sessions/handovers/{made['id']}/open", {"session": opened["id"]}
    )
    gone_status, _nothing = call(guest, "DELETE", f"/sessions/handovers/{made['id']}")

    assert (made_status, made["size"], made["taken_at"]) == (201, 2, None)
    assert [one["note"] for one in listed["items"]] == ["See cell 3"]
    assert content == b"{}"
    assert opened_status == 202
    assert (again_status, again["url"].rpartition("/")[2]) == (200, "fit-2.ipynb")
    assert gone_status == 204
