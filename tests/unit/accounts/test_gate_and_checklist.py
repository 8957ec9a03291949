"""The terms, the checklist of accounts, provisioning and its repair."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from accounts import provisioning, services
from accounts.models import AccountState, BackendAccount, User
from tests.factories import make_user, sign_in
from vre_portal import operations
from vre_portal.error_mapping import error_page
from vre_portal.errors import CredentialExpired, InvalidRequest, PortalError
from vre_portal.models import Operation


class Rucio:
    """A provisioner that can be told to fail."""

    def __init__(self) -> None:
        self.problem: PortalError | None = None

    def __call__(self, user: User) -> str:
        if self.problem:
            raise self.problem
        return user.handle


@pytest.fixture
def rucio(monkeypatch: pytest.MonkeyPatch) -> Rucio:
    made = Rucio()
    monkeypatch.setattr(provisioning, "_provisions", {"rucio": made})
    return made


@pytest.fixture
def newcomer(db: None) -> User:
    return make_user("newcomer", accepted=False, ready=False)


def test_strangers_are_led_to_the_sign_in(client: Client, db: None) -> None:
    answer = client.get("/accounts/services/")

    assert answer["Location"] == "/accounts/login/?next=%2Faccounts%2Fservices%2F"


def test_nothing_opens_before_the_terms(client: Client, newcomer: User) -> None:
    sign_in(client, newcomer)

    answer = client.get("/")

    assert answer["Location"] == "/accounts/terms/?next=%2F"


def test_the_api_says_that_terms_are_missing(client: Client, newcomer: User) -> None:
    sign_in(client, newcomer)

    answer = client.get("/api/v1/me")

    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_terms_need_the_tick(client: Client, newcomer: User) -> None:
    sign_in(client, newcomer)

    answer = client.post("/accounts/terms/", {"next": "/"})

    assert answer.status_code == 422
    assert not services.has_accepted_terms(newcomer)


def test_accepting_starts_the_accounts(client: Client, newcomer: User, rucio: Rucio) -> None:
    sign_in(client, newcomer)

    client.post("/accounts/terms/", {"accept": "yes", "next": "/"})

    row = newcomer.backend_accounts.get()
    assert (row.service, row.state) == ("rucio", AccountState.WORKING)
    assert Operation.objects.get().subject == row.pk


def test_a_made_account_is_shown_as_done(client: Client, newcomer: User, rucio: Rucio) -> None:
    sign_in(client, newcomer)
    services.accept_terms(newcomer)

    operations.advance(Operation.objects.get().pk)

    page = client.get("/accounts/services/").content.decode()
    assert newcomer.backend_accounts.get().state == AccountState.READY
    assert f"You are {newcomer.handle} there." in page


def test_a_failed_account_shows_why_and_can_be_repaired(
    client: Client, newcomer: User, rucio: Rucio
) -> None:
    sign_in(client, newcomer)
    rucio.problem = InvalidRequest("The name is taken. Write to the operators.")
    services.accept_terms(newcomer)
    operations.advance(Operation.objects.get().pk)
    page = client.get("/accounts/services/").content.decode()
    assert "The name is taken" in page
    rucio.problem = None

    client.post("/accounts/services/rucio/repair/")
    operations.advance(Operation.objects.get(state="waiting").pk)

    assert newcomer.backend_accounts.get().state == AccountState.READY


def test_repairing_twice_starts_once(newcomer: User, rucio: Rucio) -> None:
    services.accept_terms(newcomer)

    services.repair(newcomer, "rucio")

    assert Operation.objects.count() == 1


def test_nobody_repairs_what_they_do_not_have(browser: Client) -> None:
    BackendAccount.objects.all().delete()

    assert browser.post("/accounts/services/rucio/repair/").status_code == 404


def test_who_am_i(browser: Client, alice: User) -> None:
    answer = browser.get("/api/v1/me").json()

    assert answer["handle"] == alice.handle
    assert {row["service"] for row in answer["backends"]} == {"rucio", "jupyterhub", "reana"}


def test_who_am_i_needs_a_sign_in(client: Client, db: None) -> None:
    answer = client.get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "sign-in-required"


def test_an_ended_sign_in_leads_to_the_provider_and_back(
    browser: Client, rf: RequestFactory, alice: User
) -> None:
    request = rf.get("/data/cms:dimuon")
    request.user, request.session = alice, browser.session
    error = CredentialExpired("Your sign-in has ended.", provider="escape")

    page = error_page(request, error).content.decode()

    link = "/accounts/login/?next=%2Fdata%2Fcms%3Adimuon&amp;again=escape"
    assert link in page
    assert browser.get(link.replace("&amp;", "&")).status_code == 200
