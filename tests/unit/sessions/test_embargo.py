"""What is under an embargo opens in no session of others."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.backends import Did
from sessions import services
from sessions.models import Session
from tests.fakes.data import FakeDataBackend
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched
from vre_portal.errors import Forbidden, UpstreamUnavailable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asks_rucio")]
HELD = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}


@pytest.fixture(autouse=True)
def held(data_backend: FakeDataBackend) -> None:
    data_backend.descriptions[Did("cms", "dimuon")] |= HELD


def test_nothing_is_launched_with_it(alice: User, hub: FakeHub) -> None:
    with pytest.raises(Forbidden, match="proprietary to /escape/cms"):
        services.launch(alice, environment="physics", datasets=["cms:dimuon"])

    assert not Session.objects.exists()


def test_the_page_and_the_api_say_why(browser: Client, hub: FakeHub) -> None:
    form = {"environment": "physics", "dataset": "cms:dimuon"}

    page = browser.post("/sessions/new", form)
    api = browser.post("/api/v1/sessions", form, content_type="application/json")

    assert (page.status_code, api.status_code) == (403, 403)
    assert "proprietary to /escape/cms" in page.content.decode()
    assert "proprietary to /escape/cms" in api.json()["detail"]


def test_it_is_not_put_into_a_running_session(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    with pytest.raises(Forbidden):
        services.open_dataset(session, "cms:dimuon")


def test_members_open_it(alice: User, hub: FakeHub) -> None:
    alice.groups = ["/escape/cms"]
    alice.save()

    assert services.launch(alice, environment="physics", datasets=["cms:dimuon"]).datasets


def test_while_rucio_is_silent_it_is_not_opened(
    alice: User, hub: FakeHub, data_backend: FakeDataBackend
) -> None:
    with (
        data_backend.down(UpstreamUnavailable("Rucio does not answer.")),
        pytest.raises(UpstreamUnavailable),
    ):
        services.launch(alice, environment="physics", datasets=["cms:dimuon"])

    assert services.launch(alice, environment="physics").datasets == []
