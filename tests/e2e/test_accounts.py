"""Accounts as their owners handle them: the sign-in page, identities, tokens, browsers, leaving."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from demo.stack import Stack
from tests.e2e.conftest import Person
from tests.signin import TIMEOUT

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def visitor(browser: Browser, stack: Stack) -> Iterator[Callable[..., Person]]:
    """People at browsers of their own, who are signed in nowhere; faulty pages fail the test."""
    came: list[Person] = []

    def come(username: str, *, scripts: bool = True) -> Person:
        came.append(Person(browser, stack, username, scripts=scripts))
        return came[-1]

    yield come
    for person in came:
        person.context.close()
    assert [fault for person in came for fault in person.faults] == []


def ask(stack: Stack, token: str, path: str = "/me") -> requests.Response:
    """Call the API as a script does."""
    bearer = {"Authorization": f"Bearer {token}"}
    return requests.get(stack.url("portal", f"/api/v1{path}"), headers=bearer, timeout=TIMEOUT)


def shown_hint(page: Page) -> list[str]:
    """Return which institution the provider was told, as its page's address keeps it."""
    inner = parse_qs(urlsplit(page.url).query).get("next", [page.url])[0]
    return parse_qs(urlsplit(inner).query).get("aarc_idp_hint", [])


def test_an_institution_is_found_and_chosen_with_the_keyboard_alone(
    visitor: Callable[..., Person],
) -> None:
    person = visitor("colleague")
    page = person.open("/accounts/login/")

    page.keyboard.type("gottingen")
    expect(page.get_by_role("status")).to_contain_text("institutions fit")
    expect(page.get_by_text("Universität Göttingen (demo)")).to_be_visible()
    person.look("institutions")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Sign in")
    page.keyboard.press("Enter")

    page.wait_for_selector("input[name=password]")
    assert shown_hint(page)


def test_the_last_choice_is_remembered_on_the_device_and_forgotten(
    visitor: Callable[..., Person],
) -> None:
    person = visitor("colleague")
    person.open("/accounts/login/?q=northbridge")
    person.page.get_by_role("button", name="Sign in at University of Northbridge").click()
    person.page.wait_for_selector("input[name=password]")

    page = person.open("/accounts/login/")
    expect(
        page.get_by_role("button", name=re.compile("^Continue with .*Northbridge"))
    ).to_be_visible()
    person.look("login-again")
    page.get_by_role("button", name="Forget it").click()

    expect(page.get_by_role("button", name=re.compile("^Continue with"))).to_have_count(0)


def test_an_institution_is_found_without_a_script(visitor: Callable[..., Person]) -> None:
    person = visitor("colleague", scripts=False)
    page = person.open("/accounts/login/")

    page.fill("input[name=q]", "gottingen")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("status")).to_contain_text("institutions fit")


def test_who_is_in_no_group_is_told_how_to_ask(visitor: Callable[..., Person]) -> None:
    person = visitor("outsider")

    person.sign_in()

    page = person.page
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You are signed in, but in no group yet"
    )
    expect(page.get_by_text("Please add me to a group")).to_be_visible()
    person.look("membership")


def test_what_the_institute_does_not_tell_is_named(visitor: Callable[..., Person]) -> None:
    person = visitor("stranger")

    person.sign_in()

    page = person.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("did not work")
    expect(page.get_by_text("- mail (scope email)")).to_be_visible()
    person.look("attributes")


def test_the_checklist_is_checked_with_the_keyboard_alone(researcher: Person) -> None:
    page = researcher.open("/accounts/services/")

    page.get_by_role("button", name="Check").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text(re.compile("^You are researcher"))).to_have_count(3)
    expect(page.get_by_text("done")).to_have_count(3)
    researcher.look("checklist")


def test_a_token_is_made_used_and_revoked(researcher: Person, stack: Stack) -> None:
    page = researcher.open("/accounts/tokens/new/")
    researcher.prove_again()
    page.get_by_label("What it is for").fill("the nightly script")
    researcher.look("token-new")
    page.get_by_role("button", name="Make the token").click()
    secret = page.get_by_text(re.compile("^vre_")).first.inner_text().strip()

    told = ask(stack, secret)
    refused = requests.post(
        stack.url("portal", "/api/v1/sessions"), json={}, timeout=TIMEOUT,
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    page = researcher.open("/accounts/tokens/")
    assert secret not in page.content()
    researcher.look("tokens")
    page.get_by_role("button", name="Revoke the nightly script").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    page.get_by_role("heading", name="Ended").wait_for()

    assert told.json()["display_name"] == "Rana Researcher"
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert ask(stack, secret).status_code == 401


def test_a_command_line_signs_in_by_its_code(visitor: Callable[..., Person], stack: Stack) -> None:
    person = visitor("datamanager")
    person.sign_in()
    form = {"client_id": "cli", "scope": "openid read"}
    begun = requests.post(
        stack.url("portal", "/oauth/device_authorization/"), data=form, timeout=TIMEOUT
    ).json()

    page = person.open("/oauth/device/")
    person.look("device")
    page.get_by_label("Code").fill(begun["user_code"].lower())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Read everything that you can see")).to_be_visible()
    person.look("device-asked")
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The command line is signed in")

    page.wait_for_timeout(1000 * begun["interval"])  # RFC 8628 lets nobody ask sooner
    poll = {"grant_type": GRANT, "device_code": begun["device_code"], "client_id": "cli"}
    token = requests.post(stack.url("portal", "/oauth/token/"), data=poll, timeout=TIMEOUT).json()
    assert ask(stack, token["access_token"]).json()["display_name"] == "Dana Datamanager"
    person.open("/accounts/browsers/")
    person.look("browsers")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("heading", name="You are signed out").wait_for()
    assert ask(stack, token["access_token"]).status_code == 401


def test_a_second_identity_is_merged_and_taken_away_again(
    visitor: Callable[..., Person], stack: Stack
) -> None:
    person, other = visitor("datamanager"), visitor("outsider")
    other.sign_in()
    person.sign_in()
    page = person.open("/accounts/identities/link/")
    person.prove_again()
    person.look("link")

    page.locator("form[action='/accounts/login/checkin/'] button").click()
    person.enter_password(other.account)
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge these two accounts?")
    person.look("merge")
    page.get_by_role("button", name="Merge the accounts").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Linked. You can sign in both ways now.")).to_be_visible()
    person.look("identities")
    _status, me = person.api("GET", "/me")
    page.get_by_role("link", name="Unlink Check-in").click()
    person.look("unlink")
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("Unlinked. One cannot")).to_be_visible()

    assert {one["provider"] for one in me["identities"]} == {"escape", "checkin"}
    other.open("/")
    expect(other.page).to_have_url(re.compile("/accounts/login/"))


def test_signing_out_at_the_provider_ends_the_open_page(
    visitor: Callable[..., Person], stack: Stack
) -> None:
    person = visitor("colleague")
    person.sign_in()
    page = person.open("/")
    tab = person.context.new_page()
    tab.goto(stack.url("iam-checkin", "/oidc/logout"))

    tab.get_by_role("button").first.click()

    expect(page.get_by_text("You were signed out: what you see is no longer live.")).to_be_visible()
    person.look("signed-out-elsewhere")
    page.get_by_role("link", name="Sign in again").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_one_takes_ones_data_and_changes_ones_mind_about_leaving(
    visitor: Callable[..., Person],
) -> None:
    person = visitor("colleague")
    person.sign_in()
    page = person.open("/accounts/data/")
    person.look("data")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    taken = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))

    handle = person.api("GET", "/me")[1]["handle"]
    page.get_by_role("link", name="Delete my account").click()
    person.prove_again()
    page.get_by_label(f"Type {handle} to confirm").fill(handle)
    person.look("delete")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_role("heading", name="You are signed out").wait_for()
    page.get_by_role("link", name="Sign in again").click()
    page.locator("form[action='/accounts/login/checkin/'] button").last.click()
    expect(page.get_by_text("Your account is about to be deleted")).to_be_visible()
    person.look("leaving")
    page.get_by_role("button", name="Keep my account").click()

    expect(page.get_by_text("Your account stays.")).to_be_visible()
    assert person.api("GET", "/me")[0] == 200
    profile = json.loads(taken.read("profile.json"))
    assert "colleague@example.org" in json.dumps(profile)


def test_an_operator_suspends_somebody_and_lets_them_in_again(
    visitor: Callable[..., Person],
) -> None:
    operator, person = visitor("operator"), visitor("colleague")
    person.sign_in()
    home = person.open("/")
    operator.sign_in()
    page = operator.open("/accounts/people/?q=Coline")
    operator.look("people")
    page.get_by_role("link", name="Coline Colleague").first.click()
    page.get_by_label("Reason").fill("asked about a strange sign-in")
    operator.look("person")
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()

    expect(page.get_by_text("Suspended everywhere")).to_be_visible()
    expect(home.get_by_text("You were signed out")).to_be_visible()
    page.get_by_role("button", name="Reinstate").click()
    expect(page.get_by_text("Reinstated.")).to_be_visible()
    page.get_by_role("link", name="What was done to their account").click()
    operator.look("audit")
    expect(page.get_by_text("account.suspended").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert "account.reinstated" in Path(download.value.path()).read_text()
