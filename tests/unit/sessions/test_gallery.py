"""The gallery of environments: what each says, what is free, and how it is searched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User, WebSession
from accounts.roles import MFA
from sessions import services
from sessions.models import Session, SessionState
from sessions.services import capacity
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import ENVIRONMENTS, launched
from tests.unit.sessions.test_environments import OLD, WRONG, write
from vre_portal.config import get_config
from vre_portal.errors import QuotaExceeded

URL = "/sessions/environments/"
DEPRECATED = """  - {slug: older, title: Older, local: old, status: deprecated,
     deprecated_until: 2099-12-31, use_instead: physics}
"""


@pytest.fixture
def limits(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with ten places, two for each person."""
    monkeypatch.setenv("VRE_SESSIONS_SITE_LIMIT", "10")
    monkeypatch.setenv("VRE_SESSIONS_PER_PERSON", "2")
    get_config.cache_clear()


def text_of(client: Client, path: str = URL, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def become_operator(user: User) -> None:
    """Make somebody an operator who signed in with a second factor."""
    user.roles = ["member", "operator"]
    user.save()
    WebSession.objects.filter(user=user).update(acr=MFA)


def started(user: User, environment: str, *seconds: float) -> None:
    """Add sessions that took so long to start."""
    for took in seconds:
        row = Session.objects.create(
            user=user, environment=environment, environment_name="x", name="x",
            state=SessionState.STOPPED, options={"profile": environment},
        )  # fmt: skip
        ready = row.created_at + timedelta(seconds=took)
        Session.objects.filter(pk=row.pk).update(ready_at=ready)


def test_a_card_says_what_is_in_it_and_launches_it(browser: Client, hub: FakeHub) -> None:
    page = text_of(browser)

    for said in ("Physics 2026.11", "JupyterLab for analysis.", "uproot", "5.7", "astropy"):
        assert said in page
    assert 'href="/sessions/new?environment=physics"' in page
    assert "img/environments/jupyterlab" in page
    assert "Default" in page


def test_what_is_for_others_is_shown_and_not_launched(browser: Client, hub: FakeHub) -> None:
    page = text_of(browser)

    assert "For members of /escape/gpu." in page
    assert "environment=gpu" not in page
    assert "VS Code" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("astropy", ["Physics"]),
        ("UPROOT 5.7", ["Physics"]),
        ("analysis jupyterlab", ["Physics"]),
        ("vs code", ["GPU"]),
        ("astropy light", []),
    ],
)
def test_the_search_finds_by_what_is_in_an_environment(
    browser: Client, hub: FakeHub, query: str, found: list[str]
) -> None:
    page = text_of(browser, f"{URL}?q={query}")

    titles = {
        "Physics": "<h2>Physics 2026.11</h2>",
        "Light": "<h2>Light</h2>",
        "GPU": "<h2>GPU</h2>",
    }
    assert [name for name, title in titles.items() if title in page] == found
    assert ("Show all" in page) == (not found)


def test_a_query_is_shown_as_text(browser: Client, hub: FakeHub) -> None:
    assert "<script>x" not in text_of(browser, f"{URL}?q=<script>x")


def test_a_deprecated_one_says_until_when_and_what_to_use(
    browser: Client, hub: FakeHub, environments_file: Path
) -> None:
    write(environments_file, ENVIRONMENTS + DEPRECATED + OLD)

    page = text_of(browser)
    form = text_of(browser, "/sessions/new")

    assert "Offered until 31 December 2099. Use Physics 2026.11 instead." in page
    assert "Offered until 31 December 2099. Use Physics 2026.11 instead." in form
    assert "<h2>Old</h2>" not in page
    assert "No longer offered. Use Physics 2026.11 instead." in form


def test_a_card_says_how_long_a_start_usually_takes(
    browser: Client, alice: User, bob: User, hub: FakeHub
) -> None:
    started(alice, "physics", 30, 40, 50)
    started(bob, "physics", 200, 300, 400)
    started(bob, "light", 7, 7, 7)

    usual = services.usual_seconds_of(alice, ["physics", "light", "gpu"])
    page = text_of(browser)

    assert usual == {"physics": 40.0, "light": 7.0}
    assert "usually 40 s" in page
    assert "usually 7 s" in page


def test_old_starts_say_nothing(alice: User, hub: FakeHub) -> None:
    started(alice, "physics", 30, 40, 50)
    Session.objects.update(created_at=timezone.now() - timedelta(days=200))

    assert services.usual_seconds(alice, "physics") is None


@pytest.mark.usefixtures("limits")
def test_what_is_free_is_counted_from_what_runs(
    browser: Client, alice: User, bob: User, hub: FakeHub
) -> None:
    bob.groups = ["/escape/gpu"]
    bob.save()
    launched(alice)
    services.launch(bob, environment="gpu")

    room = capacity.room(alice)
    page = text_of(browser)

    assert (room.running, room.free, room.mine, room.reached) == (2, 8, 1, False)
    assert room.used == {"nvidia.com/gpu": 2}
    assert "8 of 10 places, 2 of 4 NVIDIA A100" in page
    assert "8 of 10 places are free now." in page
    assert "You run 1 of 2 sessions." in page


@pytest.mark.usefixtures("limits")
def test_who_has_as_many_as_one_may_have_is_told_before_anything_is_made(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    launched(alice)
    launched(alice, environment="light")

    page = text_of(browser, "/sessions/new")
    refused = browser.post("/sessions/new", {"environment": "light", "name": "Third"})

    assert "You have as many sessions as one may have" in page
    assert refused.status_code == 422
    assert "You run 2 of 2 sessions. Stop one that you no longer need" in refused.content.decode()
    assert Session.objects.count() == 2


@pytest.mark.usefixtures("limits")
def test_the_api_refuses_with_the_numbers(browser: Client, alice: User, hub: FakeHub) -> None:
    for _ in range(2):
        launched(alice)

    answer = browser.post(
        "/api/v1/sessions", {"environment": "light"}, content_type="application/json"
    )

    assert answer.status_code == 429
    assert (answer.json()["limit"], answer.json()["used"]) == (2, 2)
    with pytest.raises(QuotaExceeded):
        services.launch(alice, environment="light")


def test_more_environments_ask_the_database_no_more_often(
    browser: Client, alice: User, hub: FakeHub, environments_file: Path
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            browser.get(URL)
        return len(asked)

    queries()
    before = queries()
    more = "".join(f"  - {{slug: e{n}, title: E{n}, local: e}}\n" for n in range(20))
    write(environments_file, ENVIRONMENTS + more)

    assert queries() == before


def test_faults_are_shown_to_operators_only(
    browser: Client, alice: User, hub: FakeHub, environments_file: Path
) -> None:
    write(environments_file, WRONG)

    others = text_of(browser, status=500)
    become_operator(alice)
    operators = text_of(browser, status=500)

    last = "line 3, environments[1] &#x27;b&#x27;: needs `title`"
    assert last not in others
    assert last in operators


def test_the_api_tells_all_that_the_file_says_and_what_is_free(
    browser: Client, hub: FakeHub
) -> None:
    found = browser.get("/api/v1/environments").json()

    gpu = found["items"][2]
    assert (gpu["kind"], gpu["default_url"], gpu["available"]) == ("vscode", "vscode/", False)
    assert gpu["sets"]["accelerator"]["kind"] == "nvidia.com/gpu"
    assert found["items"][0]["versions"] == {"uproot": "5.7"}
    assert found["room"]["accelerators"] == {"nvidia.com/gpu": 4}


def test_kubespawner_gets_what_the_asking_person_may_use(
    browser: Client, alice: User, hub: FakeHub, environments_file: Path
) -> None:
    image = f"a/b@sha256:{'0' * 64}"
    write(environments_file, ENVIRONMENTS.replace("local: light", f"image: {image}").replace(
        "local: gpu", f"image: {image}"))  # fmt: skip

    mine = browser.get("/api/v1/environments?format=kubespawner").json()
    become_operator(alice)
    operators = browser.get("/api/v1/environments?format=kubespawner").json()

    assert [profile["slug"] for profile in mine["profile_list"]] == ["light"]
    assert mine["left_out"] == ["physics"]
    assert mine["profile_list"][0]["kubespawner_override"]["image"] == image
    assert [profile["slug"] for profile in operators["profile_list"]] == ["light", "gpu"]
