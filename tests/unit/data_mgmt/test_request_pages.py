"""The pages of requests: filters, many at once, the files, what may be done, and refusals."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RequestState
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.errors import UpstreamUnavailable
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
LIST = "/data/requests/"


@pytest.fixture
def address(asked: ReplicaRequest) -> str:
    return f"{LIST}{asked.pk}/"


def make(user: User, name: str, **values: object) -> ReplicaRequest:
    kept = {"did_scope": "cms", "storage": "LAPP-DISK", "rule_id": "r", **values}
    return ReplicaRequest.objects.create(user=user, did_name=name, **kept)


def test_a_stuck_request_offers_to_try_again_at_once_and_its_files(
    browser: Client, asked: ReplicaRequest, address: str, data_backend: FakeDataBackend
) -> None:
    data_backend.arrive(asked.rule_id, 1)
    data_backend.stick(asked.rule_id, "No such file or directory")
    tick(asked)

    text = browser.get(address).text
    answer = browser.post(f"{address}boost")
    work()

    assert "2 of 3 files do not arrive: No such file or directory" in text
    assert "Try again at once" in text
    assert 'href="?tab=files&amp;state=stuck"' in text
    assert answer["Location"] == address
    assert data_backend.calls["boost_rule"] == 1


def test_the_files_tell_state_and_last_error_and_are_filtered(
    browser: Client, asked: ReplicaRequest, address: str, data_backend: FakeDataBackend
) -> None:
    data_backend.arrive(asked.rule_id, 1)
    data_backend.stick(asked.rule_id, "<b>No such file</b>")

    everything = browser.get(f"{address}?tab=files").text
    stuck = browser.get(f"{address}?tab=files&state=stuck").text

    assert "cms:muons_1.root" in everything
    assert "&lt;b&gt;No such file&lt;/b&gt;" in everything
    assert "cms:muons_1.root" not in stuck
    assert "cms:muons_2.root" in stuck


def test_many_files_come_page_by_page(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    files = [
        data_backend.add_file(f"cms:run_{n:03d}.root", b"x", ["CERN-DISK"]) for n in range(130)
    ]
    did = data_backend.add_dataset("cms:runs", *files)
    request = services.request_replica(alice, did, storage="LAPP-DISK")
    work()

    first = browser.get(f"{LIST}{request.pk}/?tab=files").text
    second = browser.get(
        f"{LIST}{request.pk}/?tab=files&state=all&after=cms:run_099.root%20LAPP-DISK"
    ).text

    assert "after=cms%3Arun_099.root+LAPP-DISK" in first
    assert "run_100.root" not in first
    assert "run_100.root" in second
    assert "run_129.root" in second


@pytest.mark.parametrize("state", ["lost", "2"])
def test_an_unknown_filter_of_files_is_told(browser: Client, address: str, state: str) -> None:
    text = browser.get(f"{address}?tab=files&state={state}").text

    assert "state: give one of all, stuck, replicating, ok." in text


def test_files_that_rucio_does_not_tell_are_said_to_be_so(
    browser: Client, address: str, data_backend: FakeDataBackend
) -> None:
    data_backend.fail_on("list_file_states", UpstreamUnavailable("Rucio does not answer."))

    answer = browser.get(f"{address}?tab=files")

    assert answer.status_code == 200
    assert "Rucio does not answer." in answer.text


def test_extend_tells_rucio_and_comes_back(
    browser: Client, asked: ReplicaRequest, address: str, data_backend: FakeDataBackend
) -> None:
    answer = browser.post(f"{address}extend", {"lifetime_days": "90"})
    work()

    end = data_backend.rules[asked.rule_id].rule.expires_at
    assert answer["Location"] == address
    assert end is not None
    assert end - timezone.now() > timedelta(days=89)


@pytest.mark.parametrize("days", ["", "many", "0", "99999999999"])
def test_a_wrong_lifetime_is_refused_by_name(browser: Client, address: str, days: str) -> None:
    answer = browser.post(f"{address}extend", {"lifetime_days": days})

    assert answer.status_code == 422
    assert "lifetime_days: choose" in answer.text
    assert not Operation.objects.filter(kind="data.lifetime").exists()


def test_an_end_that_is_near_is_warned_of(
    browser: Client, asked: ReplicaRequest, address: str
) -> None:
    near = timezone.now() + timedelta(hours=5, minutes=1)
    ReplicaRequest.objects.filter(pk=asked.pk).update(expires_at=near)

    text = browser.get(address).text

    assert "It ends soon" in text
    assert "It ends in 5 hours" in text


def test_the_question_before_the_end_says_which_bytes_go(
    browser: Client, asked: ReplicaRequest, address: str, data_backend: FakeDataBackend
) -> None:
    data_backend.arrive(asked.rule_id)
    tick(asked)

    text = browser.get(address).text

    assert "Up to 600 B in 3 files at LAPP-DISK are deleted" in text
    assert "Delete now" in text
    assert "Delete later" in text


def test_delete_later_leaves_an_hour(
    browser: Client, asked: ReplicaRequest, address: str, data_backend: FakeDataBackend
) -> None:
    browser.post(f"{address}cancel", {"when": "later"})
    work()

    asked.refresh_from_db()
    assert asked.cancel_requested_at is None
    assert asked.expires_at is not None
    assert asked.rule_id in data_backend.rules


@pytest.mark.parametrize("part", ["extend", "boost", "cancel"])
def test_what_cannot_be_done_any_more_is_told(
    browser: Client, asked: ReplicaRequest, address: str, part: str
) -> None:
    ReplicaRequest.objects.filter(pk=asked.pk).update(state=RequestState.EXPIRED)

    answer = browser.post(f"{address}{part}", {"lifetime_days": "30"}, follow=True)

    assert "This request has ended already." in answer.text


@pytest.mark.parametrize("part", ["extend", "boost", "cancel", "retry"])
def test_the_request_of_another_is_not_changed(bob: User, address: str, part: str) -> None:
    stranger = Client()
    sign_in(stranger, bob)

    answer = stranger.post(f"{address}{part}", {"lifetime_days": "30"})

    assert answer.status_code == 404
    assert Operation.objects.exclude(kind="data.replicate").count() == 0


def test_the_list_is_filtered_by_its_address(browser: Client, alice: User) -> None:
    make(alice, "dimuon_a", state=RequestState.STUCK)
    make(alice, "dimuon_b", state=RequestState.OK, storage="CERN-DISK")
    make(alice, "m13", did_scope="astro", state=RequestState.OK)

    def names(query: str) -> list[str]:
        text = browser.get(f"{LIST}?{query}").text
        return [name for name in ("dimuon_a", "dimuon_b", "m13") if f":{name}</a>" in text]

    assert names("") == ["dimuon_a", "dimuon_b", "m13"]
    assert names("state=stuck") == ["dimuon_a"]
    assert names("state=active") == ["dimuon_a"]
    assert names("storage=CERN-DISK") == ["dimuon_b"]
    assert names("storage=*-DISK&scope=astro") == ["m13"]
    assert names("name=dimuon_*") == ["dimuon_a", "dimuon_b"]
    assert names("name=*_b") == ["dimuon_b"]
    assert names("name=dimuon.a") == []
    assert names("name=.*") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=lost", "state"), ("name=" + "x" * 251, "name"), ("scope=" + "x" * 251, "scope")],
)
def test_a_filter_that_cannot_be_read_is_refused_by_name(
    browser: Client, query: str, field: str
) -> None:
    answer = browser.get(f"{LIST}?{query}")

    assert answer.status_code == 422
    assert f"{field}: " in answer.text
    assert browser.get(f"/api/v1/data/replica-requests?{query}").json()["field"] == field


def test_the_next_page_keeps_the_filters(browser: Client, alice: User) -> None:
    for number in range(3):
        make(alice, f"dimuon_{number}", storage=f"S{number}")

    text = unescape(browser.get(f"{LIST}?name=dimuon_*&limit=2").text)

    assert "name=dimuon_%2A&limit=2&cursor=" in text


def test_several_are_asked_about_before_they_are_cancelled(
    browser: Client, alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    other = services.request_replica(alice, Did("cms", "muons_1.root"), storage="LAPP-DISK")
    work()
    chosen = {"pk": [asked.pk, other.pk], "action": "cancel"}

    question = browser.post(f"{LIST}bulk", chosen).text
    kept = len(data_backend.rules)
    done = browser.post(f"{LIST}bulk", chosen | {"confirmed": "yes"}, follow=True).text
    work()

    assert "Cancel 2 requests?" in question
    assert "700 B in 4 files" in question
    assert kept == 2
    assert "2 requests are changed." in done
    assert data_backend.rules == {}


def test_several_are_extended_and_the_refused_are_named(
    browser: Client, alice: User, asked: ReplicaRequest
) -> None:
    ended = make(alice, "old", state=RequestState.EXPIRED)
    chosen = {"pk": [asked.pk, ended.pk], "action": "extend"}

    question = browser.post(f"{LIST}bulk", chosen).text
    wrong = browser.post(f"{LIST}bulk", chosen | {"confirmed": "yes", "lifetime_days": "x"})
    done = browser.post(
        f"{LIST}bulk", chosen | {"confirmed": "yes", "lifetime_days": "none"}, follow=True
    ).text

    assert "Extend 2 requests" in question
    assert wrong.status_code == 422
    assert "lifetime_days: choose one" in wrong.text
    assert "1 request is changed." in done
    assert "cms:old, LAPP-DISK: This request has ended already." in done


@pytest.mark.parametrize("keys", [[], ["x"], ["00000000-0000-0000-0000-000000000007"]])
def test_nothing_chosen_is_told(browser: Client, asked: ReplicaRequest, keys: list[str]) -> None:
    answer = browser.post(f"{LIST}bulk", {"pk": keys, "action": "cancel"}, follow=True)

    assert "at least one request" in answer.text or "this is no request" in answer.text


def test_many_at_once_need_a_known_action(browser: Client, asked: ReplicaRequest) -> None:
    answer = browser.post(f"{LIST}bulk", {"pk": [asked.pk], "action": "burn"})

    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/data/requests/bulk", "/data/requests/rules/change"])
def test_who_comes_back_to_a_question_is_led_to_the_list(browser: Client, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{path.rpartition('/')[0]}/"
