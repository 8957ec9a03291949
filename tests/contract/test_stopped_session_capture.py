"""A capture from a stopped session on the demo's real hub: started, read, and stopped again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from accounts.models import User
from demo.stack import REPOSITORY
from reproducibility.models import Capture, CaptureState
from reproducibility.services.captures import starting
from sessions import services
from sessions.backends import get_backend, service_credential
from sessions.backends.running import get_running
from sessions.models import Session, SessionState
from sessions.services.entering import entered
from tests.factories import make_user
from tests.signin import running_stack
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import NotFound
from vre_portal.models import Operation, OperationState

# The lease is kept by a thread, which has to see the rows.
pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 180.0
SCRIPT = b'open("results.txt", "w").write("91.19")\n'


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A person whom the real hub does not know yet; whatever runs of theirs is stopped."""
    stack = running_stack()
    monkeypatch.setenv("VRE_HUB_URL", stack.url("hub"))
    monkeypatch.setenv("VRE_HUB_API_URL", stack.url("hub-api", "/hub/api"))
    monkeypatch.setenv("VRE_HUB_TOKEN", stack.secret("hub-service-token"))
    monkeypatch.setenv("VRE_ENVIRONMENTS_FILE", str(REPOSITORY / "demo" / "environments.yaml"))
    caches = (get_config, get_backend, get_running)
    for cached in caches:
        cached.cache_clear()
    person = make_user(f"contract-{uuid.uuid4().hex[:5]}")
    yield person
    for server in get_backend().list_active(service_credential()):
        if server.handle == person.handle:
            get_backend().stop(service_credential(), server.handle, server.name)
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def work_until(there: Callable[[], bool]) -> None:
    """Give each operation that is due its turn, until something has come about."""
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline, list(Operation.objects.values_list("kind", "problem"))
        due = Operation.objects.filter(state=OperationState.WAITING, due_at__lte=timezone.now())
        for key in due.values_list("pk", flat=True):
            operations.advance(key)
        time.sleep(0.2)


def state_of(row: Session | Capture) -> str:
    row.refresh_from_db()
    return row.state


def test_a_stopped_session_is_started_read_and_stopped_again(owner: User) -> None:
    session = services.launch(owner, environment="light", name="To be captured")
    work_until(lambda: state_of(session) == SessionState.READY)
    credential, place = entered(session)
    get_running().make_folder(credential, place, "zpeak")
    get_running().write(credential, place, "zpeak/fit.py", SCRIPT)
    services.stop(session)
    work_until(lambda: state_of(session) == SessionState.STOPPED)

    capture = starting.start(owner, "session", {"session": str(session.pk), "path": "zpeak"})
    work_until(lambda: state_of(capture) != CaptureState.READING)
    work_until(lambda: state_of(session) == SessionState.STOPPED)

    assert capture.state == CaptureState.PROPOSED, capture.message
    assert bytes(capture.files.get(path="fit.py").content or b"") == SCRIPT
    with pytest.raises(NotFound):
        get_backend().get(service_credential(), owner.handle, session.server)
