"""The straight line through everything, as a researcher walks it, each hop on the real systems."""

from __future__ import annotations

import re
import uuid
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from demo.stack import Stack
from tests.contract.test_hub_server import Hub, Server
from tests.e2e.conftest import Person

DATASET = "cms:dimuon_synthetic_2026"
STORAGE = "PIC-DISK"
LONG = 150_000


def test_a_stranger_chooses_how_to_sign_in(browser: Any, stack: Stack) -> None:
    stranger = Person(browser, stack, "newcomer")

    page = stranger.open("/data/")

    expect(page).to_have_url(re.compile("/accounts/login/"))
    expect(page.get_by_role("button", name="Sign in with ESCAPE IAM")).to_be_visible()
    stranger.look("login")
    assert stranger.faults == []
    stranger.context.close()


def test_signing_in_makes_an_account_everywhere(researcher: Person) -> None:
    page = researcher.open("/accounts/services/")

    expect(page.get_by_text(re.compile("^You are researcher"))).to_have_count(3)
    researcher.look("services")


def test_somebody_of_another_collaboration_gets_in_too(browser: Any, stack: Stack) -> None:
    colleague = Person(browser, stack, "colleague")

    colleague.sign_in()

    status, me = colleague.api("GET", "/me")
    assert status == 200
    assert me["groups"] == ["km3net"]
    assert {row["state"] for row in me["backends"]} == {"ready"}
    colleague.context.close()


def test_home_says_how_things_are(researcher: Person) -> None:
    page = researcher.open("/")

    expect(page.get_by_role("heading", name="Running now")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rana")
    researcher.look("home")


def test_a_dataset_is_found_by_its_name(researcher: Person) -> None:
    page = researcher.open("/data/")
    researcher.look("data")

    page.goto(f"{researcher.home}/data/?scope=cms&q=*dimuon*")

    expect(
        page.get_by_role("link", name=re.compile("dimuon_synthetic_2026$")).first
    ).to_be_visible()
    researcher.look("search")


def test_a_dataset_shows_files_copies_and_metadata(researcher: Person) -> None:
    page = researcher.open(f"/data/{DATASET}")
    expect(page.get_by_text("Dataset of 7 files")).to_be_visible()
    researcher.look("dataset")

    page.goto(f"{researcher.home}/data/{DATASET}?tab=files")
    expect(page.get_by_role("row")).to_have_count(8)
    researcher.look("dataset-files")
    page.goto(f"{researcher.home}/data/{DATASET}?tab=metadata")
    expect(page.get_by_text("synthetic").first).to_be_visible()


def test_a_copy_is_asked_for_and_watched_until_it_is_there(
    researcher: Person, stack: Stack
) -> None:
    page = researcher.open(f"/data/{DATASET}?tab=where")
    page.locator(f"input[value='{STORAGE}']").check(force=True)
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_text(f"Complete at {STORAGE}: ")).to_be_visible(timeout=LONG)

    researcher.look("request")
    _status, replicas = researcher.api("GET", "/data/dids/cms/dimuon_synthetic_2026/replicas")
    checked = 0
    for path in (stack.state / "rucio" / "rse" / STORAGE).rglob("dimuon_synthetic_2026*"):
        told = checksum_of(replicas, path.name)
        assert told == f"{zlib.adler32(path.read_bytes()):08x}"
        checked += 1
    assert checked == 7


def checksum_of(replicas: Any, name: str) -> str:
    rows = replicas["items"] if isinstance(replicas, dict) else replicas
    return next(str(row["adler32"]) for row in rows if row["name"] == name)


def test_the_rule_is_the_users_own(researcher: Person) -> None:
    _status, me = researcher.api("GET", "/me")
    account = next(row["account"] for row in me["backends"] if row["service"] == "rucio")

    _status, rules = researcher.api("GET", "/data/dids/cms/dimuon_synthetic_2026/rules")

    mine = [row for row in rules["items"] if row["storage"] == STORAGE]
    assert [row["account"] for row in mine] == [account]


def wait_for_lab(lab: Page) -> None:
    lab.wait_for_selector(":is(.jp-Notebook, .jp-Launcher):visible", timeout=LONG)


@pytest.fixture(scope="module")
def lab() -> dict[str, Page]:
    """The session's tab, for the tests that follow each other."""
    return {}


def test_a_session_opens_with_the_data_and_no_second_sign_in(
    researcher: Person, lab: dict[str, Page]
) -> None:
    page = researcher.open("/data/")
    page.get_by_label("Search", exact=True).fill("dimuon")
    page.get_by_label("Search", exact=True).press("Enter")
    # Found and open in three clicks: a facet, the row's own way into a session, the launch.
    page.get_by_label("Narrow the search").get_by_role("link", name="dataset").click()
    page.get_by_role("link", name=f"Open {DATASET} in a session").click()
    researcher.look("launch")
    page.get_by_role("button", name="Launch", exact=True).click()
    opens = page.get_by_role("link", name=re.compile("^Open"))
    expect(opens.first).to_be_visible(timeout=LONG)
    researcher.look("session")

    with researcher.context.expect_page() as opened:
        opens.first.click()

    tab = opened.value
    wait_for_lab(tab)
    assert "token" not in tab.url
    expect(tab.get_by_role("heading", name=DATASET)).to_be_visible()
    lab["tab"] = tab


def test_in_the_session_rucio_knows_the_user(researcher: Person, lab: dict[str, Page]) -> None:
    tab = lab["tab"]
    _status, me = researcher.api("GET", "/me")
    account = next(row["account"] for row in me["backends"] if row["service"] == "rucio")

    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    output = tab.locator(".jp-OutputArea-output")
    expect(output.get_by_text(f"Rucio knows you as {account}").first).to_be_visible(timeout=LONG)
    expect(tab.locator(".jp-OutputArea-output img:visible").first).to_be_visible(timeout=LONG)


def test_a_file_goes_from_the_session_to_rucio(researcher: Person, stack: Stack) -> None:
    _status, sessions = researcher.api("GET", "/sessions")
    _user, handle, session = urlsplit(sessions["items"][0]["url"]).path.split("/")[1:4]
    name = f"from_session_{uuid.uuid4().hex[:8]}.txt"

    printed = Server(Hub(stack), handle, session).shell(
        f"printf 'made in a session' > {name} && python -m vre_session.upload {name}"
    )

    assert f"{name}: sent" in printed
    page = researcher.open("/data/uploads/")
    page.locator("#ended-uploads a", has_text=name).click(timeout=LONG)
    expect(page.locator(".lead")).to_contain_text("17 B")


def test_a_session_is_stopped(researcher: Person, lab: dict[str, Page]) -> None:
    lab["tab"].close(run_before_unload=False)
    page = researcher.open("/sessions/")
    researcher.look("sessions")
    page.get_by_role("main").get_by_role("link", name="dimuon_synthetic_2026").first.click()

    page.get_by_role("main").get_by_role("button", name="Stop").first.click()
    page.locator("dialog[open], [popover]:popover-open").get_by_role("button", name="Stop").click()

    expect(page.locator("main .state").first).to_have_text("stopped", timeout=LONG)


def test_an_analysis_is_reproduced_to_the_bit(researcher: Person) -> None:
    page = researcher.open("/analyses/")
    researcher.look("analyses")
    page.goto(f"{researcher.home}/analyses/dimuon-spectrum")
    researcher.look("analysis")

    page.get_by_role("link", name="Reproduce this").click()
    page.get_by_role("button", name="Reproduce", exact=True).click()

    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("3 of 3 outputs bit-identical", timeout=LONG)
    expect(verdict).to_contain_text("Inputs verified (7 of 7 checksums)")
    expect(verdict).to_contain_text("Environment substituted")
    researcher.look("run")


def test_the_verdict_is_told_by_the_api(researcher: Person) -> None:
    _status, runs = researcher.api("GET", "/runs")

    status, verdict = researcher.api("GET", f"/runs/{runs['items'][0]['id']}/verdict")

    assert status == 200
    assert (verdict["level"], verdict["environment"]) == ("bit-identical", "substituted")


def test_what_is_in_the_basket_is_read_instead_of_the_recorded_inputs(
    researcher: Person,
) -> None:
    page = researcher.open(f"/data/{DATASET}?tab=files")
    page.get_by_role("checkbox", name=re.compile("[.]root$")).first.check()
    page.get_by_role("button", name="Put the checked into the basket").click()
    page.goto(f"{researcher.home}/data/basket/")
    researcher.look("basket")
    page.get_by_role("link", name="Use as inputs").click()
    page.get_by_role("link", name="Use as inputs of The dimuon").click()
    researcher.look("variation")

    page.get_by_role("button", name="Start").click()

    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("From other data than recorded", timeout=LONG)
    expect(verdict).to_contain_text("Inputs verified (1 of 1 checksums)")
    page.goto(f"{researcher.home}/data/basket/")
    page.get_by_role("button", name="Empty the basket").click()


def test_another_persons_run_is_not_there(researcher: Person, people: Any) -> None:
    _status, runs = researcher.api("GET", "/runs")

    status, problem = people("colleague").api("GET", f"/runs/{runs['items'][0]['id']}")

    assert (status, problem["code"]) == (404, "not-found")


def test_signing_out_ends_it(browser: Any, stack: Stack) -> None:
    operator = Person(browser, stack, "operator")
    operator.sign_in()
    page = operator.open("/")

    page.locator("[popovertarget='person-menu'], summary").first.click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_text("Here and at ESCAPE IAM").wait_for()
    operator.open("/data/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    operator.context.close()
