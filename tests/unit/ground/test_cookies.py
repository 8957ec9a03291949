"""Over https every cookie belongs to this host alone, and no script reads what opens something."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, override_settings

from tests.fakes.provider import FakeProvider
from vre_portal.config import get_config

ROOT = Path(__file__).resolve().parents[3]
SUFFIX = get_config().cookie_suffix
AFFECTED = ("SESSION_", "CSRF_", "SECURE_", "MESSAGE_", "LANGUAGE_", "ALLOWED_HOSTS")


@pytest.fixture
def _over_https() -> Iterator[None]:
    """The portal at an https address, with the settings that it would have there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VRE_PUBLIC_URL", "https://portal.example")
        get_config.cache_clear()
        there = runpy.run_path(str(ROOT / "vre_portal" / "settings.py"))
        with override_settings(**{n: there[n] for n in there if n.startswith(AFFECTED)}):
            yield
    get_config.cache_clear()


class Recorder(Client):
    """A browser at the https address that keeps how each cookie was set."""

    def __init__(self) -> None:
        super().__init__(headers={"host": "portal.example"})
        self.set_by_the_portal: SimpleCookie = SimpleCookie()

    def request(self, **request: Any) -> Any:
        answer = super().request(**request | {"wsgi.url_scheme": "https"})
        self.set_by_the_portal.update(answer.cookies)
        return answer


def journey(provider: FakeProvider) -> tuple[Recorder, str]:
    """Sign in, see Home, be told something, sign out; return the browser and Home."""
    browser = Recorder()
    browser.get("/accounts/login/")
    sent = browser.post("/accounts/login/escape/", {"next": "/"})
    query = parse_qs(urlsplit(sent["Location"]).query)
    provider.nonce = query["nonce"][0]
    provider.claims["wlcg.groups"] = ["/escape"]
    browser.get("/accounts/callback/escape/", {"code": "code-1", "state": query["state"][0]})
    browser.post("/accounts/terms/", {"accept": "yes", "next": "/"})
    page = browser.get("/accounts/").content.decode()
    assert browser.post("/accounts/identities/leave/")["Location"] == "/accounts/identities/"
    browser.post("/accounts/logout/")
    return browser, page


@pytest.mark.django_db
@pytest.mark.usefixtures("_over_https")
def test_every_cookie_is_bound_to_the_host(provider: FakeProvider) -> None:
    browser, _page = journey(provider)

    names = {f"__Host-vre_{purpose}{SUFFIX}" for purpose in ("session", "csrf", "choice")}
    assert set(browser.set_by_the_portal) == names
    for cookie in browser.set_by_the_portal.values():
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert cookie["samesite"] == "Lax"
        assert cookie["secure"]
        assert cookie["httponly"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_over_https")
def test_the_one_cookie_of_a_script_is_bound_to_the_host_too(provider: FakeProvider) -> None:
    browser, page = journey(provider)
    script = (ROOT / "static" / "js" / "theme.js").read_text()

    assert f'data-themes="__Host-vre_theme{SUFFIX}"' in page
    assert "document.cookie = `${themes.dataset.themes}=" in script
    assert all(part in script for part in (";path=/;", "samesite=lax", ";secure", "https:"))
    browser.cookies[f"__Host-vre_theme{SUFFIX}"] = "dark"
    assert 'data-theme="dark"' in browser.get("/accounts/login/").content.decode()


def test_no_other_place_sets_a_cookie() -> None:
    apps = ("vre_portal", "accounts", "activity", "data_mgmt", "sessions", "reproducibility")
    code = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    scripts = list((ROOT / "static" / "js").rglob("*.js"))

    sets = re.compile(r"\.(?:set|delete)_(?:signed_)?cookie\(|document\.cookie|[\"']Set-Cookie")
    found = {path.name for path in (*code, *scripts) if sets.search(path.read_text())}

    assert found == {"last_choice.py", "theme.js"}
