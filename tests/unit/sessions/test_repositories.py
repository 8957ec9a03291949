"""A Git repository in a session: checked, shown for confirmation, fetched, followed, opened."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from sessions import services
from sessions.backends.running import FetchState
from sessions.models import Session, SessionState
from sessions.services.repository_links import RepositoryLink, checked_repository
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import work
from vre_portal.config import Stage, get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound, UpstreamUnavailable

LINK = RepositoryLink("https://git.example.org/lab/fits.git", "v1", "notebooks/first fit.ipynb")
ADDRESS = (
    "/sessions/new?environment=physics&repository=https%3A%2F%2Fgit.example.org%2Flab%2Ffits.git"
    "&ref=v1&path=notebooks%2Ffirst+fit.ipynb"
)


def with_repository(user: User, link: RepositoryLink = LINK, **wish: object) -> Session:
    session = services.launch(user, environment="physics", repository=link, **wish)  # type: ignore[arg-type]  # the caller's
    work()
    session.refresh_from_db()
    return session


def texts(session: Session) -> list[str]:
    return [event["text"] for event in session.events]


@pytest.mark.parametrize(
    ("url", "ref", "path", "field"),
    [
        ("http://git.example.org/a/b", "", "", "repository"),
        ("git@git.example.org:a/b.git", "", "", "repository"),
        ("ssh://git.example.org/a/b", "", "", "repository"),
        ("file:///etc/passwd", "", "", "repository"),
        ("ext::sh -c id", "", "", "repository"),
        ("--upload-pack=id", "", "", "repository"),
        ("https://someone:secret@git.example.org/a/b", "", "", "repository"),
        ("https://token@git.example.org/a/b", "", "", "repository"),
        ("https://git.example.org/a/b?x=1", "", "", "repository"),
        ("https://git.example.org/a/b#x", "", "", "repository"),
        ("https://git.example.org", "", "", "repository"),
        ("https:///a/b", "", "", "repository"),
        ("https://git.example.org:port/a/b", "", "", "repository"),
        ("https://git.example.org/a b", "", "", "repository"),
        ("https://git.example.org/\u202eb/a", "", "", "repository"),
        ("https://git.example.org\\@evil.example/a", "", "", "repository"),
        (f"https://git.example.org/{'a' * 400}", "", "", "repository"),
        ("", "main", "", "repository"),
        (LINK.url, "--upload-pack=id", "", "ref"),
        (LINK.url, "a..b", "", "ref"),
        (LINK.url, "a b", "", "ref"),
        (LINK.url, "a" * 201, "", "ref"),
        (LINK.url, "", "/etc/passwd", "path"),
        (LINK.url, "", "../x.ipynb", "path"),
        (LINK.url, "", "a/../../x.ipynb", "path"),
        (LINK.url, "", ".git/config", "path"),
        (LINK.url, "", "a\\b", "path"),
        (LINK.url, "", "a\nb", "path"),
    ],
)
def test_what_must_not_be_fetched_is_refused_at_its_field(
    hub: FakeHub, url: str, ref: str, path: str, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_repository(url, ref, path)

    assert refused.value.field == field


def test_plain_http_is_for_this_machine_and_never_in_production(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = "http://127.0.0.1:9000/lab/fits"
    assert checked_repository(here) == RepositoryLink(here)

    strict = get_config().model_copy(update={"environment": Stage.PRODUCTION})
    monkeypatch.setattr("sessions.services.repository_links.get_config", lambda: strict)

    with pytest.raises(InvalidRequest):
        checked_repository(here)


def test_no_repository_is_no_fault(hub: FakeHub) -> None:
    assert checked_repository(" ") is None


def test_a_link_is_shown_for_confirmation_and_starts_nothing(browser: Client, hub: FakeHub) -> None:
    page = browser.get(ADDRESS).content.decode()

    assert '<h3 class="mono">git.example.org</h3>' in page
    assert "nothing of it runs by itself" in page
    assert 'name="path" value="notebooks/first fit.ipynb"' in page
    assert not Session.objects.exists()


def test_a_bad_link_says_what_is_wrong_once_it_is_sent(browser: Client, hub: FakeHub) -> None:
    wish = {"environment": "physics", "repository": "http://git.example.org/a/b"}

    answer = browser.post("/sessions/new", wish)

    assert answer.status_code == 422
    assert "begins with https://" in answer.content.decode()
    assert not Session.objects.exists()


def test_a_stranger_comes_back_to_the_whole_link(hub: FakeHub, db: None) -> None:
    answer = Client().get(ADDRESS)

    assert answer.status_code == 302
    for part in ("repository", "git.example.org", "ref%3Dv1", "first%2Bfit.ipynb"):
        assert part in answer["Location"]


def test_the_session_is_ready_before_its_repository_and_then_opens_at_the_file(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    running.fetch_ends = FetchState.FETCHING
    session = services.launch(alice, environment="physics", repository=LINK)
    work(turns=4)
    session.refresh_from_db()
    assert session.state == SessionState.READY
    assert session.url.endswith("/lab")
    assert session.repository["state"] == "fetching"

    running.fetch_ends = FetchState.READY
    work()

    session.refresh_from_db()
    assert session.repository["state"] == "ready"
    assert session.repository["commit"].startswith("c0ffee")
    assert session.url.endswith("/lab/tree/repositories/fits/notebooks/first%20fit.ipynb")
    assert "Fetching fits from git.example.org." in texts(session)
    assert session.message == "Your session is ready."


def test_it_is_called_like_its_repository_and_the_audit_log_knows_it(
    alice: User, running: FakeRunning
) -> None:
    session = with_repository(alice)

    assert session.name == "fits"
    launched = AuditEvent.objects.get(action="session.launched")
    assert launched.detail["repository"] == LINK.url


def test_a_failure_is_told_and_tried_again(
    browser: Client, alice: User, running: FakeRunning
) -> None:
    running.fetch_ends = FetchState.FAILED
    session = with_repository(alice)
    page = browser.get(f"/sessions/{session.pk}").content.decode()
    assert session.state == SessionState.READY
    assert "It could not be fetched: There is no such repository." in page
    assert "Fetch it again" in page

    running.fetch_ends = FetchState.READY
    browser.post(f"/sessions/{session.pk}/repository")
    work()

    session.refresh_from_db()
    assert session.repository["state"] == "ready"


def test_an_environment_without_the_extension_is_told_in_words(
    alice: User, running: FakeRunning
) -> None:
    running.fail_on("fetch_repository", NotFound("There is no such thing in the session."))

    session = with_repository(alice)

    assert session.state == SessionState.READY
    assert "can't fetch repositories" in session.repository["message"]


def test_a_session_that_is_silent_for_long_leaves_a_way_out(
    alice: User, running: FakeRunning
) -> None:
    running.fail_on("fetch_repository", UpstreamUnavailable("The session does not answer."))

    session = with_repository(alice)

    assert session.repository["state"] == "failed"
    assert session.repository["message"] == "The session does not answer."


def test_a_running_session_takes_another_one(
    browser: Client, alice: User, running: FakeRunning
) -> None:
    session = with_repository(alice)
    other = {"repository": "https://git.example.org/lab/other", "ref": "", "path": ""}

    browser.post(f"/sessions/{session.pk}/repository", other)
    work()

    session.refresh_from_db()
    assert session.url.endswith("/lab/tree/repositories/other")


def test_one_at_a_time_and_only_while_it_runs(alice: User, running: FakeRunning) -> None:
    running.fetch_ends = FetchState.FETCHING
    session = services.launch(alice, environment="physics", repository=LINK)
    work(turns=4)
    with pytest.raises(Conflict):
        services.fetch_repository(session, LINK)

    services.stop(session)
    work()

    with pytest.raises(Conflict):
        services.fetch_repository(session, LINK)


def test_again_fetches_it_again(alice: User, running: FakeRunning) -> None:
    session = with_repository(alice)

    again = services.launch_again(session)
    work()

    again.refresh_from_db()
    assert again.repository["state"] == "ready"
    assert running.calls["fetch_repository"] == 2


def test_another_ones_session_takes_nothing(browser: Client, bob: User, hub: FakeHub) -> None:
    theirs = with_repository(bob)

    assert browser.post(f"/sessions/{theirs.pk}/repository").status_code == 404
    wish = json.dumps({"url": LINK.url})
    path = f"/api/v1/sessions/{theirs.pk}/repository"
    assert browser.post(path, wish, content_type="application/json").status_code == 404


def test_the_api_takes_and_tells_a_repository(
    browser: Client, alice: User, running: FakeRunning
) -> None:
    wish = {"environment": "physics", "repository": {"url": LINK.url, "path": LINK.path}}
    made = browser.post("/api/v1/sessions", json.dumps(wish), content_type="application/json")
    work()

    told = browser.get(f"/api/v1/sessions/{made.json()['id']}").json()

    assert made.status_code == 202
    assert told["repository"]["state"] == "ready"
    assert told["repository"]["folder"] == "repositories/fits"
    assert told["url"].endswith("first%20fit.ipynb")


def test_the_api_names_the_wrong_part(browser: Client, hub: FakeHub) -> None:
    wish = {"environment": "physics", "repository": {"url": "http://git.example.org/a"}}

    answer = browser.post("/api/v1/sessions", json.dumps(wish), content_type="application/json")

    assert answer.status_code == 422
    assert answer.json()["field"] == "repository"
