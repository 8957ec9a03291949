"""Which refusals of Rucio have somebody's account checked again."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from accounts.credentials import Credential
from data_mgmt.backends.rucio import rest
from vre_portal import rechecks
from vre_portal.errors import PortalError, UpstreamUnavailable

REFUSED = PortalError("Rucio does not take your sign-in.", service="rucio")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whose accounts were to be checked."""
    asked: list[object] = []
    monkeypatch.setattr(rechecks, "_rechecks", [lambda who, _service: asked.append(who)])
    return asked


def credential(*, of: uuid.UUID, minutes: int = 5) -> Credential:
    return Credential(of, "a", "rucio", "t", datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize("kind", ["AccountNotFound", "CannotAuthenticate"])
def test_a_person_whom_rucio_should_know_is_checked(kind: str, checks: list[object]) -> None:
    person = uuid.uuid4()

    error = rest.refusal_to(credential(of=person), REFUSED, kind)

    assert checks == [person]
    assert isinstance(error, UpstreamUnavailable)


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (credential(of=uuid.uuid4()), "AccessDenied"),
        (credential(of=uuid.uuid4(), minutes=-1), "CannotAuthenticate"),
        (credential(of=rest.NOBODY), "AccountNotFound"),
    ],
    ids=["not allowed", "an old token", "the portal's own account"],
)
def test_other_refusals_stay_as_they_are(who: Credential, kind: str, checks: list[object]) -> None:
    assert rest.refusal_to(who, REFUSED, kind) is REFUSED
    assert checks == []
