"""Several people want one dataset everywhere at once: each request is made."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from accounts.credentials import Credential
from data_mgmt.backends.rucio import RucioBackend
from data_mgmt.backends.values import Did
from demo.rucio.component import STORAGES
from tests.contract.test_rucio_server import Member, member
from tests.signin import running_stack
from vre_portal.config import get_config

WISHES = 8


@pytest.fixture
def people() -> Iterator[list[Member]]:
    """Two people of different providers, and the adapter at the real Rucio."""
    stack = running_stack()
    os.environ["VRE_RUCIO_URL"] = stack.url("rucio")
    get_config.cache_clear()
    yield [member(stack, "researcher"), member(stack, "colleague")]
    get_config.cache_clear()


def test_eight_requests_at_once_for_one_dataset_are_all_made(people: list[Member]) -> None:
    backend = RucioBackend()
    owner = people[0]
    dataset = Did(owner.scope, owner.dataset(*[b"%d" % number for number in range(40)]))
    wishes = [(person, storage) for person in people for storage in STORAGES]
    together = Barrier(WISHES)

    def ask(wish: tuple[Member, str]) -> str:
        person, storage = wish
        together.wait()
        return backend.add_rule(
            _credential(person), dataset, storage=storage, lifetime_seconds=3600
        )

    with ThreadPoolExecutor(WISHES) as pool:
        made = [*pool.map(ask, wishes)]

    assert len(wishes) == len({*made}) == WISHES
    rules = {rule.id: rule for rule in backend.rules_of(_credential(owner), dataset)}
    assert {(rules[each].account, rules[each].storage) for each in made} == {
        (person.account, storage) for person, storage in wishes
    }
    for each, (person, _storage) in zip(made, wishes, strict=True):
        backend.cancel_rule(_credential(person), each)


def _credential(person: Member) -> Credential:
    later = datetime.now(UTC) + timedelta(minutes=5)
    return Credential(uuid.uuid4(), person.account, "rucio", person.rucio.token, later)
