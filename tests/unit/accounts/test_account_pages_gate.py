"""The account pages and the gate: which of them open in each state, over every route there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import urls
from accounts.models import User
from tests.factories import make_user, sign_in

pytestmark = pytest.mark.django_db
ROUTES = sorted(str(pattern.pattern) for pattern in urls.urlpatterns)
SAMPLES = {"<slug:slug>": "escape", "<slug:service>": "rucio",
           "<uuid:pk>": "00000000-0000-0000-0000-000000000007"}  # fmt: skip
#: Open to whoever is signed in and may not act yet: signing in and out, one's data, and leaving.
BEFORE_ENTERING = {
    "", "login/", "login/forget/", "login/<slug:slug>/", "callback/<slug:slug>/",
    "backchannel/<slug:slug>/", "logout/", "signed-out/", "privacy/", "membership/",
    "browsers/", "browsers/everywhere/", "browsers/<uuid:pk>/end/",
    "data/", "data/export/", "data/delete/", "data/keep/",
}  # fmt: skip
#: Open to somebody whose account waits for its end.
WHILE_LEAVING = {
    "backchannel/<slug:slug>/", "logout/", "signed-out/", "privacy/",
    "data/", "data/export/", "data/keep/",
}  # fmt: skip


def before_the_terms() -> User:
    return make_user("new", accepted=False)


def without_a_group() -> User:
    user = make_user("outsider")
    User.objects.filter(pk=user.pk).update(roles=[])
    return user


def leaving() -> User:
    user = make_user("leaving")
    User.objects.filter(pk=user.pk).update(delete_after=timezone.now() + timedelta(days=3))
    return user


STATES = {
    "/accounts/terms/": (before_the_terms, BEFORE_ENTERING | {"terms/"}),
    "/accounts/membership/": (without_a_group, BEFORE_ENTERING),
    "/accounts/data/": (leaving, WHILE_LEAVING),
}


def address_of(route: str) -> str:
    for name, sample in SAMPLES.items():
        route = route.replace(name, sample)
    return f"/accounts/{route}"


def is_stopped(answer: Any, way_out: str) -> bool:
    to = str(answer.headers.get("Location", ""))
    return to.startswith(f"{way_out}?next=")


@pytest.mark.parametrize("way_out", STATES)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_not_on_the_list_is_behind_the_gate(route: str, way_out: str, method: str) -> None:
    make, opened = STATES[way_out]
    browser = Client(raise_request_exception=False)
    sign_in(browser, make())

    answer = getattr(browser, method)(address_of(route))

    assert is_stopped(answer, way_out) == (route not in opened)


def test_the_lists_name_no_address_that_is_gone() -> None:
    assert set(ROUTES) >= BEFORE_ENTERING | WHILE_LEAVING | {"terms/"}


@pytest.mark.parametrize("way_out", STATES)
def test_ones_data_can_be_taken_along_in_each_state(way_out: str) -> None:
    make, _opened = STATES[way_out]
    browser = Client()
    sign_in(browser, make())

    answer = browser.post("/accounts/data/export/")

    assert answer["Content-Type"] == "application/zip"


def test_an_operator_before_the_terms_suspends_nobody(alice: User, bob: User) -> None:
    alice.acceptances.all().delete()
    User.objects.filter(pk=alice.pk).update(roles=["member", "operator"])
    browser = Client()
    sign_in(browser, alice)

    browser.post(f"/accounts/people/{bob.pk}/suspend/", {"reason": "r"})

    bob.refresh_from_db()
    assert bob.is_active


def test_the_way_out_of_leaving_is_to_keep_the_account(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(delete_after=timezone.now() + timedelta(days=3))
    browser = Client()
    sign_in(browser, alice)

    browser.post("/accounts/data/keep/")

    assert browser.get("/").status_code == 200
