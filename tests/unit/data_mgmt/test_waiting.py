"""Why a request waits, in words, from its storages, its approvers and its transfers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends import Did, Transfer, TransferState
from data_mgmt.models import ReplicaRequest
from data_mgmt.services import Terms
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work

pytestmark = pytest.mark.django_db
MUON = Did("cms", "muons_1.root")


@pytest.fixture
def moving(data_backend: FakeDataBackend, asked: ReplicaRequest) -> ReplicaRequest:
    """A request whose files are on their way."""
    data_backend.inject(asked.rule_id)
    return tick(asked)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("LAPP-DISK", {"is_writable": False}), "LAPP-DISK takes no data at the moment"),
        (("LAPP-DISK", {"free": 100}), "LAPP-DISK is full, 100 B are free and 600 B"),
        (("CERN-DISK", {"is_readable": False}), "CERN-DISK, which have it, give no data"),
    ],
)
def test_a_storage_that_holds_it_up_is_named(
    alice: User,
    data_backend: FakeDataBackend,
    moving: ReplicaRequest,
    change: tuple[str, dict[str, Any]],
    words: str,
) -> None:
    storage, values = change
    data_backend.storages[storage] = replace(data_backend.storages[storage], **values)

    assert words in services.why_waits(alice, moving)


@pytest.mark.parametrize(
    ("transfer", "words"),
    [
        (Transfer(TransferState.HELD_BACK), "holds transfers to LAPP-DISK back"),
        (Transfer(TransferState.QUEUED), "stand in Rucio's queue"),
        (Transfer(TransferState.NO_SOURCE), "finds no way to LAPP-DISK"),
        (Transfer(TransferState.ONLY_TAPE), "only tape has it"),
        (Transfer(TransferState.NO_COMMON_PROTOCOL), "share no protocol"),
        (Transfer(TransferState.SUSPENDED), "suspended"),
        (
            Transfer(TransferState.FAILED, attempts=3, reason="Permission denied"),
            "Tried 3 times; the last one said: Permission denied",
        ),
    ],
)
def test_a_transfer_that_does_not_go_on_tells_why(
    alice: User,
    data_backend: FakeDataBackend,
    moving: ReplicaRequest,
    transfer: Transfer,
    words: str,
) -> None:
    data_backend.transfers[MUON] = transfer

    assert words in services.why_waits(alice, moving)


def test_what_moves_waits_for_nothing(
    alice: User, data_backend: FakeDataBackend, moving: ReplicaRequest
) -> None:
    data_backend.transfers[MUON] = Transfer(TransferState.UNDER_WAY, source="CERN-DISK")

    assert services.why_waits(alice, moving) == ""


@pytest.mark.parametrize(
    ("approvers", "words"),
    [
        (("ann", "ben"), "needs approval by ann, ben."),
        ((), "Waiting: a data manager has to approve it.</p>"),
    ],
)
def test_who_has_to_approve_is_named(
    browser: Client,
    alice: User,
    data_backend: FakeDataBackend,
    approvers: tuple[str, ...],
    words: str,
) -> None:
    data_backend.add_storage("LAPP-DISK", approvers=approvers)
    made = services.ask_one(alice, MUON, "LAPP-DISK", Terms(ask_approval=True)).request
    work()
    tick(made)

    assert words in browser.get(f"/data/requests/{made.pk}/").text


def test_a_change_makes_the_portal_ask_again(
    alice: User, data_backend: FakeDataBackend, moving: ReplicaRequest
) -> None:
    data_backend.storages["LAPP-DISK"] = replace(
        data_backend.storages["LAPP-DISK"], is_writable=False
    )
    before = services.why_waits(alice, moving)
    data_backend.add_storage("LAPP-DISK")

    services.change(moving, services.Changes(boost=True))
    work()

    assert before
    assert services.why_waits(alice, moving) == ""


def test_a_rule_of_very_many_files_is_not_listed(
    browser: Client, data_backend: FakeDataBackend, moving: ReplicaRequest
) -> None:
    data_backend.cut_files = True

    answer = browser.get(f"/data/requests/{moving.pk}/?tab=files")

    assert "Too many to list" in answer.text
