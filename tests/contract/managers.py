"""Two people for contract tests: somebody who asks, and a data manager who decides."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.credentials import Credential
from data_mgmt.backends import DataBackend, Did
from data_mgmt.backends.rucio import rest
from tests.contract.test_data_backend import _fake, _real
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend

SECONDS = 40.0


@dataclass
class Two:
    """A data service, with the credentials of both."""

    backend: DataBackend
    who: Credential
    manager: Credential

    def new_dataset(self, who: Credential, name: str, **metadata: str) -> Did:
        """Register an empty dataset in somebody's own scope."""
        did = Did(f"user.{who.account}", name)
        if isinstance(self.backend, FakeDataBackend):
            self.backend.add_dataset(str(did))
            self.backend.take_up(did, **metadata)
        else:
            body = {"type": "DATASET", "meta": metadata}
            rest.ask(who, "POST", f"/dids/{rest.did_path(did)}", body=body)
        return did

    def until(self, question: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + SECONDS
        while not question():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.3)


def two_people(kind: str) -> Iterator[Two]:
    """Yield both on the fake or on the demo's Rucio."""
    for world in _real() if kind == "real" else _fake():
        found = Two(world.backend, world.who, _manager(world.backend))
        yield found


def _manager(backend: DataBackend) -> Credential:
    later = datetime.now(UTC) + timedelta(minutes=5)
    if isinstance(backend, FakeDataBackend):
        backend.data_managers.add("manager-abcde")
        backend.set_limit("manager-abcde", "PIC-DISK", GIB)
        return Credential(uuid.uuid4(), "manager-abcde", "rucio", "token-2", later)
    from demo.rucio.rest import service
    from tests.contract.test_rucio_server import member
    from tests.signin import running_stack

    stack = running_stack()
    person = member(stack, "datamanager")
    attribute = f"/accounts/{person.account}/attr/data-manager"
    service(stack).ensure(attribute, {"key": "data-manager", "value": "true"})
    return Credential(uuid.uuid4(), person.account, "rucio", person.rucio.token, later)
