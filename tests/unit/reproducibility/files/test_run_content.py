"""A run's files on their way out: byte ranges, headers, ZIPs, who may, and what breaks off."""

from __future__ import annotations

import asyncio
import io
import uuid
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from urllib.parse import quote

import pytest
from django.core.asgi import get_asgi_application
from django.core.cache import cache

from accounts import api_tokens
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services import embargo
from reproducibility.models import Run
from tests.factories import make_identity
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflow_state import FakeWorkflow
from tests.streams import Reader
from tests.unit.reproducibility.conftest import RECORDED
from tests.unit.reproducibility.files.conftest import INPUT, TABLE
from tests.unit.reproducibility.files.workspaces import PIECE, FakeWorkspaces
from vre_portal import pulled_bytes
from vre_portal.raw_asgi import App, Edge
from vre_portal.run_content import RunContent

pytestmark = pytest.mark.django_db(transaction=True)

FIT = RECORDED["results/fit.json"]
FIT_SUM = sha256(FIT).hexdigest()
TABLE_PATH = "results/tables/muons.csv"


@pytest.fixture
async def app(there: FakeWorkflow) -> AsyncIterator[App]:
    """The app as the server has it, with little patience."""
    content = RunContent(get_asgi_application(), every=0.05)
    yield Edge(content)
    content.close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulled_bytes, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def secret(alice: User) -> str:
    """A token of hers that opens workflows."""
    return token_of(alice, "workflows")


def token_of(user: User, *scopes: str) -> str:
    make_identity(user, issuer="https://escape.test/", subject=str(uuid.uuid4()))
    return api_tokens.make(user, name="laptop", scopes=scopes, days=7).secret


def reader_for(secret: str, **headers: str) -> Reader:
    return Reader(accept="*/*", authorization=f"Bearer {secret}", **headers)


async def got(
    app: App, run: Run, secret: str, path: str, *, method: str = "GET", **headers: str
) -> Reader:
    where = f"/api/v1/runs/{run.pk}/files/content"
    return await reader_for(secret, **headers).request(method, app, where, f"path={quote(path)}")


async def packed(app: App, run: Run, secret: str, path: str = "", method: str = "GET") -> Reader:
    where = f"/api/v1/runs/{run.pk}/archive"
    return await reader_for(secret).request(method, app, where, f"path={quote(path)}")


async def test_a_file_comes_whole_with_its_checksum(app: App, ended: Run, secret: str) -> None:
    answer = await got(app, ended, secret, "results/fit.json")

    assert (answer.status, bytes(answer.body), answer.complete) == (200, FIT, True)
    assert answer.header(b"etag") == f'"{FIT_SUM}"'
    assert answer.header(b"repr-digest").startswith("sha-256=:")
    assert answer.header(b"content-disposition") == 'attachment; filename="fit.json"'
    assert answer.header(b"content-length") == str(len(FIT))


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=1500-", slice(1500, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=999-1000", slice(999, 1001)),
    ],
)
async def test_a_range_is_read_from_its_first_byte(
    app: App, ended: Run, secret: str, *, workflow_backend: FakeWorkspaces, asked: str, part: slice
) -> None:
    answer = await got(app, ended, secret, TABLE_PATH, range=asked)

    assert (answer.status, bytes(answer.body)) == (206, TABLE[part])
    assert workflow_backend.downloads == [(TABLE_PATH, part.indices(len(TABLE))[0])]


async def test_a_range_behind_the_end_is_refused(app: App, ended: Run, secret: str) -> None:
    answer = await got(app, ended, secret, TABLE_PATH, range="bytes=99999999-")

    assert answer.status == 416
    assert answer.header(b"content-range") == f"bytes */{len(TABLE)}"


async def test_head_tells_the_size_and_reads_nothing(
    app: App, ended: Run, secret: str, workflow_backend: FakeWorkspaces
) -> None:
    answer = await got(app, ended, secret, TABLE_PATH, method="HEAD")

    assert (answer.status, bytes(answer.body)) == (200, b"")
    assert answer.header(b"content-length") == str(len(TABLE))
    assert workflow_backend.downloads == []


async def test_who_has_these_bytes_already_gets_none(app: App, ended: Run, secret: str) -> None:
    answer = await got(app, ended, secret, "results/fit.json", **{"if-none-match": f'"{FIT_SUM}"'})

    assert (answer.status, bytes(answer.body)) == (304, b"")


async def test_an_empty_file_is_a_file(app: App, ended: Run, secret: str) -> None:
    answer = await got(app, ended, secret, "log.txt")

    assert (answer.status, bytes(answer.body), answer.complete) == (200, b"", True)


async def test_a_service_that_breaks_off_goes_on_where_it_was(
    app: App, ended: Run, secret: str, workflow_backend: FakeWorkspaces
) -> None:
    workflow_backend.breaks_after = 3

    answer = await got(app, ended, secret, TABLE_PATH)

    assert (bytes(answer.body), answer.complete) == (TABLE, True)
    assert workflow_backend.downloads[:2] == [(TABLE_PATH, 0), (TABLE_PATH, 3 * PIECE)]


async def test_a_service_that_gives_nothing_is_told_with_its_status(
    app: App, ended: Run, secret: str, workflow_backend: FakeWorkspaces
) -> None:
    workflow_backend.breaks_after = 0

    answer = await got(app, ended, secret, TABLE_PATH)

    assert answer.status == 503
    assert answer.problem()["retryable"]


async def test_a_file_with_other_bytes_than_the_compared_ones_never_comes_whole(
    app: App, ended: Run, secret: str, there: FakeWorkflow
) -> None:
    there.files["results/fit.json"] = FIT[::-1]

    answer = await got(app, ended, secret, "results/fit.json")

    assert answer.status == 503
    assert "changed while it was read" in answer.problem()["detail"]


async def test_a_folder_is_no_file(app: App, ended: Run, secret: str) -> None:
    answer = await got(app, ended, secret, "results")

    assert (answer.status, answer.problem()["field"]) == (422, "path")


@pytest.mark.parametrize("path", ["none.txt", "results/../../x"])
async def test_what_is_not_there_is_not_given(app: App, ended: Run, secret: str, path: str) -> None:
    answer = await got(app, ended, secret, path)

    assert answer.status in {404, 422}


@pytest.fixture
def strange_secrets(alice: User, bob: User) -> tuple[str, str]:
    """A token of somebody else, and one of hers that opens data only."""
    return token_of(bob, "workflows"), token_of(alice, "data")


async def test_strangers_and_tokens_of_other_areas_get_nothing(
    app: App, ended: Run, strange_secrets: tuple[str, str]
) -> None:
    of_bob, of_data = strange_secrets

    other = await got(app, ended, of_bob, "results/fit.json")
    narrow = await got(app, ended, of_data, "results/fit.json")

    assert (other.status, narrow.status) == (404, 403)


async def test_an_input_under_an_embargo_is_not_given(
    app: App, ended: Run, secret: str, data_backend: FakeDataBackend
) -> None:
    held = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}
    data_backend.descriptions[Did("cms", "dimuon")] |= held
    embargo.changed()

    one = await got(app, ended, secret, INPUT)
    everything = await packed(app, ended, secret)
    outputs = await packed(app, ended, secret, "results")

    assert (one.status, everything.status, outputs.status) == (403, 403, 200)


async def test_a_client_that_reads_slowly_stops_the_reading(
    app: App, ended: Run, secret: str, workflow_backend: FakeWorkspaces
) -> None:
    reader = reader_for(secret)
    reader.reading.clear()
    where = f"/api/v1/runs/{ended.pk}/files/content"
    asking = asyncio.create_task(reader.get(app, where, f"path={quote(TABLE_PATH)}"))

    async with asyncio.timeout(5):
        while workflow_backend.pieces < 2:
            await asyncio.sleep(0)  # lets the other end go on
    stopped_at = workflow_backend.pieces
    reader.reading.set()
    await asking

    assert stopped_at <= 3
    assert bytes(reader.body) == TABLE


async def test_a_client_that_leaves_ends_the_reading(
    app: App, ended: Run, secret: str, workflow_backend: FakeWorkspaces
) -> None:
    reader = reader_for(secret)
    reader.reading.clear()
    where = f"/api/v1/runs/{ended.pk}/files/content"
    asking = asyncio.create_task(reader.get(app, where, f"path={quote(TABLE_PATH)}"))
    async with asyncio.timeout(5):
        while not workflow_backend.open:
            await asyncio.sleep(0)

    reader.leave.set()
    await asking

    async with asyncio.timeout(5):
        while workflow_backend.open:
            await asyncio.sleep(0)
    assert not reader.complete


async def test_the_whole_workspace_comes_as_a_zip_of_the_length_that_was_told(
    app: App, ended: Run, secret: str, there: FakeWorkflow
) -> None:
    answer = await packed(app, ended, secret)

    assert answer.header(b"content-length") == str(len(answer.body))
    assert answer.header(b"content-disposition").endswith('"dimuon-run-1.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        names = {name.removeprefix("dimuon-run-1/"): archive.read(name) for name in
                 archive.namelist()}  # fmt: skip
    assert names == there.files


async def test_a_folder_as_a_zip_has_only_what_is_in_it(app: App, ended: Run, secret: str) -> None:
    head = await packed(app, ended, secret, "results/tables", "HEAD")
    answer = await packed(app, ended, secret, "results/tables/")

    assert head.header(b"content-length") == str(len(answer.body))
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.namelist() == [f"dimuon-run-1/{TABLE_PATH}"]


async def test_a_zip_whose_file_is_another_by_now_is_cut(
    app: App, ended: Run, secret: str, there: FakeWorkflow
) -> None:
    there.files["results/mass.png"] = there.files["results/mass.png"][::-1]

    answer = await packed(app, ended, secret)

    assert not answer.complete


async def test_a_file_and_an_empty_workspace_are_no_zip(
    app: App, ended: Run, secret: str, there: FakeWorkflow
) -> None:
    file = await packed(app, ended, secret, "results/fit.json")
    there.files.clear()
    cache.clear()
    empty = await packed(app, ended, secret)

    assert (file.status, empty.status) == (422, 409)
