"""The real Rucio and the real storage door, frozen in their middle; and files of odd sizes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.core.cache import cache
from django.test import Client

from accounts.models import AccountState, BackendAccount, User
from benchmarks.memory import Peak
from data_mgmt import services
from data_mgmt.backends import Did, get_backend
from data_mgmt.previews.options import Options
from data_mgmt.services import harvest, previews
from demo.people import PEOPLE, issuer
from demo.process import wait_until
from demo.stack import Stack
from tests.contract.real_parts import GIB, MEBI, frozen, sparse_file
from tests.contract.test_rucio_server import member
from tests.factories import lend, make_identity, make_user, sign_in
from tests.signin import claims_of, exchange, running_stack
from tests.signin import sign_in as sign_in_at_provider
from tests.streams import NDJSON, Reader, cookie_of
from vre_portal.config import get_config
from vre_portal.downloads import Downloads
from vre_portal.raw_asgi import App, Edge
from vre_portal.streaming import Streams

pytestmark = pytest.mark.django_db(transaction=True)

SCOPE, DATASET, OTHER = "astro", "m13", "m13.fits"
PAGE = f"/data/{SCOPE}:{DATASET}"
API = f"/api/v1/data/dids/{SCOPE}/{DATASET}"
BUDGET, UPSTREAM = 0.5, 1.0
#: A page's budget, one call that is under way when it ends, and a busy machine.
MOST_SECONDS = BUDGET + UPSTREAM + 1.0
RECOVERY_SECONDS = 10.0
LARGE = 64 * MEBI
MOST_MEMORY = 24 * MEBI
FOREIGN = ("Traceback", "Connection", "127.0.0.1:", "HTTPConnectionPool", "urllib3")


@pytest.fixture(scope="module")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, str]:
    """The researcher's own tokens for Rucio and for storages, with its account there."""
    signed_in = sign_in_at_provider(stack, "researcher")
    of_storages = get_config().storage_audience
    lent = {each: exchange(stack, signed_in, each) for each in ("rucio", of_storages)}
    return {**lent, "account": member(stack, "researcher").account}


@pytest.fixture
def rana(
    db: None, stack: Stack, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[User]:
    """The researcher at a portal of the real Rucio."""
    monkeypatch.setenv("VRE_RUCIO_URL", stack.url("rucio"))
    monkeypatch.setenv("VRE_RUCIO_SERVICE_PASSWORD", stack.secret("rucio-root"))
    monkeypatch.setenv("VRE_DATA_BACKEND", "data_mgmt.backends.rucio.RucioBackend")
    get_config.cache_clear()
    get_backend.cache_clear()
    user = make_user("rana", ready=False)
    person = next(person for person in PEOPLE if person.username == "researcher")
    subject = str(claims_of(tokens["rucio"])["sub"])
    identity = make_identity(user, issuer=issuer(stack, person.provider), subject=subject)
    for audience in ("rucio", get_config().storage_audience):
        lend(identity, audience, tokens[audience])
        BackendAccount.objects.create(
            user=user, service=audience, account=tokens["account"], state=AccountState.READY
        )
    yield user
    monkeypatch.undo()
    cache.clear()
    get_config.cache_clear()
    get_backend.cache_clear()


@pytest.fixture
def browser(rana: User) -> Client:
    client = Client()
    sign_in(client, rana)
    return client


@contextmanager
def impatient() -> Iterator[None]:
    """Let the portal wait for others as briefly as a test likes to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VRE_PAGE_BUDGET", str(BUDGET))
        patch.setenv("VRE_UPSTREAM_TIMEOUT", str(UPSTREAM))
        get_config.cache_clear()
        yield
    get_config.cache_clear()


@asynccontextmanager
async def portal() -> AsyncIterator[App]:
    """Yield the portal as a server has it, as far as lists and bytes go."""
    streams = Streams(get_asgi_application())
    downloads = Downloads(streams)
    yield Edge(downloads)
    await downloads.close()
    await streams.close()


def read(
    browser: Client, path: str, query: str = "", *, accept: str = "*/*", **more: str
) -> Reader:
    """Return the answer of the whole portal, by its ASGI app."""

    async def ask() -> Reader:
        async with portal() as app:
            return await Reader(cookie_of(browser), accept, **more).get(app, path, query)

    return asyncio.run(ask())


def content_of(did: Did) -> str:
    return f"/api/v1/data/files/{did.scope}/{did.name}/content"


def test_while_rucio_is_frozen_pages_and_lists_say_so_in_their_time_and_are_well_afterwards(
    stack: Stack, rana: User, browser: Client
) -> None:
    harvest.find_scopes()
    harvest.harvest(SCOPE)
    search = f"/data/?q=scope:{SCOPE}+{DATASET}"
    before = browser.get(PAGE)
    found_before = browser.get(search)
    with impatient(), frozen(stack, "rucio"):
        known, took = _timed(browser, PAGE)
        never_seen, took_never_seen = _timed(browser, f"/data/{SCOPE}:{OTHER}")
        cache.delete(f"index-scopes:{rana.pk}")  # as after a minute
        found, took_found = _timed(browser, search)
        front, took_front = _timed(browser, "/data/")
        refused, took_refused = _timed(browser, API)
        started = time.monotonic()
        listed = read(browser, "/api/v1/data/dids", f"scope={SCOPE}", accept=NDJSON)
        took_listed = time.monotonic() - started
    # What nobody waits for any more it answers first.
    assert wait_until(lambda: _is_well(browser.get(PAGE)), RECOVERY_SECONDS)
    listed_after = read(browser, "/api/v1/data/dids", f"scope={SCOPE}", accept=NDJSON)

    times = [took, took_never_seen, took_found, took_front, took_refused, took_listed]
    assert max(times) < MOST_SECONDS, times
    assert _is_well(before)
    assert found_before.status_code == 200
    assert known.status_code == 200
    assert "Rucio does not answer" in known.text
    assert "What you see is as of" in known.text
    assert "CERN-DISK" in known.text
    assert never_seen.status_code == 504
    assert "Rucio does not answer as it should" in never_seen.text
    assert "Try again" in never_seen.text
    assert (found.status_code, front.status_code) == (200, 200)
    assert "Rucio does not answer" in front.text
    assert f'href="{PAGE}' in found.text
    assert (refused.status_code, refused.json()["retryable"]) == (504, True)
    assert listed.status == 504
    assert "did not answer in time" in listed.problem()["detail"]
    texts = [known.text, never_seen.text, found.text, front.text, refused.text]
    texts.append(listed.body.decode())
    assert not [word for text in texts for word in FOREIGN if word in text]
    assert listed_after.complete
    assert DATASET in listed_after.body.decode()


def test_a_download_whose_storage_freezes_is_cut_and_comes_whole_afterwards(
    stack: Stack, browser: Client
) -> None:
    async def freeze_in_the_middle(did: Did) -> Reader:
        reader = Reader(cookie_of(browser), "*/*")
        async with portal() as app:
            reading = asyncio.create_task(reader.get(app, content_of(did)))
            await reader.arrived.wait()
            reader.reading.clear()
            with frozen(stack, "storage"):
                reader.reading.set()
                return await reading

    with sparse_file(stack, LARGE, tail=b"end") as did:
        with impatient():
            cut = asyncio.run(freeze_in_the_middle(did))
        fresh = read(browser, content_of(did))

    assert cut.status == 200
    assert cut.header(b"content-length") == str(LARGE)
    assert 0 < len(cut.body) < LARGE
    assert not cut.complete
    assert (fresh.status, fresh.complete) == (200, True)
    assert len(fresh.body) == LARGE
    assert fresh.body.endswith(b"\0end")


def test_a_frozen_storage_is_told_before_the_first_byte_and_instead_of_a_preview(
    stack: Stack, rana: User, browser: Client
) -> None:
    with sparse_file(stack, 3, tail=b"a,b", suffix=".csv") as did:
        info = services.ask(rana, lambda backend, who: backend.get_did(who, did))
        with impatient(), frozen(stack, "storage"):
            started = time.monotonic()
            download = read(browser, content_of(did))
            previews.make(rana.pk, did, Options(), previews._key(info, Options()))
            took = time.monotonic() - started
        told = browser.get(f"/api/v1/data/files/{did.scope}/{did.name}/preview")
        page = browser.get(f"/data/{did}?tab=preview")
        cache.clear()
        previews.make(rana.pk, did, Options(), previews._key(info, Options()))
        afterwards = browser.get(f"/api/v1/data/files/{did.scope}/{did.name}/preview")

    assert took < 2 * MOST_SECONDS
    assert download.status == 504
    assert "did not answer in time" in download.problem()["detail"]
    assert (told.status_code, told.json()["retryable"]) == (503, True)
    assert "No storage could give" in told.json()["detail"]
    assert page.status_code == 200
    assert "No storage could give" in page.text
    assert (afterwards.status_code, afterwards.json()["state"]) == (200, "ready")


def test_the_end_of_a_20_gib_file_comes_at_once_and_in_little_memory(
    stack: Stack, browser: Client
) -> None:
    size = 20 * GIB
    wanted = 8 * MEBI
    with sparse_file(stack, size, tail=b"end") as did, Peak(os.getpid()) as peak:
        end = read(browser, content_of(did), range=f"bytes=-{wanted}")
        page = browser.get(f"/data/{did}")

    assert (end.status, end.complete) == (206, True)
    assert end.header(b"content-range") == f"bytes {size - wanted}-{size - 1}/{size}"
    assert bytes(end.body) == bytes(wanted - 3) + b"end"
    assert peak.grown < MOST_MEMORY
    assert "20 GiB" in page.text


@pytest.mark.parametrize("content", [b"", b"x"], ids=["no byte", "one byte"])
def test_the_smallest_files_come_whole_and_have_a_page(
    stack: Stack, browser: Client, content: bytes
) -> None:
    with sparse_file(stack, len(content), tail=content) as did:
        answer = read(browser, content_of(did))
        page = browser.get(f"/data/{did}")

    assert (answer.status, answer.complete) == (200, True)
    assert bytes(answer.body) == content
    assert answer.header(b"content-length") == str(len(content))
    assert page.status_code == 200
    assert f"{len(content)} B" in page.text


def _is_well(page: Any) -> bool:
    return page.status_code == 200 and "Rucio does not answer" not in page.text


def _timed(browser: Client, address: str) -> tuple[Any, float]:
    started = time.monotonic()
    answer = browser.get(address)
    return answer, time.monotonic() - started
