"""A Rucio that freezes, talks rubbish or breaks off: what the pages and the API say then."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt.backends import get_backend
from tests.factories import lend, make_identity
from tests.fakes.misbehaving.rucio import MisbehavingRucio, Mood, serve
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db
PAGE = "/data/cms:dimuon"
FILES = f"{PAGE}?tab=files"
API = "/api/v1/data/dids/cms/dimuon"
BUDGET = 0.5
RUBBISH = [Mood.PAGE, Mood.NOISE, Mood.MISSHAPEN, Mood.NOTHING, Mood.FAULT]
FOREIGN = ("secrets", "SELECT", "Traceback", "unexpected", "KeyError")


@pytest.fixture
def rucio(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingRucio]:
    """The portal's Rucio, honest at first, and short waits for it."""
    with serve() as served:
        monkeypatch.setenv("VRE_RUCIO_URL", served.address)
        monkeypatch.setenv("VRE_DATA_BACKEND", "data_mgmt.backends.rucio.RucioBackend")
        monkeypatch.setenv("VRE_PAGE_BUDGET", str(BUDGET))
        monkeypatch.setenv("VRE_UPSTREAM_TIMEOUT", "1")
        get_config.cache_clear()
        get_backend.cache_clear()
        yield served
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()


@pytest.fixture
def alice(alice: User, rucio: MisbehavingRucio) -> User:
    """Alice with a token for Rucio."""
    identity = make_identity(alice, issuer="https://escape.test/", subject="sub-alice")
    lend(identity, "rucio", "token-of-alice")
    cache.clear()
    return alice


def test_the_honest_one_is_understood(browser: Client) -> None:
    text = browser.get(PAGE).text

    assert "Complete at CERN-DISK" in text
    assert "muons_1.root" in browser.get(FILES).text


def test_files_of_no_byte_one_byte_and_20_gibibytes_have_their_sizes(browser: Client) -> None:
    text = browser.get(FILES).text

    assert ">0 B<" in text
    assert ">1 B<" in text
    assert ">20 GiB<" in text


def test_while_it_is_frozen_the_page_tells_what_was_known_within_its_time(
    browser: Client, rucio: MisbehavingRucio
) -> None:
    browser.get(FILES)
    browser.get(PAGE)
    rucio.mood = Mood.FROZEN
    started = time.monotonic()

    answer = browser.get(PAGE)

    assert time.monotonic() - started < BUDGET + 1.5
    assert answer.status_code == 200
    assert "What you see is as of" in answer.text
    assert "Complete at CERN-DISK" in answer.text
    started = time.monotonic()
    assert "muons_1.root" in browser.get(FILES).text
    assert time.monotonic() - started < BUDGET + 1.5


def test_frozen_and_nothing_known_says_try_again(browser: Client, rucio: MisbehavingRucio) -> None:
    rucio.mood = Mood.FROZEN

    page, listed = browser.get(PAGE), browser.get(API)

    assert (page.status_code, listed.status_code) == (504, 504)
    assert "Try again" in page.text
    assert listed.json()["retryable"] is True


@pytest.mark.parametrize("mood", RUBBISH)
@pytest.mark.parametrize("address", [PAGE, FILES, API, f"{API}/files", "/data/", f"{API}/replicas"])
def test_rubbish_is_its_fault_and_nobody_reads_it(
    browser: Client, rucio: MisbehavingRucio, mood: Mood, address: str
) -> None:
    rucio.mood = mood

    answer = browser.get(address)

    assert answer.status_code in {502, 503}
    assert not [word for word in FOREIGN if word in answer.text]


@pytest.mark.parametrize("mood", RUBBISH)
def test_rubbish_does_not_end_up_in_what_is_remembered(
    browser: Client, rucio: MisbehavingRucio, mood: Mood
) -> None:
    browser.get(PAGE)
    rucio.mood = mood
    browser.get(PAGE)
    rucio.mood = Mood.FROZEN

    text = browser.get(PAGE).text

    assert "Complete at CERN-DISK" in text


def test_a_list_cut_in_its_middle_is_told_as_incomplete(
    browser: Client, rucio: MisbehavingRucio
) -> None:
    assert browser.get(PAGE).status_code == 200
    rucio.mood = Mood.CUT

    listed = browser.get(f"{API}/files")

    assert listed.status_code == 502
    assert "muons_1.root" not in listed.text
    assert "broke off" in listed.json()["detail"]
