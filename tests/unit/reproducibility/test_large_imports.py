"""A large recorded output of an imported analysis is a file: shown, sent in pieces, compared."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, Client

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from data_mgmt.services.previews import State
from reproducibility import kept_answers, services
from reproducibility.models import KEPT, Analysis
from reproducibility.services import file_previews, recorded_files, reproducing, verdicts
from reproducibility.services.file_previews import RECORDED as OF_VERSION
from reproducibility.services.file_previews import FileOnDisk
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish, write_analysis
from vre_portal.errors import InvalidRequest, NotFound

BIG = "results/big.csv"
CONTENT = b"x,y\n" + b"".join(b"%07d,%07d\n" % (n, n * n % 1009) for n in range(300_000))
SUM = sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The analysis's folder, with an output of 4.6 MiB among the recorded ones."""
    found = write_analysis(tmp_path / "large")
    (found / "recorded" / BIG).write_bytes(CONTENT)
    manifest = json.loads((found / "analysis.json").read_text())
    manifest["outputs"].append({"path": BIG, "sha256": SUM, "size": len(CONTENT)})
    (found / "analysis.json").write_text(json.dumps(manifest))
    return found


@pytest.fixture
def analysis(alice: User, folder: Path) -> Analysis:
    """That analysis, imported."""
    return services.import_folder(folder)


@pytest.fixture
def by_itself(workflow_backend: FakeWorkflows) -> FakeWorkflows:
    """A service where runs give all that was recorded."""
    workflow_backend.gives({**RECORDED, BIG: CONTENT})
    workflow_backend.runs_by_itself = True
    return workflow_backend


def where() -> Path:
    found = recorded_files.find(SUM, len(CONTENT))
    assert found is not None
    return found


def test_a_large_output_is_a_file_and_a_small_one_a_row(analysis: Analysis) -> None:
    rows = {row.path: row for row in analysis.newest.outputs.all()}

    assert len(CONTENT) > KEPT
    assert (rows[BIG].size, bytes(rows[BIG].content)) == (len(CONTENT), b"")
    assert {path: bytes(rows[path].content) for path in RECORDED} == RECORDED
    assert where().read_bytes() == CONTENT


def test_importing_again_brings_back_a_file_that_was_lost(analysis: Analysis, folder: Path) -> None:
    where().unlink()

    again = services.import_folder(folder)

    assert again.newest.pk == analysis.newest.pk
    assert where().read_bytes() == CONTENT


def test_a_large_output_with_another_checksum_is_refused(folder: Path, alice: User) -> None:
    (folder / "recorded" / BIG).write_bytes(CONTENT + b"1,1\n")

    with pytest.raises(InvalidRequest, match="is not the recorded one"):
        services.import_folder(folder)

    assert not list(recorded_files.folder().glob("*/*"))


def test_it_is_compared_with_what_a_run_gives(
    alice: User, analysis: Analysis, by_itself: FakeWorkflows
) -> None:
    run = finish(services.start_run(alice, analysis))

    assert run.verdict is not None
    assert run.verdict["level"] == "bit-identical"


def test_the_page_says_how_much_has_come(
    alice: User, analysis: Analysis, by_itself: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproducing, "TELL_SECONDS", 0.0)
    run = finish(services.start_run(alice, analysis))
    said: list[str] = []

    def save(*, message: str) -> None:
        said.append(message)

    verdicts.verdict_of(run, credential_for(alice, "reana"), partial(reproducing.watched, save))

    assert f"Comparing output 1, {BIG}, with the recorded one." in said
    assert f"Comparing output 1, {BIG}, with the recorded one. 4.6 MiB of it came so far." in said


def test_its_page_shows_a_preview_made_from_the_file(
    alice: User, browser: Client, analysis: Analysis
) -> None:
    output = analysis.newest.outputs.get(path=BIG)
    version = str(output.version_id)
    subject = file_previews._held(OF_VERSION, version, output)

    waiting = file_previews.of_recorded(alice, output, Options())
    key = previews.key_of(subject, Options())
    file_previews.make(alice.pk, f"{OF_VERSION}/{version}/{BIG}", Options(), key)

    assert waiting.state is State.MAKING
    assert file_previews.of_recorded(alice, output, Options()).state is State.READY
    text = browser.get(f"/analyses/dimuon/recorded/{BIG}").text
    assert '<svg class="chart"' in text


def test_ranges_of_the_file_are_read_and_no_more(analysis: Analysis) -> None:
    file = FileOnDisk(where(), len(CONTENT))

    assert file.read_at(1500, 20) == CONTENT[1500:1520]
    assert file.read_at(len(CONTENT), 5) == file.read_at(-1, 5) == b""
    where().unlink()
    with pytest.raises(NotFound, match="any more"):
        file.read_at(0, 1)


def test_without_the_file_there_is_no_preview_but_a_reason(alice: User, analysis: Analysis) -> None:
    where().unlink()

    with pytest.raises(InvalidRequest, match="next run that gives the same file"):
        file_previews.of_recorded(alice, analysis.newest.outputs.get(path=BIG), Options())


def test_the_analysis_links_what_is_here_and_says_what_is_not(
    browser: Client, analysis: Analysis
) -> None:
    link = f'href="/analyses/{analysis.slug}/outputs/{BIG}"'

    before = browser.get(f"/analyses/{analysis.slug}").text
    where().unlink()
    after = browser.get(f"/analyses/{analysis.slug}").text

    assert link in before
    assert link not in after
    assert "Only its checksum is kept here" in after


def test_under_asgi_it_is_sent_in_pieces_too(analysis: Analysis) -> None:
    request = AsyncRequestFactory().get("/")
    assert isinstance(request, ASGIRequest)

    answer = kept_answers.answer(request, where(), len(CONTENT))
    assert isinstance(answer, StreamingHttpResponse)

    async def all_pieces() -> list[bytes]:
        return [bytes(piece) async for piece in answer]

    pieces = asyncio.run(all_pieces())
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) == kept_answers.PIECE
