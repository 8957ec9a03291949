"""Outputs of a run become a dataset in Rucio that says what made it: once, whatever dies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from activity import services as activity
from data_mgmt.backends import Did
from data_mgmt.models_uploads import Upload
from data_mgmt.services import embargo, uploads
from reproducibility import session_links
from reproducibility.models import FileState, RegisteredFile, Registration, Run, RunState
from reproducibility.services import register_steps, registering
from reproducibility.services.register_checks import AlreadyRegistered, Asked, names_of
from reproducibility.services.workspace import Entry, Kind
from tests.factories import lend
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflow_state import FakeWorkflow, Killed
from tests.unit.reproducibility.conftest import RECORDED
from tests.unit.reproducibility.files.conftest import INPUT, TABLE, uploaded
from tests.unit.reproducibility.files.registered import turn, work
from tests.unit.reproducibility.files.workspaces import PIECE, FakeWorkspaces
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    UpstreamUnavailable,
)
from vre_portal.models import Operation
from vre_portal.operations import Done

pytestmark = pytest.mark.django_db

TABLE_PATH = "results/tables/muons.csv"
OUTPUTS = ("results/fit.json", "results/mass.png")


@pytest.fixture(autouse=True)
def _storages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alice: User, data_backend: FakeDataBackend
) -> None:
    """Two disks where Alice has a GiB each, and room for uploads."""
    monkeypatch.setenv("VRE_UPLOAD_FOLDER", str(tmp_path / "uploads"))
    monkeypatch.setenv("VRE_UPLOAD_SPARE_BYTES", "0")
    get_config.cache_clear()
    lend(alice.identities.get(), get_config().storage_audience, "storage-token-of-alice")
    for name in ("CERN-DISK", "LAPP-DISK"):
        data_backend.add_storage(name, free=10 * GIB)
        data_backend.set_limit(alice.handle, name, GIB)
    data_backend.scopes.add(f"user.{alice.handle}")


def dataset_of(user: User) -> Did:
    return Did(f"user.{user.handle}", "dimuon-run-1")


def test_the_outputs_become_a_dataset_with_its_provenance(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("dimuon-run-1", storage="LAPP-DISK"))

    done = work(made)

    did = dataset_of(alice)
    assert done.state == "done", done.message
    assert {file.name for file in data_backend.children[did]} == {
        f"dimuon-run-1/{path}" for path in OUTPUTS
    }
    file = Did(did.scope, "dimuon-run-1/results/fit.json")
    assert data_backend.files[file].content == RECORDED["results/fit.json"]
    assert data_backend.files[file].storages == {"LAPP-DISK"}
    told = data_backend.descriptions[did]
    assert told["run_id"] == str(ended.pk)
    assert told["analysis"] == "dimuon"
    assert told["analysis_version"] == 1
    assert told["workflow"] == ended.workflow_name
    assert told["verdict"] == "bit-identical"
    assert json.loads(told["parameters"])["bins"] == 60
    assert data_backend.descriptions[file]["workspace_path"] == "results/fit.json"


def test_the_commit_of_the_code_is_told(alice: User, ended: Run) -> None:
    ended.version.code = {"repository": "https://git.example/a.git", "commit": "ab" * 20}
    ended.version.save()

    made = registering.register(alice, ended.pk, Asked("x"))

    assert made.metadata["code_commit"] == "ab" * 20


def test_without_a_storage_the_first_disk_with_room_takes_them(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "CERN-DISK", 1)

    made = registering.register(alice, ended.pk, Asked("x"))

    assert made.storage == "LAPP-DISK"


def test_chosen_files_alone_are_registered(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    work(registering.register(alice, ended.pk, Asked("tables", files=(TABLE_PATH,))))

    [file] = data_backend.children[Did(f"user.{alice.handle}", "tables")]
    assert data_backend.files[file].content == TABLE


def test_it_stands_on_the_timeline_and_in_the_audit_log(alice: User, ended: Run) -> None:
    work(registering.register(alice, ended.pk, Asked("dimuon-run-1")))

    verbs = [event.verb for event in activity.timeline(alice, ("run", ended.pk))]
    assert verbs[:2] == ["run.registered", "run.registering"]
    assert AuditEvent.objects.filter(action="run.register-asked").exists()


def test_asking_twice_is_told_and_uploads_nothing_twice(alice: User, ended: Run) -> None:
    first = registering.register(alice, ended.pk, Asked("dimuon-run-1"))

    with pytest.raises(AlreadyRegistered) as refused:
        registering.register(alice, ended.pk, Asked("another-name"))
    work(first)
    with pytest.raises(AlreadyRegistered):
        registering.register(alice, ended.pk, Asked("dimuon-run-1"))

    assert refused.value.url == f"/runs/{ended.pk}/registrations/{first.pk}"
    assert len(uploaded(ended)) == len(OUTPUTS)


def test_other_files_of_the_run_join_the_same_dataset(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    work(registering.register(alice, ended.pk, Asked("dimuon-run-1")))
    more = registering.register(alice, ended.pk, Asked("dimuon-run-1", files=(TABLE_PATH,)))

    assert work(more).state == "done"
    assert len(data_backend.children[dataset_of(alice)]) == 3


def test_a_dataset_of_something_else_is_refused(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    data_backend.add_dataset(f"user.{alice.handle}:taken")

    with pytest.raises(InvalidRequest, match="exists already"):
        registering.register(alice, ended.pk, Asked("taken"))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked("not a name"), "dataset"),
        (Asked("x", scope="cms"), "scope"),
        (Asked("x", storage="NOWHERE"), "storage"),
        (Asked("x", files=("results/none",)), "files"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_moves(
    alice: User, ended: Run, asked: Asked, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        registering.register(alice, ended.pk, asked)

    assert refused.value.field == field
    assert not Registration.objects.exists()
    assert not Upload.objects.exists()


def test_too_little_quota_is_refused_before_anything_moves(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)

    with pytest.raises(QuotaExceeded):
        registering.register(alice, ended.pk, Asked("x", storage="LAPP-DISK"))

    assert not Registration.objects.exists()


def test_a_run_that_goes_on_is_not_registered(alice: User, ended: Run) -> None:
    Run.objects.filter(pk=ended.pk).update(state=RunState.RUNNING)

    with pytest.raises(Conflict, match="still goes on"):
        registering.register(alice, ended.pk, Asked("x"))


def test_an_input_under_an_embargo_is_not_registered(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    held = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}
    data_backend.descriptions[Did("cms", "dimuon")] |= held
    embargo.changed()

    with pytest.raises(Forbidden):
        registering.register(alice, ended.pk, Asked("x", files=(INPUT,)))


def test_odd_signs_and_names_that_meet_become_names_of_rucio() -> None:
    paths = ("a b.txt", "a_b.txt", "ü/x.png")
    entries = [Entry(path, Kind.FILE, 1) for path in paths]

    names = names_of(Did("user.a", "d"), entries)

    assert names == ["d/a_b.txt", "d/a_b.txt-2", "d/_/x.png"]


def test_an_empty_file_is_registered_too(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("logs", files=("log.txt",)))

    assert work(made).state == "done"
    [file] = data_backend.children[made.dataset]
    assert data_backend.files[file].content == b""


def test_a_killed_worker_goes_on_behind_the_bytes_that_have_come(
    alice: User, ended: Run, workflow_backend: FakeWorkspaces, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("tables", files=(TABLE_PATH,)))
    workflow_backend.kills_after = 4

    with pytest.raises(Killed):
        work(made)
    workflow_backend.kills_after = None
    done = work(made)

    assert done.state == "done", done.message
    assert workflow_backend.downloads == [(TABLE_PATH, 0), (TABLE_PATH, 4 * PIECE)]
    [file] = data_backend.children[made.dataset]
    assert data_backend.files[file].content == TABLE
    assert len(uploaded(ended)) == 1


@pytest.mark.parametrize("method", ["register_file", "attach", "set_metadata", "store"])
def test_a_worker_killed_at_any_change_does_nothing_twice(
    alice: User, ended: Run, data_backend: FakeDataBackend, method: str
) -> None:
    made = registering.register(alice, ended.pk, Asked("dimuon-run-1"))
    data_backend.fail_on(method, cast("PortalError", Killed()))

    with pytest.raises(Killed):
        work(made)
    data_backend.fail_on(method, None)
    done = work(made)

    assert done.state == "done", done.message
    assert len(data_backend.children[made.dataset]) == len(OUTPUTS)
    assert len(uploaded(ended)) == len(OUTPUTS)


def test_a_service_that_breaks_off_costs_no_byte_twice(
    alice: User, ended: Run, workflow_backend: FakeWorkspaces
) -> None:
    made = registering.register(alice, ended.pk, Asked("tables", files=(TABLE_PATH,)))
    workflow_backend.breaks_after = 5

    done = work(made)

    assert done.state == "done", done.message
    offsets = [offset for _path, offset in workflow_backend.downloads]
    assert offsets[:3] == [0, 5 * PIECE, 10 * PIECE]


def test_a_service_that_is_down_is_asked_again(
    alice: User, ended: Run, workflow_backend: FakeWorkspaces
) -> None:
    made = registering.register(alice, ended.pk, Asked("x"))
    workflow_backend.fail_on("download", UpstreamUnavailable("REANA does not answer."))
    turn(registering.KIND)
    workflow_backend.fail_on("download", None)

    assert work(made).state == "done"


def test_other_bytes_than_the_compared_ones_are_refused_with_both_checksums(
    alice: User, ended: Run, there: FakeWorkflow, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("x", files=(OUTPUTS[0],)))
    there.files[OUTPUTS[0]] = there.files[OUTPUTS[0]][::-1]

    done = work(made)

    assert done.state == "failed"
    assert "corrupted" in done.message
    assert made.dataset not in data_backend.types


def test_a_file_that_grew_since_it_was_chosen_gives_its_name_free(
    alice: User, ended: Run, there: FakeWorkflow
) -> None:
    made = registering.register(alice, ended.pk, Asked("x", files=(TABLE_PATH,)))
    there.files[TABLE_PATH] += b"more"

    done = work(made)

    assert done.state == "failed"
    assert "changed or removed" in done.message
    assert uploaded(ended) == []


def test_one_that_failed_goes_on_with_the_rest_alone(
    alice: User, ended: Run, workflow_backend: FakeWorkspaces, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("dimuon-run-1"))
    data_backend.fail_on("register_file", Conflict("Rucio says no."))
    why = work(made).message
    data_backend.fail_on("register_file", None)

    registering.retry(alice, ended.pk, made.pk)
    done = work(made)

    assert "Rucio says no." in why
    assert done.state == "done", done.message
    assert [path for path, _offset in workflow_backend.downloads] == [*OUTPUTS]


def test_only_what_failed_is_tried_again(alice: User, ended: Run) -> None:
    made = registering.register(alice, ended.pk, Asked("x"))

    with pytest.raises(Conflict):
        registering.retry(alice, ended.pk, made.pk)


def test_an_upload_that_its_owner_removed_fails_the_registration(
    alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("x", files=(TABLE_PATH,)))
    data_backend.fail_on("store", Conflict("No room."))
    turn(registering.KIND)
    turn(uploads.SEND)
    turn(uploads.SEND)
    uploads.remove(Upload.objects.get())

    done = work(made)

    assert done.state == "failed"
    assert "was removed" in done.message


def test_a_session_from_the_run_has_its_registered_outputs(alice: User, ended: Run) -> None:
    before = session_links.of_run(ended)
    work(registering.register(alice, ended.pk, Asked("dimuon-run-1")))

    after = session_links.of_run(ended)

    assert "dimuon-run-1" not in before
    assert after.startswith("/sessions/new?dataset=user.")
    assert "cms%3Adimuon" in after


def test_the_form_offers_a_name_and_all_outputs(browser: Client, ended: Run) -> None:
    page = browser.get(f"/runs/{ended.pk}/register").text

    assert 'value="dimuon-run-1"' in page
    assert 'value="results/fit.json" checked' in page
    assert f'value="{TABLE_PATH}" checked' not in page
    assert "Automatic" in page


def test_the_form_registers_and_leads_to_how_far_it_is(
    browser: Client, alice: User, ended: Run
) -> None:
    sent = {
        "dataset": "dimuon-run-1", "scope": f"user.{alice.handle}", "lifetime": "90",
        "storage": "", "chosen": [*OUTPUTS],
    }  # fmt: skip

    answer = browser.post(f"/runs/{ended.pk}/register", sent)

    made = Registration.objects.get()
    assert answer["Location"] == f"/runs/{ended.pk}/registrations/{made.pk}"
    assert made.lifetime_days == 90
    page = browser.get(answer["Location"]).text
    assert f'data-live="registration:{made.pk}"' in page
    work(made)
    assert "Open the dataset" in browser.get(answer["Location"]).text
    assert "in Rucio already" in browser.get(f"/runs/{ended.pk}/register").text


def test_a_refused_form_keeps_what_was_chosen_and_says_why(
    browser: Client, alice: User, ended: Run
) -> None:
    sent = {"dataset": "odd name", "scope": f"user.{alice.handle}", "chosen": [TABLE_PATH]}

    answer = browser.post(f"/runs/{ended.pk}/register", sent)

    assert answer.status_code == 422
    assert f'value="{TABLE_PATH}" checked' in answer.text
    assert "A name has" in answer.text


def test_a_failed_one_shows_why_and_a_button_to_go_on(
    browser: Client, alice: User, ended: Run, data_backend: FakeDataBackend
) -> None:
    made = registering.register(alice, ended.pk, Asked("x"))
    data_backend.fail_on("register_file", Conflict("Rucio says no."))
    work(made)
    data_backend.fail_on("register_file", None)
    where = f"/runs/{ended.pk}/registrations/{made.pk}"

    page = browser.get(where).text
    browser.post(f"{where}/retry")

    assert "Rucio says no." in page
    assert "Try again" in page
    assert work(made).state == "done"


def test_the_api_registers_and_tells_how_far_it_is(browser: Client, ended: Run) -> None:
    url = f"/api/v1/runs/{ended.pk}/register"

    asked = browser.post(url, {}, content_type="application/json")
    again = browser.post(url, {}, content_type="application/json")
    work(Registration.objects.get())
    one = browser.get(f"/api/v1/runs/{ended.pk}/registrations/{asked.json()['id']}").json()

    assert asked.status_code == 202
    assert asked.json()["dataset"].endswith(":dimuon-run-1")
    assert asked.json()["progress"]["files_done"] == 0
    assert (again.status_code, again.json()["url"]) == (
        409, f"/runs/{ended.pk}/registrations/{asked.json()['id']}",
    )  # fmt: skip
    assert one["state"] == "done"
    assert one["progress"]["bytes_done"] == one["progress"]["bytes_total"]
    assert [each["id"] for each in browser.get(url).json()["items"]] == [one["id"]]


def test_strangers_find_no_registration(alice: User, bob: User, ended: Run) -> None:
    made = registering.register(alice, ended.pk, Asked("x"))

    with pytest.raises(NotFound):
        registering.find(bob, ended.pk, made.pk)
    with pytest.raises(NotFound):
        registering.present_state(bob.pk, str(made.pk))
    assert registering.present_state(alice.pk, str(made.pk))["state"] == "running"


def test_no_more_files_wait_on_the_disk_than_may(
    alice: User, ended: Run, there: FakeWorkflow
) -> None:
    paths = [f"many/{n}.txt" for n in range(7)]
    there.files |= {path: path.encode() for path in paths}
    made = registering.register(alice, ended.pk, Asked("many", files=tuple(paths)))

    for _ in range(10):
        turn(registering.KIND)

    states = RegisteredFile.objects.filter(registration=made).values_list("state", flat=True)
    assert list(states).count(FileState.STORING) == 4
    assert work(made).state == "done"


@pytest.mark.parametrize("is_failed", [False, True])
def test_one_whose_run_was_deleted_meanwhile_ends(alice: User, ended: Run, is_failed: bool) -> None:
    made = registering.register(alice, ended.pk, Asked("dimuon-run-1"))
    operation = Operation.objects.get(kind=registering.KIND, subject=made.pk)
    ended.delete()

    if is_failed:
        register_steps.failed(operation, Conflict("Something else."))

    assert register_steps.advance(operation) == Done()
