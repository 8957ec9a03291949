"""Settings, errors, paging, health and the live socket."""

from __future__ import annotations

from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pydantic import ValidationError

from accounts.models import User
from activity import services as activity
from tests.factories import make_user, sign_in
from tests.sockets import LiveSocket
from vre_portal import live
from vre_portal.config import Config, get_config
from vre_portal.errors import KINDS, InvalidRequest, NotFound
from vre_portal.paging import page


def settings_of(**changes: object) -> Config:
    values: dict[str, Any] = {**get_config().model_dump(), **changes}
    return Config(**values)


def test_production_refuses_plain_http_beyond_loopback() -> None:
    with pytest.raises(ValidationError, match="https"):
        settings_of(environment="production", public_url="http://portal.example")


def test_production_refuses_debug() -> None:
    with pytest.raises(ValidationError, match="VRE_DEBUG"):
        settings_of(environment="production", debug=True, public_url="https://portal.example")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(secret_key="short", lease_seconds="soon")

    assert caught.value.error_count() == 2
    assert "short" not in repr(get_config())


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_stands_on_the_error_page(kind: type, client: Client, db: None) -> None:
    assert f'id="{kind.code}"' in client.get("/docs/errors").content.decode()  # type: ignore[attr-defined]


def test_pages_follow_each_other_without_gap(alice: User) -> None:
    for number in range(5):
        activity.record(user_id=alice.pk, verb="v", subject=("s", 1), text=str(number))
    ask = RequestFactory().get
    first, following = page(activity.visible_to(alice), ask("/", {"limit": "2"}), by="at")
    assert following is not None

    second, _ = page(activity.visible_to(alice), ask(following), by="at")

    assert [event.text for event in [*first, *second]] == ["4", "3", "2", "1"]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "many"}, {"cursor": "x"}])
def test_a_bad_page_names_the_field(query: dict[str, str], alice: User) -> None:
    with pytest.raises(InvalidRequest) as caught:
        page(activity.visible_to(alice), RequestFactory().get("/", query), by="at")

    assert caught.value.field in query


def test_home_says_since_when_a_backend_is_down(browser: Client) -> None:
    cache.set("backend:rucio", {"up": False, "since": None})

    answer = browser.get("/")

    assert answer.status_code == 200
    assert "does not answer" in answer.content.decode()


def test_an_unknown_page_shows_the_way_out(browser: Client) -> None:
    answer = browser.get("/no/such/page")

    assert answer.status_code == 404
    assert 'href="/"' in answer.content.decode()


def test_readiness_tells_each_backend(client: Client, db: None) -> None:
    answer = client.get("/readyz").json()

    assert {backend["service"] for backend in answer["backends"]} == {
        "rucio",
        "jupyterhub",
        "reana",
    }


def test_pages_allow_nothing_inline(browser: Client) -> None:
    policy = browser.get("/")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> str:
    def read(user_id: object, key: str) -> dict[str, str]:
        if key != "mine":
            raise NotFound("There is no such thing.")
        return {"state": "present"}

    monkeypatch.setitem(live._topics, "thing", read)
    return "thing:mine"


def channel_layer() -> Any:
    return get_channel_layer()


async def a_member() -> User:
    return await database_sync_to_async(make_user)("alice")


async def connected(user: object) -> LiveSocket:
    socket = LiveSocket(user)
    assert (await socket.open())["type"] == "websocket.accept"
    return socket


@pytest.mark.django_db(transaction=True)
async def test_the_socket_tells_the_present_state_first(topic: str) -> None:
    socket = await connected(await a_member())

    await socket.send_json({"watch": [topic]})

    assert await socket.receive_json() == {"topic": topic, "event": {"state": "present"}}
    await socket.close()


@pytest.mark.django_db(transaction=True)
async def test_the_socket_passes_changes_on(topic: str) -> None:
    socket = await connected(await a_member())
    await socket.send_json({"watch": [topic]})
    await socket.receive_json()
    message = {"type": "live.event", "topic": topic, "event": {"state": "changed"}}

    await channel_layer().group_send(live.group_of(topic), message)

    assert (await socket.receive_json())["event"] == {"state": "changed"}
    await socket.close()


@pytest.mark.django_db(transaction=True)
async def test_the_socket_refuses_what_is_not_yours(topic: str) -> None:
    socket = await connected(await a_member())

    await socket.send_json({"watch": ["thing:other", "unknown:1", "thing:\u00e9 x"]})

    assert "problem" in await socket.receive_json()
    assert "problem" in await socket.receive_json()
    assert "problem" in await socket.receive_json()
    await socket.close()


@pytest.mark.django_db(transaction=True)
async def test_the_socket_is_closed_when_signed_out(topic: str) -> None:
    user = await a_member()
    socket = await connected(user)

    layer = channel_layer()
    await layer.group_send(live.group_of(f"user:{user.pk}"), {"type": "live.close"})

    assert (await socket.receive())["code"] == 4401
    await socket.close()


async def test_strangers_get_no_socket() -> None:
    socket = LiveSocket(None)
    await socket.open()

    answer = await socket.receive()

    assert (answer["type"], answer["code"]) == ("websocket.close", 4401)


@pytest.mark.parametrize(("method", "status"), [("delete", 405), ("post", 405)])
def test_a_wrong_method_is_a_problem_too(browser: Client, method: str, status: int) -> None:
    answer = getattr(browser, method)("/api/v1/me")

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_unknown_kind_of_body_is_a_problem(browser: Client) -> None:
    answer = browser.post("/api/v1/sessions", "<a/>", content_type="application/xml")

    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


def test_the_api_page_lists_every_route(browser: Client) -> None:
    page = browser.get("/api/docs/").content.decode()

    for path in ("/api/v1/me", "/api/v1/data/scopes", "/api/v1/sessions", "/api/v1/analyses"):
        assert path in page


def test_being_alive_needs_no_database(client: Client, alice: User) -> None:
    sign_in(client, alice)

    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/healthz")

    assert answer.status_code == 200
    assert len(queries) == 0
