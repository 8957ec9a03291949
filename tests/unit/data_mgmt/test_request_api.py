"""The API's replica requests: changed, ended later, filtered, and their files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.models import ReplicaRequest, RequestState
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/data/replica-requests"


def patch(browser: Client, request: ReplicaRequest, body: object) -> Any:
    return browser.patch(f"{ROOT}/{request.pk}", json.dumps(body), content_type="application/json")


def test_lifetime_and_comment_are_changed(
    browser: Client, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    answer = patch(browser, asked, {"lifetime_days": 30, "comment": "mine"})
    work()
    answer_without_end = patch(browser, asked, {"lifetime_days": None})

    assert (answer.status_code, answer_without_end.status_code) == (202, 202)
    assert (answer.json()["lifetime_days"], answer.json()["comment"]) == (30, "mine")
    assert data_backend.rules[asked.rule_id].rule.comment == "mine"
    assert data_backend.rules[asked.rule_id].rule.expires_at is not None
    work()
    assert data_backend.rules[asked.rule_id].rule.expires_at is None


def test_what_is_stuck_is_boosted(
    browser: Client, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    early = patch(browser, asked, {"boost": True})
    data_backend.stick(asked.rule_id, "away")
    tick(asked)

    assert early.status_code == 409
    assert patch(browser, asked, {"boost": True}).status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lifetime_days"),
        ({"lifetime_days": 0}, "lifetime_days"),
        ({"lifetime_days": "soon"}, "lifetime_days"),
        ({"comment": "x" * 251}, "comment"),
        ({"boost": False}, "boost"),
    ],
)
def test_a_change_that_cannot_be_read_names_its_field(
    browser: Client, asked: ReplicaRequest, body: object, field: str
) -> None:
    answer = patch(browser, asked, body)

    assert answer.status_code == 422
    assert field in answer.text


def test_a_request_ends_later(
    browser: Client, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    wrong = browser.delete(f"{ROOT}/{asked.pk}?when=tomorrow")
    answer = browser.delete(f"{ROOT}/{asked.pk}?when=later")
    work()

    assert (wrong.status_code, wrong.json()["field"]) == (422, "when")
    assert (answer.status_code, answer.json()["cancelling"]) == (202, False)
    assert data_backend.rules[asked.rule_id].rule.expires_at is not None


def test_files_come_by_state_and_page(
    browser: Client, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    data_backend.arrive(asked.rule_id, 1)
    data_backend.stick(asked.rule_id, "No such file")

    first = browser.get(f"{ROOT}/{asked.pk}/files?limit=2").json()
    second = browser.get(first["next"]).json()
    stuck = browser.get(f"{ROOT}/{asked.pk}/files?state=stuck").json()
    wrong = browser.get(f"{ROOT}/{asked.pk}/files?state=lost")

    assert [item["name"] for item in first["items"] + second["items"]] == [
        "muons_1.root",
        "muons_2.root",
        "muons_3.root",
    ]
    assert second["next"] is None
    assert [item["reason"] for item in stuck["items"]] == ["No such file", "No such file"]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "state")


def test_the_list_is_filtered(browser: Client, asked: ReplicaRequest) -> None:
    def count(query: str) -> int:
        return len(browser.get(f"{ROOT}?{query}").json()["items"])

    assert [count("state=active"), count("state=ok"), count("name=dim*"), count("scope=astro")] == [
        1, 0, 1, 0,
    ]  # fmt: skip


def test_the_request_of_another_is_neither_changed_nor_listed(
    bob: User, asked: ReplicaRequest
) -> None:
    stranger = Client()
    sign_in(stranger, bob)

    assert patch(stranger, asked, {"lifetime_days": 1}).status_code == 404
    assert stranger.get(f"{ROOT}/{asked.pk}/files").status_code == 404
    assert stranger.delete(f"{ROOT}/{asked.pk}?when=later").status_code == 404
    asked.refresh_from_db()
    assert (asked.state, asked.lifetime_days) == (RequestState.PREPARING, None)
