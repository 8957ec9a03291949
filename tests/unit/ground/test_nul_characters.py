"""NUL characters in whatever a request has: told as the sender's fault, never a fault of ours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.last_choice import cookie_name
from accounts.models import User
from tests.factories import make_user, sign_in

pytestmark = pytest.mark.django_db
FORMS = {
    "a path": ("get", "/data/a%00b", {}),
    "a search": ("get", "/accounts/login/", {"q": "\0"}),
    "where to go": ("get", "/accounts/login/", {"next": "/\0"}),
    "a field's name": ("get", "/accounts/login/", {"\0": "x"}),
    "an institution": ("post", "/accounts/login/escape/", {"idp": "\0"}),
    "people": ("get", "/accounts/people/", {"q": "\0"}),
    "a token's name": ("post", "/accounts/tokens/new/", {"name": "\0", "scopes": "read"}),
    "a cursor": ("get", "/inbox/", {"cursor": "\0"}),
    "a code": ("get", "/oauth/device/", {"code": "\0"}),
    "a client": ("get", "/oauth/authorize/", {"client_id": "\0"}),
}


@pytest.fixture
def operator(db: None) -> Client:
    """The browser of somebody who may open everything."""
    user = make_user("op")
    User.objects.filter(pk=user.pk).update(roles=["member", "operator"])
    browser = Client()
    sign_in(browser, user)
    return browser


@pytest.mark.parametrize(("method", "path", "form"), FORMS.values(), ids=FORMS.keys())
def test_a_page_says_what_is_wrong(
    operator: Client, method: str, path: str, form: dict[str, str]
) -> None:
    answer = getattr(operator, method)(path, form)

    assert answer.status_code == 400
    assert "NUL character" in answer.content.decode()


def test_the_api_answers_with_a_problem(operator: Client) -> None:
    answer = operator.get("/api/v1/activity", {"cursor": "\0"})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/token/", "/oauth/revoke_token/", "/oauth/device_authorization/",
        "/accounts/backchannel/escape/",
    ],
)  # fmt: skip
def test_programs_are_answered_in_oauths_words(client: Client, path: str) -> None:
    answer = client.post(path, {"client_id": "\0"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, cookie_name(), "vre_theme"])
@pytest.mark.parametrize("value", ["a\0b", r'"\000"'])
def test_cookies_too(client: Client, name: str, value: str) -> None:
    client.cookies[name] = "x"
    client.cookies[name].set(name, value, value)

    assert client.get("/accounts/login/").status_code == 400


def test_a_choice_that_hides_one_is_not_believed(client: Client) -> None:
    client.cookies[cookie_name()] = "escape|%00"

    assert client.get("/accounts/login/").status_code == 200


def test_an_answer_of_a_provider_is_refused_as_any_other(client: Client) -> None:
    answer = client.get("/accounts/callback/escape/", {"state": "\0", "code": "\0"})

    assert answer.status_code == 403


def test_headers_too(client: Client) -> None:
    asked: Any = {"User-Agent": "x\0y"}

    assert client.get("/accounts/login/", headers=asked).status_code == 400


class Gone(BytesIO):
    """The body of a client that leaves in its midst."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("path", ["/accounts/login/escape/", "/oauth/token/"])
def test_a_client_that_leaves_in_the_midst_of_a_form_is_no_fault_of_ours(
    path: str, kind: str
) -> None:
    asked: Any = {"wsgi.input": Gone(), "CONTENT_LENGTH": "20"}

    answer = Client(enforce_csrf_checks=True).generic(
        "POST", path, b"name=x", content_type=f"{kind}; boundary=b", **asked
    )

    assert 400 <= answer.status_code < 500
