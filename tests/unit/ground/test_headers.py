"""Headers on every answer, whatever makes it."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from vre_portal import headers
from vre_portal.urls import urlpatterns as portal_patterns


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of our own")


urlpatterns = [*portal_patterns, path("broken", broken)]
handler400 = "vre_portal.views.bad_request"
handler404 = "vre_portal.views.not_found"
handler500 = "vre_portal.views.server_error"

ANSWERS = {
    "a page": ("/", 200),
    "a page for everybody": ("/docs/errors", 200),
    "the way to the sign-in": ("/accounts/login/", 302),
    "the API": ("/api/v1/me", 200),
    "an unknown page": ("/nowhere", 404),
    "an unknown address of the API": ("/api/v1/nowhere", 404),
    "a fault": ("/broken", 500),
    "a static file": ("/static/js/app.js", 200),
    "an unknown static file": ("/static/nowhere.js", 404),
    "health": ("/healthz", 200),
}


@override_settings(ROOT_URLCONF="tests.unit.ground.test_headers")
@pytest.mark.parametrize(("address", "status"), ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_has_them(browser: Client, address: str, status: int) -> None:
    browser.raise_request_exception = False

    answer = browser.get(address)

    assert answer.status_code == status
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert {name: answer[name] for name in headers.ALWAYS} == dict(headers.ALWAYS)
    assert address.startswith("/static/") or "no-store" in answer["Cache-Control"]


@override_settings(ROOT_URLCONF="tests.unit.ground.test_headers")
@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "a b"])
def test_another_host_is_refused_on_a_clear_page(client: Client, host: str, db: None) -> None:
    answer = client.get("/accounts/login/", headers={"host": host})

    assert answer.status_code == 400
    assert "Reference" in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_forwarded_host_is_not_believed(client: Client, db: None) -> None:
    answer = client.get("/accounts/login/", headers={"x-forwarded-host": "evil.example"})

    assert answer.status_code == 200
    assert "evil.example" not in answer.content.decode()


def test_a_form_without_its_token_is_refused_on_a_clear_page(alice: object) -> None:
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post("/accounts/logout/")

    assert answer.status_code == 403
    text = answer.content.decode()
    assert "Load the page again" in text
    assert "Reference" in text
