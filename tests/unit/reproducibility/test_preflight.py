"""What a page tells of a reproduction before anything runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.backends import Did
from reproducibility.models import Analysis, Run
from reproducibility.services import preflight
from reproducibility.services.preflight import Preflight, Standing
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish
from vre_portal.errors import CredentialExpired, UpstreamUnavailable

PAGE = "/analyses/dimuon/reproduce"


def look(user: User, analysis: Analysis) -> Preflight:
    return preflight.look(user, analysis.newest, seconds=None, others={})


def test_inputs_are_told_with_their_size_and_place(alice: User, analysis: Analysis) -> None:
    found = look(alice, analysis)

    (only,) = found.inputs
    assert (only.did, only.standing, only.files) == ("cms:dimuon", Standing.OK, 2)
    assert only.storages == ("CERN-DISK",)
    assert found.bytes == only.bytes == len(b"muon") * 3
    assert found.steps == ("select", "fit")
    assert not found.blocked


def test_a_file_without_a_copy_stops_it_with_its_checksum(
    alice: User, analysis: Analysis, data_backend: FakeDataBackend
) -> None:
    lost = data_backend.add_file("cms:lost.root", b"lost", [])
    data_backend.add_dataset("cms:dimuon", Did("cms", "muons_1.root"), lost)

    found = look(alice, analysis)

    assert found.inputs[0].standing is Standing.BAD
    assert found.blocked.startswith("cms:lost.root has no copy that can be read")
    assert "its checksum is to be" in found.blocked


def test_a_replaced_input_is_told_with_both_checksums(alice: User, analysis: Analysis) -> None:
    recorded = [
        {"did": "cms:muons_1.root", "bytes": 4, "adler32": "0badc0de"},
        {"did": "cms:muons_2.root", "bytes": 8, "adler32": ""},
    ]
    analysis.newest.inputs.update(files=recorded)

    (only,) = look(alice, analysis).inputs

    assert only.standing is Standing.WARNING
    assert "instead of 0badc0de" in only.text


def test_data_that_are_gone_stop_it(
    alice: User, analysis: Analysis, data_backend: FakeDataBackend
) -> None:
    analysis.newest.inputs.update(name="nothing")

    found = look(alice, analysis)

    assert found.inputs[0].standing is Standing.BAD
    assert found.blocked


@pytest.mark.parametrize("service", ["rucio", "reana"])
def test_a_silent_service_stops_nothing(
    alice: User,
    analysis: Analysis,
    data_backend: FakeDataBackend,
    workflow_backend: FakeWorkflows,
    service: str,
) -> None:
    fake = data_backend if service == "rucio" else workflow_backend
    error = UpstreamUnavailable("It does not answer.", service=service)

    with fake.down(error):
        found = look(alice, analysis)

    told = found.inputs[0] if service == "rucio" else found.service
    assert told.standing is Standing.UNKNOWN
    assert told.text
    assert not found.blocked


def test_a_token_that_is_no_longer_good_stops_it(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    expired = CredentialExpired("Paste a new token.", provider="", service="reana")

    with workflow_backend.down(expired):
        found = look(alice, analysis)

    assert found.blocked == "Paste a new token."


def test_the_environment_of_the_last_run_is_told(
    alice: User, analysis: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    finish(run)

    found = look(alice, analysis)

    assert found.environment.standing is Standing.WARNING
    assert "Physics 2026.11" in found.environment.text


def test_a_recorded_image_that_was_there_is_told(
    alice: User, analysis: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    told = workflow_backend.environment_told
    workflow_backend.environment_told = replace(told, substituted=False)
    workflow_backend.runs_by_itself = True
    finish(run)

    assert look(alice, analysis).environment.standing is Standing.OK


def test_the_page_starts_nothing_by_itself(client: Client, alice: User, analysis: Analysis) -> None:
    sign_in(client, alice)

    page = client.get(PAGE).content.decode()

    assert "cms:dimuon" in page
    assert "CERN-DISK" in page
    assert "Nobody has run it here yet" in page
    assert not Run.objects.exists()


def test_the_page_says_why_it_can_not_be_started(
    client: Client, alice: User, analysis: Analysis
) -> None:
    sign_in(client, alice)
    analysis.newest.inputs.update(name="nothing")

    page = client.get(PAGE).content.decode()

    assert "It can&#x27;t be reproduced as it stands" in page or "It can't be reproduced" in page
    assert "disabled" in page


def test_of_an_input_of_very_many_files_only_the_first_are_told(
    alice: User, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "MOST_FILES", 2)
    recorded = [{"did": f"cms:muons_{n}.root", "adler32": ""} for n in range(1, 4)]
    analysis.newest.inputs.update(files=recorded)

    found = look(alice, analysis)

    assert found.inputs[0].standing is Standing.OK
    assert found.inputs[0].text.startswith("At least 2 files are there")
    assert found.room.text.startswith("The inputs take at least ")
