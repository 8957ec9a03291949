"""An analysis or a run opens in a session with what it reads, and the session knows where from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from reproducibility import services
from reproducibility.models import Analysis
from sessions.backends import get_backend
from sessions.backends.running import get_running
from sessions.models import Session
from sessions.services import origins
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound

ENVIRONMENTS = """
environments:
  - slug: physics
    title: Physics
    local: physics
"""


@pytest.fixture(autouse=True)
def _hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_backend: object) -> Iterator[None]:
    file = tmp_path / "environments.yaml"
    file.write_text(ENVIRONMENTS)
    monkeypatch.setenv("VRE_SESSIONS_BACKEND", "tests.fakes.hub.FakeHub")
    monkeypatch.setenv("VRE_RUNNING_BACKEND", "tests.fakes.running.FakeRunning")
    monkeypatch.setenv("VRE_ENVIRONMENTS_FILE", str(file))
    monkeypatch.delenv("VRE_SESSION_STORAGE", raising=False)
    for cached in (get_config, get_backend, get_running):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (get_config, get_backend, get_running):
        cached.cache_clear()


def test_the_analysiss_page_leads_to_the_form_with_its_inputs(
    browser: Client, analysis: Analysis
) -> None:
    page = browser.get(f"/analyses/{analysis.slug}").content.decode()

    link = "/sessions/new?dataset=cms%3Adimuon&amp;origin=analysis%3Adimuon"
    assert f'href="{link}"' in page
    form = browser.get(link.replace("&amp;", "&")).content.decode()
    assert 'name="dataset" value="cms:dimuon"' in form
    assert "Dimuon spectrum</a>" in form


def test_a_session_from_a_run_says_so_everywhere(
    browser: Client, alice: User, analysis: Analysis
) -> None:
    run = services.start_run(alice, analysis)
    origin = f"run:{run.pk}"
    assert f"origin={quote(origin, safe='')}" in browser.get(f"/runs/{run.pk}").content.decode()

    form = {"environment": "physics", "dataset": "cms:dimuon", "origin": origin}
    browser.post("/sessions/new", form)

    session = Session.objects.get()
    title = f"Dimuon spectrum, run {run.number}"
    assert session.origin == {
        "kind": "run", "id": str(run.pk), "title": title, "url": f"/runs/{run.pk}",
    }  # fmt: skip
    assert (
        f'<a href="/runs/{run.pk}">{title}</a>'
        in browser.get(f"/sessions/{session.pk}").content.decode()
    )
    audited = AuditEvent.objects.get(action="session.launched")
    assert audited.detail["origin"] == f"/runs/{run.pk}"
    told = browser.get(f"/api/v1/sessions/{session.pk}").json()
    assert told["origin"]["title"] == title
    assert told["digest"].startswith("definition-sha256:")


def test_the_api_takes_the_origins_data(browser: Client, alice: User, analysis: Analysis) -> None:
    wish = {"environment": "physics", "origin": f"analysis:{analysis.slug}"}

    made = browser.post("/api/v1/sessions", json.dumps(wish), content_type="application/json")

    assert made.json()["datasets"] == ["cms:dimuon"]


def test_a_variation_brings_what_it_read_instead(
    alice: User, analysis: Analysis, data_backend: object
) -> None:
    run = services.start_run(alice, analysis)
    run.replaced_inputs = {"cms:dimuon": "cms:other"}
    run.save()

    assert origins.resolve(alice, f"run:{run.pk}").datasets == ("cms:other",)


def test_another_ones_run_is_no_origin(
    browser: Client, alice: User, bob: User, analysis: Analysis
) -> None:
    run = services.start_run(bob, analysis)
    with pytest.raises(NotFound):
        origins.resolve(alice, f"run:{run.pk}")

    page = browser.get(f"/sessions/new?origin=run:{run.pk}").content.decode()
    browser.post("/sessions/new", {"environment": "physics", "origin": f"run:{run.pk}"})
    wish = json.dumps({"environment": "physics", "origin": f"run:{run.pk}"})
    answer = browser.post("/api/v1/sessions", wish, content_type="application/json")

    assert "can&#x27;t see that" in page or "can't see that" in page
    assert Session.objects.get().origin == {}
    assert answer.status_code == 404


@pytest.mark.parametrize("key", ["nope:1", "run", "run:", "analysis:" + "a" * 200])
def test_what_is_no_origin_is_refused(alice: User, key: str) -> None:
    with pytest.raises(InvalidRequest):
        origins.resolve(alice, key)
