"""The API of environments that people make."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from sessions.services import builds
from tests.factories import sign_in
from tests.fakes.builder import FakeBuilder
from tests.unit.sessions.builds.conftest import GROUP, asked, made
from tests.unit.sessions.conftest import work

URL, JSON = "/api/v1/environments/builds", "application/json"


def test_a_list_is_made_and_followed(browser: Client, alice: User, builder: FakeBuilder) -> None:
    answer = browser.post(URL, {"title": "Mine", "text": "astropy"}, content_type=JSON)
    work()
    found = browser.get(f"{URL}/{answer.json()['id']}").json()
    log = browser.get(f"{URL}/{found['id']}/log").json()

    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert (found["state"], found["owner"]) == ("ready", alice.handle)
    assert found["packages"] == [{"name": "astropy", "version": "1.0"}]
    assert log["state"] == "ready"
    assert "Making" in log["log"]
    assert found["environment"] in [
        each["slug"] for each in browser.get("/api/v1/environments").json()["items"]
    ]


def test_a_wrong_line_is_a_problem_that_names_it(browser: Client, builder: FakeBuilder) -> None:
    answer = browser.post(URL, {"title": "Mine", "text": "a\n-e ."}, content_type=JSON)

    assert answer.status_code == 422
    assert "line 2" in answer.json()["detail"]


def test_another_ones_is_not_found_anywhere(
    browser: Client, bob: User, builder: FakeBuilder
) -> None:
    theirs = made(bob)

    for method, path in (
        ("get", ""), ("patch", ""), ("delete", ""), ("post", "/cancel"), ("post", "/retry"),
        ("get", "/log"),
    ):  # fmt: skip
        answer = getattr(browser, method)(f"{URL}/{theirs.pk}{path}", content_type=JSON)
        assert answer.status_code == 404, path
    assert browser.get(URL).json()["items"] == []


def test_a_colleague_sees_it_and_may_not_change_it(
    client: Client, member: User, colleague: User, builder: FakeBuilder
) -> None:
    build = made(member)
    builds.share(build, [GROUP])
    sign_in(client, colleague)

    assert client.get(f"{URL}/{build.pk}").json()["title"] == "Mine"
    for method, path in (("patch", ""), ("delete", ""), ("post", "/cancel"), ("post", "/retry")):
        answer = getattr(client, method)(f"{URL}/{build.pk}{path}", content_type=JSON)
        assert answer.status_code == 403, path


def test_it_is_renamed_and_shared_in_one_go(
    client: Client, member: User, builder: FakeBuilder
) -> None:
    build = made(member)
    sign_in(client, member)

    answer = client.patch(
        f"{URL}/{build.pk}", {"title": "Ours", "groups": [GROUP]}, content_type=JSON
    )

    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["groups"]) == ("Ours", [GROUP])


def test_it_is_cancelled_and_removed(browser: Client, alice: User, builder: FakeBuilder) -> None:
    build = asked(alice)

    cancelled = browser.post(f"{URL}/{build.pk}/cancel")
    again = browser.post(f"{URL}/{build.pk}/cancel")
    removed = browser.delete(f"{URL}/{build.pk}")

    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert again.status_code == 409
    assert removed.status_code == 204
    assert browser.get(f"{URL}/{build.pk}").status_code == 404


@pytest.mark.usefixtures("builder")
def test_nobody_in_particular_is_let_in(client: Client) -> None:
    assert client.get(URL).status_code in {401, 403}
