"""The API of environments and sessions."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from accounts.models import User
from sessions import services
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched, work

JSON = "application/json"
URL = "/api/v1/sessions"


def test_environments_say_which_are_open_to_me(browser: Client, hub: FakeHub) -> None:
    found = browser.get("/api/v1/environments").json()["items"]

    assert {item["slug"]: item["available"] for item in found} == {
        "physics": True, "light": True, "gpu": False,
    }  # fmt: skip
    assert found[0]["options"][0]["choices"][0] == {
        "slug": "2", "title": "2 GB", "description": "", "sets": {"memory_gb": 2.0},
    }  # fmt: skip


def test_a_launch_is_accepted_and_followed_at_its_own_address(
    browser: Client, hub: FakeHub
) -> None:
    answer = browser.post(URL, {"environment": "physics", "dataset": None}, content_type=JSON)

    assert answer.status_code == 202
    made = answer.json()
    assert (made["state"], made["url"], made["expires_at"]) == ("queued", None, None)

    work()

    ready = browser.get(f"{URL}/{made['id']}").json()
    assert ready["state"] == "ready"
    assert ready["url"].startswith("http://hub.test/user/")
    assert ready["options"] == {"memory_gb": "2"}
    assert "token" not in ready["url"]


@pytest.mark.usefixtures("asks_rucio")
def test_a_launch_names_one_dataset_or_several(browser: Client, hub: FakeHub) -> None:
    wish = {"environment": "physics", "dataset": "cms:dimuon", "datasets": ["astro:m13"]}

    made = browser.post(URL, wish, content_type=JSON).json()

    assert (made["dataset"], made["datasets"]) == ("cms:dimuon", ["cms:dimuon", "astro:m13"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "environment"),
        ({"environment": "nope"}, 422, "environment"),
        ({"environment": "physics", "options": {"memory_gb": "64"}}, 422, "options.memory_gb"),
        ({"environment": "physics", "options": []}, 422, "options"),
        ({"environment": "physics", "dataset": "x"}, 422, "dataset"),
        ({"environment": "gpu"}, 403, None),
        ([], 422, None),
    ],
)
def test_a_wrong_wish_is_a_problem_that_names_its_field(
    browser: Client, hub: FakeHub, body: object, status: int, field: str | None
) -> None:
    answer = browser.post(URL, body, content_type=JSON)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    if field:
        assert answer.json()["field"] == field


def test_a_body_that_is_no_json_is_a_problem(browser: Client, hub: FakeHub) -> None:
    answer = browser.post(URL, "{", content_type=JSON)

    assert answer.status_code == 422
    assert "not valid JSON" in answer.json()["detail"]


def test_a_stranger_is_asked_to_sign_in(hub: FakeHub, db: None) -> None:
    answer = Client().get(URL)

    assert answer.status_code in {401, 403}
    assert answer["Content-Type"] == "application/problem+json"


def test_another_ones_session_is_not_found(browser: Client, bob: User, hub: FakeHub) -> None:
    theirs = launched(bob)

    for method, path in (("get", ""), ("delete", ""), ("post", "/stop"), ("post", "/open-dataset")):
        answer = getattr(browser, method)(f"{URL}/{theirs.pk}{path}")
        assert answer.status_code == 404, path
    assert browser.get(URL).json()["items"] == []


def test_an_unknown_id_is_not_found(browser: Client, hub: FakeHub) -> None:
    assert browser.get(f"{URL}/{uuid.uuid4()}").status_code == 404


def test_stop_is_accepted(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    answer = browser.post(f"{URL}/{session.pk}/stop")

    assert answer.status_code == 202
    assert answer.json()["state"] == "stopping"
    assert answer.json()["url"] is None


def test_delete_stops_first_and_removes_then(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    stopped = browser.delete(f"{URL}/{session.pk}")
    work()
    removed = browser.delete(f"{URL}/{session.pk}")

    assert (stopped.status_code, removed.status_code) == (202, 204)
    assert browser.get(f"{URL}/{session.pk}").status_code == 404


@pytest.mark.usefixtures("asks_rucio")
def test_a_dataset_is_opened_in_a_running_session(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    session = launched(alice)

    answer = browser.post(
        f"{URL}/{session.pk}/open-dataset", {"did": "astro:m13"}, content_type=JSON
    )

    assert answer.status_code == 200
    assert answer.json()["url"].endswith("/lab/tree/m13.ipynb")


def test_a_dataset_for_a_session_that_is_not_ready_is_a_conflict(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    session = services.launch(alice, environment="light")

    answer = browser.post(
        f"{URL}/{session.pk}/open-dataset", {"did": "astro:m13"}, content_type=JSON
    )

    assert answer.status_code == 409


def test_the_list_goes_by_pages_and_by_state(browser: Client, alice: User, hub: FakeHub) -> None:
    for _ in range(3):
        services.launch(alice, environment="light")

    first = browser.get(f"{URL}?limit=2").json()
    second = browser.get(first["next"]).json()

    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert len(browser.get(f"{URL}?state=queued").json()["items"]) == 3
    assert browser.get(f"{URL}?state=ready").json()["items"] == []
    assert browser.get(f"{URL}?state=nonsense").status_code == 422
