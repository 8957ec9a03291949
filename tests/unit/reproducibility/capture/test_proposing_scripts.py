"""Scripts become analyses: which one runs, its options, its paths, and the code that it calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from string import Template

import yaml

from reproducibility.capture.proposing import propose
from reproducibility.capture.values import FoundFile, Parameter, Proposal, Role
from tests.unit.reproducibility.capture.making import IMAGE, file, found, note, notebook, paths

SCRIPT = """
import argparse
from pathlib import Path
from shapes import area

HERE = Path(__file__).parent
TABLE = HERE.parent / "data" / "table.csv"


def write(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "area.json").write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=float, default=2, help="in metres")
    parser.add_argument("--name", default="a field")
    parser.add_argument("--output", type=Path, default=Path("results"))
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    rows = len(TABLE.read_text().splitlines())
    write(options.output, f"{area(options.width)} {rows} {options.name}")
"""
SHAPES = "def area(width):\n    return width * 3\n"


def _source() -> tuple[FoundFile, ...]:
    return (
        file("code/main.py", SCRIPT),
        file("code/shapes.py", SHAPES),
        file("code/unused.py", "print('never')"),
        file("data/table.csv", "a\nb\n"),
        file("results/area.json", "6.0 2 a field"),
    )


def _run(proposal: Proposal, files: tuple[FoundFile, ...], folder: Path) -> None:
    """Do what REANA's serial engine does: parameters into commands, one bash each."""
    told = yaml.safe_load(proposal.specification)
    for each in files:
        if proposal.roles[each.path] in {Role.CODE, Role.INPUT}:
            (folder / each.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / each.path).write_bytes(each.content or b"")
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in told["workflow"]["specification"]["steps"][0]["commands"]:
        line = Template(command).substitute(told["inputs"]["parameters"])
        done = ["bash", "-c", line]
        subprocess.run(done, cwd=folder, check=True, env={**os.environ, "PATH": search})


def test_options_with_constant_defaults_are_parameters_of_their_type() -> None:
    proposal = propose(found(*_source()))

    assert proposal.parameters == (
        Parameter("width", 2.0, "in metres"), Parameter("name", "a field"),
        Parameter("output", "results"),
    )  # fmt: skip
    assert "--verbose" in note(proposal, "is a switch")


def test_what_is_proposed_runs_and_gives_the_recorded_output(tmp_path: Path) -> None:
    files = _source()
    proposal = propose(found(*files))

    _run(proposal, files, tmp_path)

    assert (tmp_path / "results" / "area.json").read_text() == "6.0 2 a field"
    assert yaml.safe_load(proposal.specification)["outputs"]["files"] == ["results/area.json"]


def test_only_the_code_that_the_entry_reaches_goes_along() -> None:
    proposal = propose(found(*_source()))

    assert paths(proposal, Role.CODE) == ["code/main.py", "code/shapes.py"]
    assert proposal.roles["code/unused.py"] is Role.LEFT_OUT


def test_paths_from_the_file_itself_are_followed() -> None:
    proposal = propose(found(*_source()))

    assert paths(proposal, Role.INPUT) == ["data/table.csv"]


def test_a_script_whose_paths_count_from_its_folder_runs_there() -> None:
    proposal = propose(
        found(file("code/run.py", "print(open('events.csv').read())"), file("code/events.csv", "1"))
    )

    command = yaml.safe_load(proposal.specification)["workflow"]["specification"]["steps"][0]
    assert command["commands"] == ["cd code && python run.py"]
    assert "run in code" in note(proposal, "count from there")


def test_a_needed_option_is_asked_for() -> None:
    script = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('events')\n"
        "p.add_argument('--bins', type=int, required=True)\nprint(p.parse_args())\n"
    )

    proposal = propose(found(file("fit.py", script)))

    assert proposal.parameters == (Parameter("events", ""), Parameter("bins", ""))
    assert "give its value" in note(proposal, "fit.py needs --bins")
    assert 'python fit.py "${events}" --bins="${bins}"' in proposal.specification


def test_a_telling_name_is_preferred_and_the_others_are_offered() -> None:
    acting = "print(1)"
    source = found(
        file("plot.py", acting), file("analysis.py", acting), file("test_fit.py", acting)
    )

    proposal = propose(source)

    assert proposal.entry == "analysis.py"
    assert proposal.entries == ("analysis.py", "plot.py")
    assert "could also be plot.py" in note(proposal, "is taken as what runs")


def test_a_chosen_entry_is_taken_without_a_remark() -> None:
    source = (file("plot.py", "print(1)"), file("analysis.py", "print(1)"))

    proposal = propose(found(*source, entry="plot.py"))

    assert proposal.entry == "plot.py"
    assert not [each for each in proposal.notes if "is taken as what runs" in each]


def test_a_module_that_others_import_is_hardly_the_entry() -> None:
    source = found(
        file("main_window.py", "import run_helpers\nprint(1)"),
        file("run_helpers.py", "if __name__ == '__main__':\n    print(1)"),
    )

    assert propose(source).entry == "main_window.py"


def test_a_shell_script_takes_along_what_it_names() -> None:
    proposal = propose(
        found(
            file("run.sh", "python code/select.py data/in.csv > work/out.csv"),
            file("code/select.py", "import sys"),
            file("data/in.csv", "1"),
            notebook("notes.ipynb", "x = 1"),
        )
    )

    assert proposal.entry == "run.sh"
    assert paths(proposal, Role.CODE) == ["code/select.py", "run.sh"]
    assert paths(proposal, Role.INPUT) == ["data/in.csv"]
    assert "bash run.sh" in proposal.specification
    assert "work/out.csv" in note(proposal, "it was not found")


def test_a_root_macro_is_run_by_root() -> None:
    macro = 'void fit() { TFile f("out.root", "RECREATE"); c.SaveAs("mass.png"); }'

    proposal = propose(found(file("fit.C", macro)))

    assert "root -b -q fit.C" in proposal.specification
    assert yaml.safe_load(proposal.specification)["outputs"]["files"] == ["mass.png", "out.root"]


def test_where_nothing_names_an_image_it_is_said() -> None:
    source = found(file("run.py", "print(1)"), file("requirements.txt", "numpy"))

    proposal = propose(type(source)(source.files))

    assert proposal.environment == "docker.io/library/python:3.11"
    assert "requirements.txt" in note(proposal, "Nothing names an image")


def test_a_dockerfiles_last_stage_names_the_image() -> None:
    dockerfile = "FROM gcc:13 AS build\nFROM quay.io/jupyter/scipy-notebook:2026-01\nRUN true\n"
    source = found(file("run.py", "print(1)"), file("binder/Dockerfile", dockerfile))

    proposal = propose(type(source)(source.files))

    assert proposal.environment == "quay.io/jupyter/scipy-notebook:2026-01"
    assert "what the Dockerfile adds is not in it" in note(proposal, "binder/Dockerfile")


def test_the_sessions_image_is_taken_where_it_is_known() -> None:
    proposal = propose(found(file("run.py", "print(1)"), file("Dockerfile", "FROM other:1")))

    assert proposal.environment == IMAGE
    assert f"environment: {IMAGE}" in proposal.specification


def test_hidden_files_and_secrets_are_left_out() -> None:
    proposal = propose(
        found(
            file("run.py", "open('.cache/x'); open('api_token.txt'); open('grid.pem')"),
            file(".cache/x", "1"), file("api_token.txt", "s"), file("grid.pem", "s"),
        )
    )  # fmt: skip

    assert paths(proposal, Role.LEFT_OUT) == [".cache/x", "api_token.txt", "grid.pem"]
    assert "keys and passwords" in note(proposal, "api_token.txt")


def test_what_is_newer_than_the_entry_looks_like_a_result() -> None:
    proposal = propose(
        found(
            file("run.py", "print(1)", at=100.0),
            file("peak.pdf", "x", at=200.0),
            file("old.pdf", "x", at=50.0),
        )
    )

    assert paths(proposal, Role.OUTPUT) == ["peak.pdf"]
    assert "no code was seen to write it" in note(proposal, "peak.pdf")


def test_an_output_in_a_folder_that_only_a_run_knows_is_asked_for() -> None:
    script = "import sys, json\njson.dump({}, open(sys.argv[1] + '/fit.json', 'w'))"

    proposal = propose(found(file("run.py", script)))

    assert "known only when it runs" in note(proposal, "fit.json")


def test_where_nothing_can_run_it_is_said() -> None:
    proposal = propose(found(file("data.csv", "1"), file("README.md", "# Numbers")))

    assert proposal.specification == ""
    assert proposal.title == "Numbers"
    assert "No notebook or script" in note(proposal, "choose a folder")
