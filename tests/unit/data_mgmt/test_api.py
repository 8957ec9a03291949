"""The API's data part: its shapes, its pages, and its problems."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import UpstreamTimeout, UpstreamUnavailable

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/data"
DIMUON = f"{ROOT}/dids/cms/dimuon"


def post(browser: Client, path: str, body: object) -> Any:
    return browser.post(f"{ROOT}{path}", json.dumps(body), content_type="application/json")


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.json()["items"]]


def test_scopes(browser: Client) -> None:
    assert browser.get(f"{ROOT}/scopes").json() == {"items": [{"scope": "cms"}], "next": None}


def test_a_search_goes_page_by_page(browser: Client) -> None:
    first = browser.get(f"{ROOT}/dids?scope=cms&name=muons_*&limit=2")
    second = browser.get(first.json()["next"])

    assert names(first) == ["muons_1.root", "muons_2.root"]
    assert names(second) == ["muons_3.root"]
    assert second.json()["next"] is None


def test_a_search_knows_type_text_and_metadata(browser: Client) -> None:
    by_type = browser.get(f"{ROOT}/dids?scope=cms&type=dataset")
    by_text = browser.get(f"{ROOT}/dids?scope=cms&q=_2")
    by_metadata = browser.get(f"{ROOT}/dids?scope=cms&filter=instrument=CMS,energy_tev.gte=12")

    assert names(by_type) == ["dimuon"]
    assert names(by_text) == ["muons_2.root"]
    assert names(by_metadata) == ["dimuon"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "scope"),
        ("scope=cms&type=folder", "type"),
        ("scope=cms&filter=energy", "filter"),
        ("scope=cms&limit=0", "limit"),
        ("scope=cms&limit=many", "limit"),
    ],
)
def test_a_bad_search_is_a_problem_that_names_the_field(
    browser: Client, data_backend: FakeDataBackend, query: str, field: str
) -> None:
    answer = browser.get(f"{ROOT}/dids?{query}")

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == field


def test_a_did_and_its_parts(browser: Client) -> None:
    assert browser.get(DIMUON).json() == {
        "scope": "cms", "name": "dimuon", "did": "cms:dimuon", "did_type": "dataset",
        "bytes": 600, "length": 3, "account": "root", "open": False, "adler32": "",
        "embargo": None, "embargo_problem": "", "expires_at": None,
    }  # fmt: skip
    assert names(browser.get(f"{DIMUON}/files")) == ["muons_1.root", "muons_2.root", "muons_3.root"]
    assert names(browser.get(f"{DIMUON}/contents?limit=1")) == ["muons_1.root"]
    assert names(browser.get(f"{DIMUON}/parents")) == ["all"]
    assert browser.get(f"{DIMUON}/metadata").json() == {"instrument": "CMS", "energy_tev": 13.0}
    assert browser.get(f"{DIMUON}/rules").json() == {"items": [], "next": None}


def test_replicas_tell_where_and_which_copies(browser: Client) -> None:
    answer = browser.get(f"{DIMUON}/replicas").json()

    assert answer["storages"] == [
        {
            "storage": "CERN-DISK", "files": 3, "files_total": 3,
            "bytes": 600, "bytes_total": 600, "complete": True,
        }
    ]  # fmt: skip
    assert answer["items"][0]["replicas"][0]["storage"] == "CERN-DISK"


def test_files_go_page_by_page(browser: Client) -> None:
    first = browser.get(f"{DIMUON}/files?limit=2").json()

    second = browser.get(first["next"])

    assert names(second) == ["muons_3.root"]


def test_a_name_with_a_slash_is_one_name(browser: Client, data_backend: FakeDataBackend) -> None:
    data_backend.add_dataset("cms:/store/mu/run1")

    answer = browser.get(f"{ROOT}/dids/cms//store/mu/run1/metadata")

    assert answer.status_code == 200
    assert browser.get(f"{ROOT}/dids/cms/%2Fstore%2Fmu%2Frun1").json()["name"] == "/store/mu/run1"


@pytest.mark.parametrize(
    "path",
    ["/dids/cms/nothing", "/dids/cms/nothing/files", "/dids?scope=nowhere", "/dids/no/no/replicas"],
)
def test_what_is_not_there_is_a_404_problem(
    browser: Client, data_backend: FakeDataBackend, path: str
) -> None:
    answer = browser.get(f"{ROOT}{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_storages_and_usage(browser: Client, alice: User) -> None:
    storages = browser.get(f"{ROOT}/storages").json()["items"]
    usage = browser.get(f"{ROOT}/usage").json()["items"]

    assert [row["name"] for row in storages] == ["CERN-DISK", "CNAF-TAPE", "LAPP-DISK"]
    assert {row["storage"]: row["limit"] for row in usage} == {
        "CERN-DISK": 2**30,
        "LAPP-DISK": 2**30,
    }


def test_a_request_is_made_shown_listed_and_cancelled(browser: Client) -> None:
    made = post(browser, "/replica-requests", {"did": "cms:dimuon", "storage": "LAPP-DISK"})

    assert made.status_code == 201
    body = made.json()
    assert body["state"] == "preparing"
    assert body["progress"] == {
        "files_done": 0, "files_total": 3, "bytes_done": 0, "bytes_total": 600,
    }  # fmt: skip
    assert made["Location"].endswith(f"/replica-requests/{body['id']}")
    assert browser.get(f"{ROOT}/replica-requests/{body['id']}").json()["did"] == "cms:dimuon"
    listed = browser.get(f"{ROOT}/replica-requests").json()["items"]
    assert [row["id"] for row in listed] == [body["id"]]
    ended = browser.delete(f"{ROOT}/replica-requests/{body['id']}")
    assert (ended.status_code, ended.json()["cancelling"]) == (202, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"did": "no-colon"}, "did"),
        ({"did": 7}, "did"),
        ({"did": None}, "did"),
        ({"storage": ""}, "storage"),
        ({"copies": 3}, "copies"),
        ({"copies": "many"}, "copies"),
        ({"lifetime_days": -1}, "lifetime_days"),
        ({"comment": "x" * 300}, "comment"),
    ],
)
def test_a_bad_wish_is_a_problem_that_names_the_field(
    browser: Client, change: dict[str, object], field: str
) -> None:
    wish = {"did": "cms:dimuon", "storage": "LAPP-DISK"} | change

    answer = post(browser, "/replica-requests", wish)

    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert not ReplicaRequest.objects.exists()


def test_malformed_json_is_a_problem(browser: Client) -> None:
    answer = browser.post(f"{ROOT}/replica-requests", '{"did": ', content_type="application/json")

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


def test_an_unknown_storage_is_not_found(browser: Client) -> None:
    answer = post(browser, "/replica-requests", {"did": "cms:dimuon", "storage": "ATLANTIS"})

    assert answer.status_code == 404
    assert "ATLANTIS" in answer.json()["detail"]


def test_the_quota_problem_has_the_numbers(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)

    answer = post(browser, "/replica-requests", {"did": "cms:dimuon", "storage": "LAPP-DISK"})

    assert answer.status_code == 429
    assert (answer.json()["need"], answer.json()["limit"]) == (600, 10)


def test_the_estimate(browser: Client) -> None:
    wish = {"did": "cms:dimuon", "storage": "LAPP-DISK"}

    answer = post(browser, "/replica-requests/estimate", wish)

    assert answer.status_code == 200
    assert answer.json()["bytes_to_move"] == 600
    assert answer.json()["fits"] is True


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UpstreamUnavailable("Rucio does not answer", service="rucio"), 503),
        (UpstreamTimeout("Rucio is slow", service="rucio"), 504),
    ],
)
def test_a_failing_rucio_is_a_retryable_problem(
    browser: Client, data_backend: FakeDataBackend, error: Any, status: int
) -> None:
    data_backend.fail_on("*", error)

    answer = browser.get(f"{ROOT}/storages")

    assert answer.status_code == status
    assert answer.json()["retryable"] is True
    assert answer["Retry-After"]


def test_strangers_get_a_401_problem(data_backend: FakeDataBackend, db: None) -> None:
    answer = Client().get(f"{ROOT}/scopes")

    assert answer.json()["code"] == "sign-in-required"


@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "not-a-uuid"])
def test_a_request_that_is_none_is_not_found(browser: Client, key: str) -> None:
    assert browser.get(f"{ROOT}/replica-requests/{key}").status_code == 404
    assert browser.delete(f"{ROOT}/replica-requests/{key}").status_code == 404


def test_the_request_of_another_is_not_found(bob: User, alice: User, dimuon: Did) -> None:
    made = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    other = Client()
    sign_in(other, bob)

    assert other.get(f"{ROOT}/replica-requests/{made.pk}").status_code == 404
    assert other.delete(f"{ROOT}/replica-requests/{made.pk}").status_code == 404
    assert other.get(f"{ROOT}/replica-requests").json()["items"] == []
