"""The data pages: what they say, what they ask, and how they fail."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RequestState
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db
PAGE = "/data/cms:dimuon"
WISH = {"did": "cms:dimuon", "storage": "LAPP-DISK", "lifetime_days": "", "comment": ""}


@pytest.fixture
def asked(alice: User, dimuon: Did) -> ReplicaRequest:
    return services.request_replica(alice, dimuon, storage="LAPP-DISK")


def test_strangers_are_led_to_the_sign_in_and_back(data_backend: FakeDataBackend, db: None) -> None:
    answer = Client().get("/data/?scope=cms")

    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=%2Fdata%2F%3Fscope%3Dcms"


def test_scopes_are_listed_with_ones_own_first(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.scopes |= {f"user.{alice.handle}", "user.somebody"}

    text = browser.get("/data/").text

    own = text.index(f"scope=user.{alice.handle}")
    assert own < text.index('href="?scope=cms"') < text.index("scope=user.somebody")
    assert "1 scope of another person" in text


def test_a_search_shows_names_types_and_sizes(browser: Client) -> None:
    text = browser.get("/data/?scope=cms&name=dim").text

    assert 'href="/data/cms:dimuon"' in text
    assert "600 B" in text
    assert "muons_1.root" not in text


def test_a_long_search_shows_the_first_rows_the_way_on_and_the_stream(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    for number in range(150):
        data_backend.add_file(f"cms:run_{number:04d}.root")

    text = browser.get("/data/?scope=cms&name=run_*").text

    assert text.count('class="mono" href="/data/cms:run_') == 100
    assert "after=run_0099.root" in text
    assert 'data-stream="/api/v1/data/dids?scope=cms&amp;name=run_%2A&amp;after=' in text
    second = browser.get("/data/?scope=cms&name=run_*&after=run_0099.root").text
    assert "run_0100.root" in second
    assert "run_0149.root" in second
    assert "data-stream=" not in second


def test_the_top_bars_search_looks_into_every_scope(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    data_backend.add_file("astro:dimuon_of_stars.fits")

    text = browser.get("/data/?q=dimuon").text

    assert "astro:dimuon_of_stars.fits" in text
    assert "cms:dimuon" in text


def test_a_did_in_the_top_bar_is_searched_in_its_scope(browser: Client) -> None:
    text = browser.get("/data/?q=cms:dimuon").text

    assert 'href="/data/cms:dimuon"' in text


def test_nothing_found_says_what_to_try(browser: Client) -> None:
    answer = browser.get("/data/?scope=cms&name=zzz")

    assert answer.status_code == 200
    assert "Try a shorter part of the name" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/data/?scope=nowhere",
        "/data/cms:nothing",
        "/data/requests/00000000-0000-4000-8000-000000000000/",
    ],
)
def test_what_is_not_there_is_404_with_a_way_out(
    browser: Client, data_backend: FakeDataBackend, address: str
) -> None:
    answer = browser.get(address)

    assert answer.status_code == 404
    assert 'href="/"' in answer.text


def test_a_dataset_is_described_by_a_sentence(browser: Client) -> None:
    text = browser.get(PAGE).text

    assert "Dataset of 3 files, 600 B, closed. Complete at CERN-DISK. No rule holds it." in text


def test_the_storage_of_the_address_is_picked_and_estimated(browser: Client) -> None:
    text = browser.get(PAGE, {"storage": "LAPP-DISK"}).text

    assert 'value="LAPP-DISK" checked' in text
    assert "Moves 600 B in 3 files to LAPP-DISK." in text


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("files", "muons_2.root"),
        ("metadata", "energy_tev"),
        ("rules", "No rule holds it"),
        ("nonsense", "Replicate to"),
    ],
)
def test_each_tab_shows_its_part(browser: Client, tab: str, expected: str) -> None:
    answer = browser.get(PAGE, {"tab": tab})

    assert answer.status_code == 200
    assert expected in answer.text


def test_a_file_is_found_below_its_dataset(browser: Client) -> None:
    text = browser.get("/data/cms:muons_1.root").text

    assert 'href="/data/cms:dimuon"' in text
    assert "File of 100 B" in text


def test_a_container_lists_its_datasets(browser: Client) -> None:
    text = browser.get("/data/cms:all?tab=contents").text

    assert 'href="/data/cms:dimuon"' in text
    assert "Container of 1 part, 3 files" in text


def test_a_name_with_a_slash_and_signs_has_a_page(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    data_backend.add_dataset("cms:/store/mu<b>/run 1")

    answer = browser.get("/data/cms:/store/mu%3Cb%3E/run%201")

    assert answer.status_code == 200
    assert "mu&lt;b&gt;" in answer.text
    assert "mu<b>" not in answer.text


def test_confirm_makes_the_request_and_opens_its_page(browser: Client) -> None:
    answer = browser.post("/data/requests/", WISH)

    made = ReplicaRequest.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/data/requests/{made.pk}/"


def test_a_wrong_lifetime_names_the_field_and_keeps_the_input(browser: Client) -> None:
    answer = browser.post("/data/requests/", WISH | {"lifetime_days": "many", "comment": "keep me"})

    assert answer.status_code == 422
    assert "Give a whole number of days" in answer.text
    assert 'value="keep me"' in answer.text
    assert 'value="LAPP-DISK" checked' in answer.text


def test_no_storage_picked_is_told_on_the_page(browser: Client) -> None:
    answer = browser.post("/data/requests/", WISH | {"storage": ""})

    assert answer.status_code == 422
    assert "Pick the storage" in answer.text


def test_an_unknown_storage_is_404(browser: Client) -> None:
    answer = browser.post("/data/requests/", WISH | {"storage": "ATLANTIS"})

    assert answer.status_code == 404
    assert "There is no storage ATLANTIS" in answer.text


def test_too_small_a_quota_is_told_on_the_page(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)

    answer = browser.post("/data/requests/", WISH)

    assert answer.status_code == 429
    assert "Your quota at LAPP-DISK does not suffice" in answer.text


def test_rucio_down_says_try_again(browser: Client, data_backend: FakeDataBackend) -> None:
    data_backend.fail_on("*", UpstreamUnavailable("Rucio does not answer", service="rucio"))

    answer = browser.post("/data/requests/", WISH)

    assert answer.status_code == 503
    assert "Try again" in answer.text


def test_the_page_of_a_dataset_survives_rucio_with_what_was_known(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    browser.get(PAGE)
    data_backend.fail_on("*", UpstreamUnavailable("Rucio does not answer", service="rucio"))

    answer = browser.get(PAGE)

    assert answer.status_code == 200
    assert "Dataset of 3 files, 600 B" in answer.text
    assert "What you see is as of" in answer.text


def test_a_hanging_part_does_not_hold_the_page(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    data_backend.hang_on("metadata", 4.0)
    started = time.monotonic()

    answer = browser.get(PAGE)

    assert time.monotonic() - started < 3.0
    assert answer.status_code == 200
    assert "Rucio is slow" in answer.text


def test_a_hanging_rucio_answers_within_three_seconds(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    data_backend.hang_on("get_did", 4.0)
    started = time.monotonic()

    answer = browser.get(PAGE)

    assert time.monotonic() - started < 3.0
    assert answer.status_code == 504
    assert "Rucio is slow" in answer.text


def test_nobody_waits_for_a_rucio_that_is_known_to_be_down(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    cache.set("backend:rucio", {"up": False, "since": None})

    answer = browser.get(PAGE)

    assert answer.status_code == 503
    assert data_backend.calls["get_did"] == 0


def test_a_request_page_tells_how_it_is(browser: Client, asked: ReplicaRequest) -> None:
    ReplicaRequest.objects.update(
        state=RequestState.STUCK, reason="1 of 3 files does not arrive: no such file", files_done=2
    )

    text = browser.get(f"/data/requests/{asked.pk}/").text

    assert "Stuck: 1 of 3 files does not arrive: no such file." in text
    assert f'data-live="replica-request:{asked.pk}"' in text
    assert "Cancel the request" in text


def test_cancel_needs_a_post_and_then_says_that_it_cancels(
    browser: Client, asked: ReplicaRequest
) -> None:
    address = f"/data/requests/{asked.pk}/cancel"
    assert browser.get(address).status_code == 405

    answer = browser.post(address, follow=True)

    assert "Cancelling" in answer.text


@pytest.mark.parametrize("part", ["", "state", "cancel", "retry"])
def test_the_request_of_another_is_not_found(bob: User, asked: ReplicaRequest, part: str) -> None:
    other = Client()
    sign_in(other, bob)
    address = f"/data/requests/{asked.pk}/{part}"

    answer = other.post(address) if part in {"cancel", "retry"} else other.get(address)

    assert answer.status_code == 404


def test_the_list_of_requests_asks_rucio_nothing_and_the_database_little(
    browser: Client, alice: User, data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    for number in range(20):
        ReplicaRequest.objects.create(
            user=alice, did_scope="cms", did_name=f"d{number}", storage="LAPP-DISK"
        )
    data_backend.calls.clear()
    browser.get("/data/requests/")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = browser.get("/data/requests/")

    assert answer.text.count("LAPP-DISK") >= 21
    assert len(queries) <= 8
    assert not data_backend.calls


def test_a_dataset_page_costs_few_queries(browser: Client, data_backend: FakeDataBackend) -> None:
    browser.get(PAGE)

    with CaptureQueriesContext(connection) as queries:
        browser.get(PAGE)

    assert len(queries) <= 18


def test_the_estimate_is_a_fragment(browser: Client) -> None:
    answer = browser.get("/data/estimate?did=cms:dimuon&storage=CNAF-TAPE")

    assert answer.status_code == 200
    assert "You have no quota at CNAF-TAPE" in answer.text
    assert "<html" not in answer.text
