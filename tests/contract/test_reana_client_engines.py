"""Both unmodified clients bring workflows of every engine, as files of a folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.contract.engine_cases import CASES, GREETINGS, NAMES
from tests.contract.reana_clients import ReanaClient, coming, stable, token_of
from tests.contract.runner import Person
from tests.signin import running_stack

MakeClient = Callable[[Path, str, str], ReanaClient]


@pytest.fixture(scope="module")
def token() -> str:
    """The researcher's token."""
    return token_of("researcher")


@pytest.mark.parametrize("case", ["snakemake", "cwl from a file", "yadage from a file"])
@pytest.mark.parametrize("make_client", [stable, coming])
def test_an_analysis_of_any_engine_runs_from_its_folder(
    token: str, tmp_path: Path, make_client: MakeClient, case: str
) -> None:
    client = make_client(tmp_path, running_stack().url("reana"), token)
    person, name = Person(client.url, token), f"engine-{secrets.token_hex(4)}"
    lay_out(tmp_path, case)

    client.good("run", "-w", name)

    assert person.finish(f"{name}.1") == "finished"
    client.good("download", "-w", name)
    assert (tmp_path / CASES[case].result).read_bytes() == GREETINGS


def lay_out(folder: Path, case: str) -> None:
    """Write an analysis as its author has it: reana.yaml, and the workflow in a file of its own."""
    specification = CASES[case].specification
    files = {**CASES[case].files}
    if case == "snakemake":  # whose parameters the stable client reads from a file alone
        files["values.yaml"] = yaml.safe_dump(specification["inputs"]["parameters"])
        specification["inputs"]["parameters"] = {"input": "values.yaml"}
        specification["inputs"]["files"].append("values.yaml")
    files["reana.yaml"] = yaml.safe_dump(specification)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    (folder / "data" / "names.txt").write_bytes(NAMES)
