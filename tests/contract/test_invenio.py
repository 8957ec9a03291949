"""What the fake repository claims, an InvenioRDM does: the same cases on both.

The real one is named by `VRE_TEST_INVENIO_URL` and opened by `VRE_TEST_INVENIO_TOKEN`. It has to be
a sandbox: a record of these tests is published there.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from accounts.credentials import Credential
from reproducibility.backends.deposits import (
    AUDIENCE,
    Creator,
    Description,
    Record,
    Refused,
    Related,
    Relation,
    Scheme,
)
from reproducibility.backends.invenio import InvenioBackend
from tests.fakes.invenio import serving
from vre_portal.config import get_config
from vre_portal.errors import CredentialExpired, NotFound

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureRequest

URL, TOKEN = os.environ.get("VRE_TEST_INVENIO_URL"), os.environ.get("VRE_TEST_INVENIO_TOKEN")
KINDS = ["fake", "real"] if URL and TOKEN else ["fake"]
CONTENT = b"crate" * 1000


@dataclass
class World:
    """A repository and somebody who may deposit there."""

    backend: InvenioBackend
    who: Credential

    def made(self) -> Record:
        """Make a draft."""
        return self.backend.create(self.who, a_description())


def somebody(token: str) -> Credential:
    ends = datetime.now(UTC) + timedelta(hours=1)
    return Credential(uuid.uuid4(), "ada", AUDIENCE, token, ends)


def a_description() -> Description:
    return Description(
        title="Dimuon spectrum",
        summary="Selects <muon> pairs.\n\nFits the Z peak.",
        creators=(
            Creator("Ada Lovelace", "0000-0002-1825-0097"),
            Creator("Hopper, Grace"),
            Creator("Muon Collaboration"),
        ),
        licence="Apache-2.0",
        published_on=datetime.now(UTC).date(),
        version="1",
        related=(
            Related("https://vre.test/analyses/dimuon", Scheme.URL, Relation.DESCRIBED_BY),
            Related("swh:1:dir:" + "0" * 40, Scheme.OTHER, Relation.IDENTICAL_TO),
        ),
        marker=f"urn:uuid:{uuid.uuid4()}",
    )


def eventually(ask: Callable[[], Record | None]) -> Record:
    """Return what is found within ten seconds: a search shows what is new a moment later."""
    deadline = time.monotonic() + 10
    while (found := ask()) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found is not None
    return found


@pytest.fixture(params=KINDS)
def world(request: FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same on the fake and on a sandbox."""
    with serving() as fake:
        real = request.param == "real"
        monkeypatch.setenv("VRE_DEPOSIT_URL", (URL if real else None) or fake.url)
        get_config.cache_clear()
        yield World(InvenioBackend(), somebody((TOKEN if real else None) or "token-of-alice"))
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    """A file to send."""
    path = tmp_path / "dimuon 1.zip"
    path.write_bytes(CONTENT)
    return path


def test_a_good_token_is_somebodys(world: World) -> None:
    assert world.backend.whoami(world.who)


def test_an_unknown_token_is_refused(world: World) -> None:
    with pytest.raises(CredentialExpired):
        world.backend.whoami(somebody("unknown"))


def test_what_it_accepts_has_no_faults(world: World) -> None:
    draft = world.made()

    assert draft.faults == ()
    assert (draft.published, draft.doi) == (False, "")

    world.backend.discard(world.who, draft.id)


def test_what_it_does_not_accept_is_told_by_field(world: World) -> None:
    draft = world.made()
    poor = replace(a_description(), title="", creators=())

    told = world.backend.update(world.who, draft.id, poor)

    fields = {fault.field for fault in told.faults}
    assert {"metadata.title", "metadata.creators"} <= fields
    assert all(fault.reason for fault in told.faults)

    world.backend.discard(world.who, draft.id)


def test_a_reserved_doi_is_kept_when_the_draft_is_described(world: World) -> None:
    draft = world.made()

    reserved = world.backend.reserve_doi(world.who, draft.id)
    again = world.backend.reserve_doi(world.who, draft.id)
    described = world.backend.update(world.who, draft.id, a_description())

    assert reserved.doi.startswith("10.")
    assert reserved.doi == again.doi == described.doi

    world.backend.discard(world.who, draft.id)


def test_a_file_arrives_with_the_checksum_that_it_was_sent_with(world: World, crate: Path) -> None:
    draft = world.made()

    sent = world.backend.upload(world.who, draft.id, crate.name, crate)

    assert (sent.key, sent.size) == (crate.name, len(CONTENT))
    assert sent.md5 == md5(CONTENT, usedforsecurity=False).hexdigest()
    assert world.backend.files(world.who, draft.id) == (sent,)

    world.backend.discard(world.who, draft.id)


def test_a_removed_file_may_be_sent_again(world: World, crate: Path) -> None:
    draft = world.made()
    world.backend.upload(world.who, draft.id, crate.name, crate)

    world.backend.remove_file(world.who, draft.id, crate.name)
    world.backend.remove_file(world.who, draft.id, "never-there.txt")
    empty = world.backend.files(world.who, draft.id)
    world.backend.upload(world.who, draft.id, crate.name, crate)

    assert empty == ()
    assert len(world.backend.files(world.who, draft.id)) == 1

    world.backend.discard(world.who, draft.id)


def test_a_draft_without_files_is_not_published(world: World) -> None:
    draft = world.made()

    with pytest.raises(Refused) as refused:
        world.backend.publish(world.who, draft.id)

    assert any(fault.field.startswith("files") for fault in refused.value.faults)

    world.backend.discard(world.who, draft.id)


def test_a_discarded_draft_is_not_there_any_more(world: World) -> None:
    draft = world.made()

    world.backend.discard(world.who, draft.id)
    world.backend.discard(world.who, draft.id)

    with pytest.raises(NotFound):
        world.backend.read(world.who, draft.id)


def test_a_published_record_keeps_its_doi_and_has_one_next_version(
    world: World, crate: Path
) -> None:
    draft = world.made()
    reserved = world.backend.reserve_doi(world.who, draft.id)
    world.backend.upload(world.who, draft.id, crate.name, crate)

    record = world.backend.publish(world.who, draft.id)
    read = world.backend.read(world.who, draft.id)
    first = world.backend.new_version(world.who, record.id)
    second = world.backend.new_version(world.who, record.id)

    assert record.published
    assert record.doi == read.doi == reserved.doi
    assert first.id == second.id != record.id
    assert not first.published
    assert world.backend.files(world.who, first.id) == ()

    world.backend.discard(world.who, first.id)


def test_a_draft_is_found_by_its_marker(world: World) -> None:
    description = a_description()
    draft = world.backend.create(world.who, description)

    found = eventually(lambda: world.backend.find(world.who, description.marker))

    assert found.id == draft.id
    assert world.backend.find(world.who, f"urn:uuid:{uuid.uuid4()}") is None

    world.backend.discard(world.who, draft.id)
