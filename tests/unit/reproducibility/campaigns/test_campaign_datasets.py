"""The table of a campaign becomes a dataset in Rucio that says how to make it again: once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from django.template import Context, Template
from django.test import Client

from accounts.models import AuditEvent, User
from activity import services as activity
from data_mgmt.backends import Did
from data_mgmt.models_uploads import Upload
from reproducibility.models import Campaign, PointState, Registration
from reproducibility.services.campaigns import datasets, exporting, making
from reproducibility.services.register_checks import Asked
from tests.factories import lend, sign_in
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflow_state import Killed
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end
from tests.unit.reproducibility.files.registered import work
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, PortalError, QuotaExceeded

JSON = "application/json"
FILES = {"scan/results.csv", "scan/results.parquet", "scan/campaign.json"}


@pytest.fixture(autouse=True)
def _storages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alice: User, data_backend: FakeDataBackend
) -> None:
    """A disk where Alice has a GiB, and room for uploads."""
    monkeypatch.setenv("VRE_UPLOAD_FOLDER", str(tmp_path / "uploads"))
    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", "0")
    get_config.cache_clear()
    lend(alice.identities.get(), get_config().storage_audience, "storage-token-of-alice")
    data_backend.add_storage("CERN-DISK", free=10 * GIB)
    data_backend.set_limit(alice.handle, "CERN-DISK", GIB)
    data_backend.scopes.add(f"user.{alice.handle}")


@pytest.fixture
def ended(alice: User, make: Make) -> Campaign:
    """A campaign of three points that has finished."""
    made = make(3, source={"kind": "random", "seed": 17})
    return to_its_end(making.go_on(alice, made.pk))


@pytest.fixture
def browser(alice: User, client: Client) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


def test_the_table_becomes_a_dataset_with_all_that_made_it(
    alice: User, ended: Campaign, data_backend: FakeDataBackend
) -> None:
    done = work(datasets.register(alice, ended.pk, Asked("scan")))

    assert done.state == "done", done.message
    did = Did(f"user.{alice.handle}", "scan")
    assert {file.name for file in data_backend.children[did]} == FILES
    table = data_backend.files[Did(did.scope, "scan/results.csv")].content.decode()
    assert table == "".join(exporting.csv_lines(ended))
    parquet = data_backend.files[Did(did.scope, "scan/results.parquet")].content
    assert (parquet[:4], parquet[-4:]) == (b"PAR1", b"PAR1")
    told = json.loads(data_backend.files[Did(did.scope, "scan/campaign.json")].content)
    assert told["analysis"]["slug"] == "dimuon"
    assert told["analysis"]["content_sha256"] == ended.version.content_sha256
    assert told["source"] == {"kind": "random", "seed": 17}
    assert told["counts"] == {"finished": 3}
    assert told["results"][0]["where"] == "mass"
    said = data_backend.descriptions[did]
    assert said["campaign_id"] == str(ended.pk)
    assert (said["analysis"], said["analysis_version"], said["points"]) == ("dimuon", 1, 3)
    assert json.loads(str(said["points_source"]))["seed"] == 17


def test_it_stands_on_the_timeline_and_in_the_audit_log(alice: User, ended: Campaign) -> None:
    work(datasets.register(alice, ended.pk, Asked("scan")))

    verbs = [event.verb for event in activity.timeline(alice, ("campaign", ended.pk))]
    assert verbs[:2] == ["campaign.registered", "campaign.registering"]
    assert AuditEvent.objects.filter(action="campaign.register-asked").exists()


def test_without_the_cage_the_dataset_has_no_parquet(
    alice: User, ended: Campaign, monkeypatch: pytest.MonkeyPatch, data_backend: FakeDataBackend
) -> None:
    monkeypatch.delenv("VRE_PREVIEW_PYTHON")
    get_config.cache_clear()

    done = work(datasets.register(alice, ended.pk, Asked("scan")))

    assert done.state == "done", done.message
    names = {file.name for file in data_backend.children[done.dataset]}
    assert names == FILES - {"scan/results.parquet"}


@pytest.mark.parametrize("method", ["register_file", "attach", "set_metadata", "store"])
def test_a_worker_killed_at_any_change_does_nothing_twice(
    alice: User, ended: Campaign, data_backend: FakeDataBackend, method: str
) -> None:
    made = datasets.register(alice, ended.pk, Asked("scan"))
    data_backend.fail_on(method, cast("PortalError", Killed()))

    with pytest.raises(Killed):
        work(made)
    data_backend.fail_on(method, None)
    done = work(made)

    assert done.state == "done", done.message
    assert {file.name for file in data_backend.children[made.dataset]} == FILES
    assert Upload.objects.count() == len(FILES)


def test_one_that_failed_goes_on_with_the_rest(
    alice: User, ended: Campaign, data_backend: FakeDataBackend
) -> None:
    made = datasets.register(alice, ended.pk, Asked("scan"))
    data_backend.fail_on("register_file", Conflict("Rucio says no."))
    why = work(made).message
    data_backend.fail_on("register_file", None)

    datasets.retry(alice, ended.pk, made.pk)

    assert "Rucio says no." in why
    assert work(made).state == "done"
    assert Upload.objects.count() == len(FILES)


def test_a_table_is_registered_once_as_it_stands(alice: User, ended: Campaign) -> None:
    work(datasets.register(alice, ended.pk, Asked("scan")))

    with pytest.raises(datasets.TableRegistered) as refused:
        datasets.register(alice, ended.pk, Asked("other"))

    assert refused.value.url == f"/campaigns/{ended.pk}/dataset"


def test_another_table_of_the_same_campaign_is_registered_beside_the_first(
    alice: User, ended: Campaign
) -> None:
    work(datasets.register(alice, ended.pk, Asked("scan")))
    ended.points.filter(number=1).update(state=PointState.FAILED)
    making.retry_failed(alice, ended.pk)
    to_its_end(ended)

    assert work(datasets.register(alice, ended.pk, Asked("scan-2"))).state == "done"


def test_a_campaign_that_goes_on_meanwhile_fails_its_registration(
    alice: User, ended: Campaign
) -> None:
    made = datasets.register(alice, ended.pk, Asked("scan"))
    ended.points.filter(number=1).update(state=PointState.FAILED)
    making.retry_failed(alice, ended.pk)

    done = work(made)

    assert done.state == "failed"
    assert "has gone on since" in done.message
    with pytest.raises(Conflict, match="anew"):
        datasets.retry(alice, ended.pk, made.pk)


def test_a_campaign_that_goes_on_or_has_not_begun_is_not_registered(
    alice: User, make: Make
) -> None:
    campaign = make(2)
    with pytest.raises(Conflict, match="not begun"):
        datasets.register(alice, campaign.pk, Asked("scan"))

    making.go_on(alice, campaign.pk)

    with pytest.raises(Conflict, match="goes on"):
        datasets.register(alice, campaign.pk, Asked("scan"))


def test_a_paused_campaign_whose_points_still_run_is_not_registered(
    alice: User, ended: Campaign
) -> None:
    ended.points.filter(number=1).update(state=PointState.RUNNING)

    with pytest.raises(Conflict, match="once its runs have ended"):
        datasets.register(alice, ended.pk, Asked("scan"))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked("not a name"), "dataset"),
        (Asked("taken"), "dataset"),
        (Asked("x", scope="cms"), "scope"),
        (Asked("x", storage="NOWHERE"), "storage"),
    ],
)
def test_what_can_not_be_is_refused_by_its_field_before_anything_moves(
    alice: User, ended: Campaign, data_backend: FakeDataBackend, asked: Asked, field: str
) -> None:
    data_backend.add_dataset(f"user.{alice.handle}:taken")

    with pytest.raises(InvalidRequest) as refused:
        datasets.register(alice, ended.pk, asked)

    assert refused.value.field == field
    assert not Registration.objects.exists()


def test_too_little_quota_is_refused_before_anything_moves(
    alice: User, ended: Campaign, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "CERN-DISK", 10)

    with pytest.raises(QuotaExceeded):
        datasets.register(alice, ended.pk, Asked("scan", storage="CERN-DISK"))

    assert not Registration.objects.exists()


def test_a_campaign_that_others_may_see_is_registered_by_its_owner_alone(
    bob: User, ended: Campaign
) -> None:
    Campaign.objects.filter(pk=ended.pk).update(public=True)
    type(ended.version).objects.filter(pk=ended.version_id).update(public=True)

    with pytest.raises(Forbidden):
        datasets.register(bob, ended.pk, Asked("scan"))


def test_the_api_registers_tells_how_far_it_is_and_tries_again(
    browser: Client, ended: Campaign, data_backend: FakeDataBackend
) -> None:
    where = f"/api/v1/campaigns/{ended.pk}/datasets"
    data_backend.fail_on("register_file", Conflict("Rucio says no."))

    made = browser.post(where, {}, JSON)
    work(Registration.objects.get())
    data_backend.fail_on("register_file", None)
    one = f"{where}/{made.json()['id']}"
    failed = browser.get(one).json()
    again = browser.post(one)
    work(Registration.objects.get())

    assert (made.status_code, again.status_code) == (202, 202)
    assert made.json()["campaign"] == str(ended.pk)
    assert f"dimuon-campaign-{str(ended.pk)[:8]}" in made.json()["dataset"]
    assert failed["state"] == "failed"
    [listed] = browser.get(where).json()["items"]
    assert listed["state"] == "done"
    assert listed["progress"]["files_done"] == len(FILES)
    assert browser.post(where, {}, JSON).json()["url"] == f"/campaigns/{ended.pk}/dataset"


def test_the_page_registers_and_shows_how_far_it_is(
    browser: Client, alice: User, ended: Campaign
) -> None:
    where = f"/campaigns/{ended.pk}/dataset"
    form = browser.get(where).text

    answer = browser.post(where, {"dataset": "scan", "scope": f"user.{alice.handle}"})

    assert 'value="dimuon-campaign-' in form
    assert answer["Location"] == where
    made = Registration.objects.get()
    assert f'data-live="registration:{made.pk}"' in browser.get(where).text
    work(made)
    page = browser.get(where).text
    assert "Open the dataset" in page
    assert 'name="dataset"' not in page
    assert "Open the dataset" in browser.get(f"{where}?fragment=body").text


def test_a_refused_form_says_why_at_the_field(
    browser: Client, alice: User, ended: Campaign
) -> None:
    sent = {"dataset": "odd name", "scope": f"user.{alice.handle}"}

    answer = browser.post(f"/campaigns/{ended.pk}/dataset", sent)

    assert answer.status_code == 422
    assert 'value="odd name"' in answer.text
    assert "A name has" in answer.text


def test_a_failed_one_shows_why_and_goes_on_by_a_button(
    browser: Client, alice: User, ended: Campaign, data_backend: FakeDataBackend
) -> None:
    made = datasets.register(alice, ended.pk, Asked("scan"))
    data_backend.fail_on("register_file", Conflict("Rucio says no."))
    work(made)
    data_backend.fail_on("register_file", None)
    where = f"/campaigns/{ended.pk}/dataset"

    page = browser.get(where).text
    browser.post(f"{where}/{made.pk}/retry")

    assert "Rucio says no." in page
    assert f'action="{where}/{made.pk}/retry"' in page
    assert work(made).state == "done"


def test_a_campaign_that_goes_on_says_so_in_place_of_the_form(browser: Client, make: Make) -> None:
    page = browser.get(f"/campaigns/{make(2).pk}/dataset").text

    assert "has not begun" in page
    assert 'name="dataset"' not in page


def test_the_card_of_a_campaign_offers_its_formats_and_leads_to_its_dataset(
    alice: User, bob: User, ended: Campaign
) -> None:
    words = "{% load campaign_results %}{% campaign_dataset campaign user %}"

    mine = Template(words).render(Context({"campaign": ended, "user": alice}))
    theirs = Template(words).render(Context({"campaign": ended, "user": bob}))

    assert "results?format=parquet" in mine
    assert f"/campaigns/{ended.pk}/dataset" in mine
    assert "results?format=csv" in theirs
    assert "/dataset" not in theirs
