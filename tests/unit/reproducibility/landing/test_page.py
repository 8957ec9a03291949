"""The public page of an analysis: what strangers read, and what nobody tells them."""

from __future__ import annotations

from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from reproducibility.landing_views import READERS, SITEMAP_TERMS
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    Deposit,
    DepositState,
    Kind,
    SignedVerdict,
)
from tests.factories import make_user, sign_in
from tests.unit.reproducibility.landing.conftest import DOI, ORCID, PAGE, deposited
from tests.unit.reproducibility.test_badges import a_verdict
from vre_portal.config import get_config
from vre_portal.errors import TooManyRequests

pytestmark = pytest.mark.django_db
NAMES = ("pk", "handle", "email", "display_name")
FORMS = ("", "/metadata.jsonld", "/CITATION.cff", "/citation.bib")


def hidden_version(analysis: Analysis) -> AnalysisVersion:
    """Give an analysis a version that its owner alone sees."""
    return analysis.versions.create(
        number=2, specification="{inputs: {parameters: {secret: 7}}}", content_sha256="2" * 64,
        environment="secret-image:1",
    )  # fmt: skip


def words(address: str = PAGE) -> str:
    """Return what a stranger reads."""
    answer = Client().get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """Return an answer without the number of its request."""
    reference = answer["X-Request-Id"].encode()
    headers = {name: value for name, value in answer.items() if name != "X-Request-Id"}
    return answer.status_code, answer.content.replace(reference, b""), headers


def test_a_stranger_reads_what_it_is_whose_and_what_it_needs(dimuon: Analysis) -> None:
    AnalysisVersion.objects.update(
        code={"repository": "https://git.test/fits", "commit": "c0ffee" * 6, "swhid": "swh:1:dir:0"}
    )

    page = words()

    for part in (
        "Dimuon spectrum", "Selects muon pairs", "Ada Lovelace", f"https://orcid.org/{ORCID}",
        "Apache-2.0", "cms:dimuon", "vre-portal/physics:2026.11", "bins", "results/fit.json",
        "https://git.test/fits", "c0ffee", "swh:1:dir:0",
    ):  # fmt: skip
        assert part in page
    assert "/data/cms:dimuon" not in page


def test_reproduce_this_leads_to_the_sign_in_and_back_to_the_analysis(dimuon: Analysis) -> None:
    site = get_config().public_url
    address = f"{site}/analyses/dimuon/reproduce?version=1"
    assert f'href="{address}"' in words()

    answer = Client().get(address.removeprefix(site))

    assert answer["Location"].startswith("/accounts/login/?next=%2Fanalyses%2Fdimuon%2Freproduce")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_open_is_as_if_it_did_not_exist(dimuon: Analysis, form: str) -> None:
    unknown = told(Client().get(f"/public/analyses/none{form}"))

    for change in ({"landing": False}, {"landing": True, "published": False}):
        Analysis.objects.update(**change)
        closed = told(Client().get(f"{PAGE}{form}"))
        assert closed[0] == unknown[0] == 404
        assert closed[1].replace(b"dimuon", b"none") == unknown[1]
        assert closed[2] == unknown[2]


@pytest.mark.parametrize("form", FORMS)
def test_a_hidden_version_is_never_told(dimuon: Analysis, bob: User, form: str) -> None:
    hidden = hidden_version(dimuon)
    a_verdict(hidden, bob, level="missing")

    page = Client().get(f"{PAGE}{form}")
    asked = Client().get(f"{PAGE}{form}?version=2")
    none = Client().get(f"{PAGE}{form}?version=7")

    assert asked.status_code == none.status_code == 404
    for secret in ("secret", "missing", "Version 2", "version=2"):
        assert secret not in page.content.decode()


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "-1", "1.5"])
def test_a_version_that_there_can_not_be_is_not_there(dimuon: Analysis, number: str) -> None:
    assert Client().get(f"{PAGE}?version={number}").status_code == 404


def test_an_older_version_has_its_own_address(dimuon: Analysis) -> None:
    second = hidden_version(dimuon)
    second.public = True
    second.save()
    Analysis.objects.update(current=second)

    older = words(f"{PAGE}?version=1")

    site = get_config().public_url
    assert "This is version 1" in older
    assert f'<link rel="canonical" href="{site}{PAGE}?version=1">' in older
    assert f'<link rel="canonical" href="{site}{PAGE}">' in words()


def test_no_page_names_who_ran_it_or_owns_it(dimuon: Analysis, alice: User, bob: User) -> None:
    runs = [a_verdict(dimuon.newest, user).run for user in (alice, bob)]
    told = [getattr(user, name) for user in (alice, bob) for name in NAMES]
    secrets = [*map(str, told), *(str(run.pk) for run in runs if run)]

    for form in FORMS:
        page = words(f"{PAGE}{form}")
        assert [each for each in secrets if each and each in page] == []


def test_the_last_verdicts_are_told_and_the_authors_proofs_are_none(
    dimuon: Analysis, bob: User
) -> None:
    a_verdict(dimuon.newest, bob, level="different", kind=Kind.PROOF)
    assert "Nobody has run it again here yet" in words()

    a_verdict(dimuon.newest, bob, level="numerically-equal", environment="same-lock")

    page = words()
    assert "Reproduced once." in page
    assert "numerically equal" in page
    assert "with the same lock" in page
    assert "different" not in page
    assert all(str(each.pk) not in page for each in SignedVerdict.objects.all())


def test_a_deposited_version_is_cited_as_its_record_says(dimuon: Analysis) -> None:
    before = words()
    deposited(dimuon.newest)

    page = words()

    assert "cite it by the address of this page" in before
    assert (
        "Lovelace, Ada (2026). The spectrum of muon pairs (Version 1). Zenodo. "
        f"https://doi.org/{DOI}" in page
    )
    assert "https://zenodo.test/records/1000/files/dimuon-1.crate.zip" in page


def test_a_draft_of_a_deposit_is_not_told(dimuon: Analysis) -> None:
    deposited(dimuon.newest)
    Deposit.objects.update(state=DepositState.READY)

    assert DOI not in words()


def test_a_repository_with_a_token_in_its_address_is_not_shown(dimuon: Analysis) -> None:
    AnalysisVersion.objects.update(code={"repository": "https://me:glpat-1@git.test/fits"})

    for form in FORMS:
        assert "glpat" not in words(f"{PAGE}{form}")


@pytest.mark.parametrize("form", FORMS)
def test_no_cookie_is_set_and_caches_keep_it_for_a_minute(dimuon: Analysis, form: str) -> None:
    first = Client().get(f"{PAGE}{form}")
    again = Client().get(f"{PAGE}{form}", headers={"if-none-match": first["ETag"]})

    assert first["Cache-Control"] == "public, max-age=60"
    assert again.status_code == 304
    assert not first.cookies


def test_what_goes_to_a_browser_with_a_session_is_for_no_shared_cache(
    dimuon: Analysis, bob: User
) -> None:
    reader = Client()
    sign_in(reader, bob)

    answer = reader.get(PAGE)

    assert answer["Cache-Control"] == "private, max-age=60"
    assert answer.content == Client().get(PAGE).content


def test_an_address_reads_so_many_pages_a_minute(dimuon: Analysis) -> None:
    for _ in range(2 * READERS.count):  # the window may end in the midst
        try:
            READERS.use("192.0.2.7")
        except TooManyRequests:
            break

    answers = [Client().get(PAGE, REMOTE_ADDR=f"192.0.2.{host}") for host in (7, 8)]

    assert [answer.status_code for answer in answers] == [429, 200]
    assert 0 < int(answers[0]["Retry-After"]) <= READERS.seconds


def test_it_needs_few_queries_however_much_there_is(dimuon: Analysis, bob: User) -> None:
    for _ in range(5):
        a_verdict(dimuon.newest, bob)
    deposited(dimuon.newest)

    with CaptureQueriesContext(connection) as asked:
        words()

    assert len(asked) <= 8
    assert not any('"content"' in query["sql"].partition(" FROM ")[0] for query in asked)


def test_robots_read_public_pages_and_nothing_else(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()

    assert text.splitlines()[:4] == [
        "User-agent: *", "Allow: /public/", "Allow: /static/", "Disallow: /",
    ]  # fmt: skip
    assert f"Sitemap: {get_config().public_url}/public/sitemap.xml" in text


def test_the_site_map_lists_open_pages_only(client: Client, dimuon: Analysis) -> None:
    def listed() -> list[str | None]:
        tree = ElementTree.fromstring(client.get("/public/sitemap.xml").content)
        return [each.text for each in tree.iter(f"{{{SITEMAP_TERMS}}}loc")]

    before = listed()
    Analysis.objects.update(landing=False)

    assert before == [f"{get_config().public_url}{PAGE}"]
    assert listed() == []


def test_a_reader_who_is_signed_in_sees_the_same_frame(dimuon: Analysis) -> None:
    reader = Client()
    sign_in(reader, make_user("carol"))

    assert b'class="outside"' in reader.get(PAGE).content
