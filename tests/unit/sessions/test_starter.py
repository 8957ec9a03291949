"""The starter notebook: what it is called, what is in it, and that it waits in the session."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from accounts.models import User
from data_mgmt.backends import Did
from sessions import services, starter
from sessions.models import Session, SessionState
from sessions.services.uses import opened_with
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched
from vre_portal.errors import Conflict, InvalidRequest, UpstreamTimeout


def notebooks_of(running: FakeRunning, session: Session) -> dict[str, Any]:
    files = running.of(session.user.handle, session.server).files
    return {name: json.loads(content or b"null") for name, content in files.items()}


def code_of(*dids: str) -> list[str]:
    cells = starter.notebook(dids)["cells"]
    return [cell["source"] for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize(
    ("did", "number", "file"),
    [
        ("cms:dimuon", 1, "dimuon.ipynb"),
        ("cms:dimuon", 3, "dimuon-3.ipynb"),
        ("astro:m13.fits", 1, "m13.fits.ipynb"),
        ("s:/store/data/x y.root", 1, "x-y.root.ipynb"),
        ("s:../../etc", 1, "etc.ipynb"),
        ("s:..", 1, "dataset.ipynb"),
    ],
)
def test_the_file_is_called_like_the_dataset(did: str, number: int, file: str) -> None:
    assert starter.file_name(did, number) == file


def test_every_cell_has_what_the_format_asks_for() -> None:
    notebook = starter.notebook(["cms:dimuon"])

    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert notebook["cells"][0]["source"].startswith("# cms:dimuon")


def test_the_code_is_python() -> None:
    for source in code_of("cms:dimuon"):
        ast.parse(source)


def test_a_did_stays_text_in_the_code() -> None:
    hostile = "s:x'+__import__('os').getcwd()+'"

    find = ast.parse(code_of(hostile)[0])

    calls = [node for node in ast.walk(find) if isinstance(node, ast.Name)]
    assert "__import__" not in {name.id for name in calls}
    assert hostile in {node.value for node in ast.walk(find) if isinstance(node, ast.Constant)}


@pytest.mark.usefixtures("asks_rucio")
def test_a_session_with_a_dataset_opens_with_its_notebook(
    alice: User, running: FakeRunning
) -> None:
    session = launched(alice, "cms:dimuon")

    assert session.url.endswith(f"/{session.server}/lab/tree/dimuon.ipynb")
    notebook = notebooks_of(running, session)["dimuon.ipynb"]
    noted = notebook["metadata"]["vre"]
    assert noted == {
        "datasets": ["cms:dimuon"],
        "session": str(session.pk),
        "environment": "physics",
        "digest": session.digest,
    }


@pytest.mark.usefixtures("asks_rucio")
def test_several_datasets_share_one_notebook(alice: User, running: FakeRunning) -> None:
    session = launched(alice, "cms:dimuon", "astro:m13", "cms:dimuon")

    assert session.datasets == ["cms:dimuon", "astro:m13"]
    assert [each.title for each in opened_with(alice, Did("astro", "m13"))] == ["dimuon"]
    files = notebooks_of(running, session)
    assert [*files] == ["dimuon.ipynb"]
    code = next(cell for cell in files["dimuon.ipynb"]["cells"] if cell["cell_type"] == "code")
    assert "'cms:dimuon',\n    'astro:m13',\n]" in code["source"]


def test_without_a_dataset_no_file_is_put(alice: User, running: FakeRunning) -> None:
    session = launched(alice)

    assert session.url.endswith("/lab")
    assert running.calls["write"] == 0


@pytest.mark.usefixtures("asks_rucio")
def test_a_session_opens_also_when_its_notebook_could_not_be_put(
    alice: User, running: FakeRunning
) -> None:
    running.fail_on("write", UpstreamTimeout("JupyterHub did not answer in time."))

    session = launched(alice, "cms:dimuon")

    assert session.state == SessionState.READY
    assert session.url.endswith("/lab")
    assert any("not put in place" in event["text"] for event in session.events)


@pytest.mark.usefixtures("asks_rucio")
def test_a_running_session_opens_another_dataset(alice: User, hub: FakeHub) -> None:
    session = launched(alice, "cms:dimuon")

    services.open_dataset(session, "astro:m13")

    stored = Session.objects.get(pk=session.pk)
    assert stored.url.endswith("/lab/tree/m13.ipynb")
    assert stored.datasets == ["astro:m13", "cms:dimuon"]


@pytest.mark.usefixtures("asks_rucio")
def test_a_notebook_that_is_there_is_not_written_over(alice: User, running: FakeRunning) -> None:
    session = launched(alice, "cms:dimuon")
    files = running.of(alice.handle, session.server).files
    files["dimuon.ipynb"] = b"mine"

    services.open_dataset(session, "cms:dimuon")

    assert files["dimuon.ipynb"] == b"mine"
    assert "dimuon-2.ipynb" in files


def test_a_dataset_needs_a_session_that_is_ready(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")

    with pytest.raises(Conflict):
        services.open_dataset(session, "astro:m13")


@pytest.mark.parametrize("did", ["", "no-scope", "a b:c"])
def test_what_is_no_did_is_refused(alice: User, hub: FakeHub, did: str) -> None:
    session = launched(alice)

    with pytest.raises(InvalidRequest):
        services.open_dataset(session, did)
