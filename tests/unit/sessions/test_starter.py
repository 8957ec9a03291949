"""The starter notebook: what it is called, what is in it, and that it waits in the session."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import ModuleType
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


class Replicas:
    """Rucio's client as the notebook uses it: it knows some replicas."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    def whoami(self) -> dict[str, str]:
        return {"account": "alice"}

    def list_replicas(self, dids: object, **asked: object) -> list[dict[str, Any]]:
        assert asked["all_states"], "what is on its way is told only then"
        return list(self.rows)


def replica(name: str, *places: tuple[str, str, str, Path]) -> dict[str, Any]:
    """A file with its copies: storage, kind, state and folder of each."""
    return {
        "name": name,
        "bytes": 4,
        "states": {storage: state for storage, _kind, state, _folder in places},
        "pfns": {
            f"file://localhost:0{folder / name}": {"rse": storage, "type": kind}
            for storage, kind, _state, folder in places
        },
    }


def found(
    client: Replicas, monkeypatch: pytest.MonkeyPatch, storage: str = "NEAR"
) -> dict[str, Any]:
    """Run the cell that finds the files, and return what it leaves."""
    module = ModuleType("rucio.client")
    module.Client = lambda: client  # type: ignore[attr-defined]  # stands for the real one
    monkeypatch.setitem(sys.modules, "rucio", ModuleType("rucio"))
    monkeypatch.setitem(sys.modules, "rucio.client", module)
    cells = starter.notebook(["cms:x"], starter.Noted(storage=storage))["cells"]
    left: dict[str, Any] = {}
    exec(
        next(cell["source"] for cell in cells if cell["cell_type"] == "code"), left
    )  # our own text
    return left


def test_the_copy_where_sessions_read_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("far", "near"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_text("a\n1\n")
    far, near = tmp_path / "far", tmp_path / "near"
    row = replica(
        "a.csv", ("FAR", "DISK", "AVAILABLE", far), ("NEAR", "TAPE", "AVAILABLE", near)
    )  # fmt: skip

    left = found(Replicas(row), monkeypatch)

    assert left["files"] == [("a.csv", "NEAR", near / "a.csv", 4)]


def test_what_is_on_its_way_is_told_and_the_other_cells_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = replica("a.csv", ("NEAR", "DISK", "COPYING", tmp_path))

    left = found(Replicas(row), monkeypatch)

    assert left["coming"] == 1
    assert "on its way to NEAR" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    exec(code_of("cms:x")[1], left)  # our own text
    assert "still coming: run it again" in capsys.readouterr().out


def test_a_file_that_is_nowhere_near_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replica("a.csv", ("TAPE", "TAPE", "AVAILABLE", tmp_path / "none"))

    left = found(Replicas(row), monkeypatch)

    assert left["files"] == [("a.csv", "not readable here", None, 4)]
    assert left["coming"] == 0


def test_an_environment_without_pandas_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = found(Replicas(), monkeypatch)
    monkeypatch.setitem(sys.modules, "pandas", None)

    exec(code_of("cms:x")[1], left)  # our own text

    assert "This environment has no pandas" in capsys.readouterr().out
