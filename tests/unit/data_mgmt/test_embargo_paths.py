"""Every way to the contents of a DID asks whether they are kept from somebody."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from data_mgmt.backends import Did
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.streams import cookies_of, scope_of
from vre_portal import downloads
from vre_portal.errors import PortalError, UpstreamUnavailable

pytestmark = pytest.mark.django_db
API = "/api/v1/data"
FILE, DATASET = "cms:muons_1.root", "cms:dimuon"
#: Where the stream server hands contents out.
STREAMED = (
    f"{API}/files/cms/muons_1.root/content",
    f"{API}/dids/cms/dimuon/zip",
    f"{API}/dids/cms/all/zip",
    f"{API}/dids/cms/dimuon/metalink",
    f"{API}/basket/zip",
    f"{API}/basket/metalink",
)
#: Where the pages and the API do.
PAGES = (
    ("get", f"/data/download?as=file&did={FILE}"),
    ("get", f"/data/download?as=zip&did={DATASET}"),
    ("get", f"/data/download?as=metalink&did={DATASET}"),
    ("get", "/data/download?as=zip"),
    ("post", f"/data/download/script?did={DATASET}"),
    ("get", f"{API}/files/cms/muons_1.root/preview"),
)
#: Ends of addresses that hand out contents; a new one belongs into a list above.
KNOWN = {"content", "zip", "metalink", "preview", "download", "download/script"}
SUSPECT = re.compile(r"/(content|zip|metalink|preview|download|script|bytes|raw)$")


@pytest.fixture(autouse=True)
def held(data_backend: FakeDataBackend, alice: User, bob: User, dimuon: Did) -> None:
    """The dataset is Alice's group's."""
    told = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}
    data_backend.descriptions[dimuon].update(told)
    alice.groups = ["/escape/cms"]
    alice.save()


def browser_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    sign_in(client, user)
    client.post("/data/basket/add", {"did": DATASET})
    return client


def streamed(user: User, address: str) -> PortalError | None:
    """Return what the stream server would refuse, before a byte of it."""
    browser_of(user)
    wanted = downloads.wanted_of(
        scope_of(address, "", {"host": "testserver", "cookie": cookies_of(user)})
    )
    assert wanted is not None
    try:
        downloads.prepare_download(wanted)
    except PortalError as exc:
        return exc
    return None


def sent(user: User, method: str, address: str) -> tuple[int, str]:
    path, _, query = address.partition("?")
    client = browser_of(user)
    if method == "post":
        answer = client.post(path, dict(part.split("=") for part in query.split("&")))
    else:
        answer = client.get(address)
    return answer.status_code, b"".join(answer).decode()


@pytest.mark.parametrize("address", STREAMED)
def test_the_stream_server_gives_it_to_members_only(alice: User, bob: User, address: str) -> None:
    refused = streamed(bob, address)

    assert refused is not None
    assert (refused.status, "/escape/cms" in refused.message) == (403, True)
    given = streamed(alice, address)
    assert given is None or given.status != 403


@pytest.mark.parametrize(("method", "address"), PAGES)
def test_the_pages_and_the_api_give_it_to_members_only(
    alice: User, bob: User, method: str, address: str
) -> None:
    status, told = sent(bob, method, address)

    assert (status, "proprietary to /escape/cms" in told) == (403, True)
    assert sent(alice, method, address)[0] != 403


@pytest.mark.parametrize("address", STREAMED)
def test_in_doubt_nothing_is_given(
    bob: User, data_backend: FakeDataBackend, dimuon: Did, address: str
) -> None:
    data_backend.descriptions[dimuon].clear()
    data_backend.fail_on("parents_of", UpstreamUnavailable("Rucio does not answer."))

    refused = streamed(bob, address)

    assert refused is not None
    assert refused.status == 503


def test_each_address_of_contents_is_looked_at_here() -> None:
    found = set()

    def collect(resolver: URLResolver, before: str) -> None:
        for part in resolver.url_patterns:
            here = before + str(part.pattern)
            if isinstance(part, URLResolver):
                collect(part, here)
            elif isinstance(part, URLPattern) and SUSPECT.search(here) and "data/" in here:
                found.add(here)

    collect(get_resolver(), "")

    ends = tuple(f"/{end}" for end in KNOWN)
    assert [here for here in sorted(found) if not here.endswith(ends)] == []
    assert downloads.ADDRESSES.keys() == {"content", "zip", "metalink"}
