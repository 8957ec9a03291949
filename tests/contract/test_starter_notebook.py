"""The starter notebook runs from top to bottom in the demo's environments, on the demo's data."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.stack import Stack
from sessions import starter
from tests.signin import exchange, running_stack, sign_in

SECONDS = 240
STORAGE = "CERN-DISK"


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The stack whose data are read."""
    return running_stack()


@pytest.fixture(scope="module")
def rucio(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of Rucio's client as a session has it, for one of the demo's people."""
    folder = tmp_path_factory.mktemp("rucio")
    token = exchange(stack, sign_in(stack, "researcher"), "rucio")
    (folder / "token").write_text(token)
    url, account = stack.url("rucio"), account_of(stack, token)
    lines = ["[client]", f"rucio_host = {url}", f"auth_host = {url}", "auth_type = oidc"]
    lines += [f"account = {account}", f"auth_token_file_path = {folder / 'token'}"]
    (folder / "rucio.cfg").write_text("\n".join(lines))
    return folder / "rucio.cfg"


def account_of(stack: Stack, token: str) -> str:
    """Return the account that a token opens; its identity has one at the most."""
    url = f"{stack.url('rucio')}/accounts/whoami"
    answer = requests.get(url, headers={"X-Rucio-Auth-Token": token}, timeout=30)
    assert answer.ok, f"sign in to the portal as this person first: {answer.text}"
    return str(answer.json()["account"])


def run(
    stack: Stack, rucio: Path, folder: Path, dids: Sequence[str], environment: str = "physics"
) -> str:
    """Return what all cells of a notebook printed; a cell that fails is a failure of the test."""
    noted = starter.Noted(storage=STORAGE)
    file, done = folder / "starter.ipynb", folder / "done.ipynb"
    file.write_text(json.dumps(starter.notebook(dids, noted)))
    python = stack.python("physics")  # the light environment's kernel is started by its own client
    told = {
        "PATH": f"{stack.python(environment).parent}:{os.defpath}",
        "HOME": str(folder),
        "RUCIO_CONFIG": str(rucio),
        "no_proxy": "127.0.0.1,localhost",
    }
    argv = [str(python), "-m", "papermill", "-k", "python3", str(file), str(done)]
    ended = subprocess.run(
        argv, env=told, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    cells: list[dict[str, Any]] = json.loads(done.read_text())["cells"]
    assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code")
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    text = "".join("".join(output.get("text", ())) for output in outputs)
    return text + ("\nPICTURE" if pictures else "")


@pytest.mark.parametrize(
    ("did", "reads"),
    [
        ("cms:nano_dimuon", "reading nano_dimuon"),
        ("cms:pdg_tables_2026", "reading nuclei2026.csv"),
        ("astro:m13", "reading m13.fits"),
    ],
)
def test_it_reads_and_draws_what_it_knows(
    stack: Stack, rucio: Path, tmp_path: Path, did: str, reads: str
) -> None:
    said = run(stack, rucio, tmp_path, [did])

    assert reads in said
    assert said.endswith("PICTURE")


def test_what_it_does_not_know_is_listed_and_nothing_fails(
    stack: Stack, rucio: Path, tmp_path: Path
) -> None:
    said = run(stack, rucio, tmp_path, ["astro:gw_HW100916"])

    assert "HLV-HW100916-968654552-1.gwf" in said
    assert "no file here that this notebook knows how to read" in said
    assert "Nothing to draw yet." in said


def test_a_copy_where_sessions_read_is_preferred(stack: Stack, rucio: Path, tmp_path: Path) -> None:
    said = run(stack, rucio, tmp_path, ["cms:nano_dimuon"])

    assert f"bytes  {STORAGE}" in said
    assert "LAPP-DISK" not in said
