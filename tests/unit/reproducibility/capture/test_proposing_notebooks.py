"""Notebooks become analyses: parameters, data, results, and the folder they run in."""

from __future__ import annotations

import yaml

from reproducibility.capture.proposing import propose
from reproducibility.capture.values import Data, Parameter, Role
from reproducibility.specs.checking import check
from tests.unit.reproducibility.capture.making import file, found, large, note, notebook, paths

READING = "import pandas as pd\nframe = pd.read_csv('data/events.csv')"


def _command(specification: str) -> str:
    step = yaml.safe_load(specification)["workflow"]["specification"]["steps"][0]
    return str(step["commands"][-1])


def test_a_tagged_cell_gives_parameters_with_their_types_and_comments() -> None:
    cell = 'bins = 60  # of the histogram\nlow: float = 1.5\nquick = False\nnames = ["a", "b"]'

    proposal = propose(found(notebook("fit.ipynb", READING, parameters=cell)))

    assert proposal.parameters == (
        Parameter("bins", 60, "of the histogram"), Parameter("low", 1.5),
        Parameter("quick", False), Parameter("names", ["a", "b"]),
    )  # fmt: skip
    assert "bins: 60  # of the histogram" in proposal.specification
    told = yaml.safe_load(proposal.specification)["inputs"]["parameters"]
    assert told == {"bins": 60, "low": 1.5, "quick": False, "names": ["a", "b"]}


def test_each_type_of_parameter_is_handed_over_so_that_it_stays_what_it_is() -> None:
    cell = "bins = 60\nyear = '2012'\nedges = [0, 1.5]\nquick = True"

    proposal = propose(found(notebook("fit.ipynb", parameters=cell)))

    assert _command(proposal.specification) == (
        "papermill fit.ipynb results/fit.ipynb -p bins ${bins} "
        '-r year "${year}" -y "edges: ${edges}" -p quick ${quick}'
    )


def test_a_value_that_the_shell_would_change_is_no_parameter() -> None:
    cell = 'label = "p_T [GeV] $x$"\nkept = "p_T [GeV]"\ncomputed = 2 ** 8'

    proposal = propose(found(notebook("fit.ipynb", parameters=cell)))

    assert [each.name for each in proposal.parameters] == ["kept"]
    assert "can't be handed over" in note(proposal, "label in fit.ipynb")
    assert "no constant" in note(proposal, "computed in fit.ipynb")


def test_a_notebook_runs_in_its_own_folder_as_jupyter_runs_it() -> None:
    proposal = propose(
        found(
            notebook("code/fit.ipynb", "open('../data/events.csv')", "plt.savefig('mass.png')"),
            file("data/events.csv", "1"),
        )
    )

    assert "--cwd code" in _command(proposal.specification)
    assert proposal.roles["data/events.csv"] is Role.INPUT
    assert "code/mass.png" in yaml.safe_load(proposal.specification)["outputs"]["files"]


def test_the_executed_notebook_is_an_output_of_its_own() -> None:
    proposal = propose(found(notebook("fit.ipynb", "print(1)")))

    told = yaml.safe_load(proposal.specification)
    assert told["outputs"]["files"] == ["results/fit.ipynb"]
    assert told["workflow"]["specification"]["steps"][0]["commands"][0] == "mkdir -p results"


def test_files_that_the_code_names_are_inputs_and_what_it_writes_are_outputs() -> None:
    proposal = propose(
        found(
            notebook("fit.ipynb", READING, "frame.to_csv('results/table.csv')"),
            file("data/events.csv", "1"),
            file("data/other.csv", "2"),
            file("results/table.csv", "3"),
        )
    )

    assert paths(proposal, Role.INPUT) == ["data/events.csv"]
    assert paths(proposal, Role.OUTPUT) == ["results/table.csv"]
    assert proposal.roles["data/other.csv"] is Role.LEFT_OUT
    assert "data/other.csv" in note(proposal, "nothing that runs names it")


def test_a_broken_cell_costs_no_other_cell() -> None:
    proposal = propose(
        found(notebook("fit.ipynb", "def (:", "%%bash\nls", READING), file("data/events.csv", "1"))
    )

    assert proposal.roles["data/events.csv"] is Role.INPUT


def test_magics_are_no_reason_to_miss_what_a_cell_reads() -> None:
    cell = f"%matplotlib inline\n!pip list\n{READING}"

    proposal = propose(found(notebook("fit.ipynb", cell), file("data/events.csv", "1")))

    assert proposal.roles["data/events.csv"] is Role.INPUT


def test_the_first_heading_is_the_title() -> None:
    proposal = propose(found(notebook("fit.ipynb", "# The Z peak in dimuons", "print(1)")))

    assert proposal.title == "The Z peak in dimuons"


def test_data_of_the_lake_is_declared_by_its_folder_and_never_kept() -> None:
    proposal = propose(
        found(
            notebook("fit.ipynb", "uproot.open('data/dimuon.root')"),
            large("data/dimuon.root"),
            data=(Data("cms:dimuon", "data"),),
        )
    )

    told = yaml.safe_load(proposal.specification)["inputs"]
    assert told["directories"] == ["data"]
    assert "data/dimuon.root" not in told["files"]
    assert proposal.roles["data/dimuon.root"] is Role.INPUT


def test_data_of_the_lake_that_no_code_names_is_said_to_be() -> None:
    proposal = propose(
        found(notebook("fit.ipynb", "print(1)"), data=(Data("cms:dimuon", "brought"),))
    )

    assert "no code names brought" in note(proposal, "cms:dimuon")


def test_a_large_file_that_is_read_is_told_to_go_into_the_data_lake() -> None:
    proposal = propose(found(notebook("fit.ipynb", READING), large("data/events.csv")))

    assert proposal.roles["data/events.csv"] is Role.LEFT_OUT
    assert "5.0 GiB" in note(proposal, "put it into the data lake")
    assert "data/events.csv" not in yaml.safe_load(proposal.specification)["inputs"]["files"]


def test_a_kernel_of_somebodys_own_is_replaced_by_the_one_that_images_have() -> None:
    kernel = {"name": "my-env", "language": "python"}

    proposal = propose(found(notebook("fit.ipynb", "print(1)", kernelspec=kernel)))

    assert "-k python3" in _command(proposal.specification)


def test_a_path_of_a_home_is_found_by_its_end() -> None:
    proposal = propose(
        found(
            notebook("fit.ipynb", "open('/home/jovyan/work/data/events.csv')"),
            file("data/events.csv", "1"),
        )
    )

    assert proposal.roles["data/events.csv"] is Role.INPUT


def test_what_is_proposed_has_no_fault() -> None:
    source = found(
        notebook("code/fit.ipynb", "open('../data/a b.csv')", parameters="bins = 60"),
        file("code/helpers.py", "x = 1"),
        file("data/a b.csv", "1"),
        data=(Data("cms:dimuon", "lake"),),
    )

    proposal = propose(source)

    files = {each.path: each.content for each in source.files}
    there = {**files, **{path: text.encode() for path, text in proposal.tests.items()}}
    assert check(proposal.specification, files={**there, "lake/": None}) == []
