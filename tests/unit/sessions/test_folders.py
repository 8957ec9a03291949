"""What stays when a session stops: the home and the projects' folders, and how full they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from django.test import Client

from accounts.models import User
from sessions import services
from sessions.backends.running import Volume
from sessions.services.folders import folders_of
from tests.fakes.hub import FakeHub
from tests.fakes.running import USED, FakeRunning
from tests.unit.sessions.conftest import launched

GIB = 1 << 30
VOLUMES = """
volumes:
  home_quota_gb: 10
  projects:
    - {name: cms, title: CMS, groups: [/escape/cms], quota_gb: 50}
    - {name: other, groups: [/other]}
"""


def with_volumes(file: Path, user: User, *groups: str) -> None:
    file.write_text(file.read_text() + VOLUMES)
    user.groups = [*groups]
    user.save()


def test_before_anything_was_counted_quotas_are_told(
    alice: User, hub: FakeHub, environments_file: Path
) -> None:
    with_volumes(environments_file, alice, "/escape/cms")

    told = folders_of(alice)

    assert [(each.title, each.used, each.quota) for each in told.folders] == [
        ("Your files", None, 10 * GIB),
        ("CMS", None, 50 * GIB),
    ]
    assert told.at is None


def test_a_session_counts_for_all_of_them(
    alice: User, hub: FakeHub, running: FakeRunning, environments_file: Path
) -> None:
    with_volumes(environments_file, alice, "/escape/cms")
    session = launched(alice)
    running.of(alice.handle, session.server).usage = replace(
        USED, projects=(Volume("cms", 20 * GIB, 50 * GIB),)
    )
    services.sample()
    services.stop(session)

    told = folders_of(alice)

    assert [each.used for each in told.folders] == [3 * GIB, 20 * GIB]
    assert told.at is not None


def test_the_page_says_what_stays(browser: Client, hub: FakeHub, environments_file: Path) -> None:
    environments_file.write_text(environments_file.read_text() + VOLUMES)

    page = browser.get("/sessions/").text

    assert "What stays" in page
    assert "up to 10.0 GiB" in page or "up to 10 GiB" in page
    assert "Counted" not in page


def test_a_site_whose_file_is_wrong_still_shows_the_sessions(
    browser: Client, hub: FakeHub, environments_file: Path
) -> None:
    environments_file.write_text("environments: 3")

    assert browser.get("/sessions/").status_code == 200
