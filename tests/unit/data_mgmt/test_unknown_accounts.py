"""Which refusals of Rucio have somebody's account checked again."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rucio.common.exception import CannotAuthenticate

from accounts.credentials import Credential
from data_mgmt.backends import FileEntry
from data_mgmt.backends.rucio import RucioBackend, download, rest
from data_mgmt.backends.values import Did
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


def test_a_stream_that_rucio_refuses_to_an_unknown_person_has_them_checked(
    checks: list[object],
) -> None:
    person = uuid.uuid4()

    error = RucioBackend().refusal(credential(of=person), 401, "CannotAuthenticate", b"")

    assert checks == [person]
    assert isinstance(error, UpstreamUnavailable)


def test_a_download_that_rucio_refuses_to_an_unknown_person_has_them_checked(
    checks: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    person = uuid.uuid4()

    def refuse(_credential: Credential) -> None:
        raise CannotAuthenticate

    monkeypatch.setattr(download, "OneTokenClient", refuse)
    file = FileEntry(Did("cms", "a.root"), 1, "00000000")

    with pytest.raises(UpstreamUnavailable, match="is being repaired"):
        download.download(credential(of=person), [file], [], tmp_path / "files")

    assert checks == [person]
