"""What a reana.yaml declares, and one more file put into it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.services.captures.declared import declared_in, with_input, without_output
from tests.unit.reproducibility.capturing.conftest import SPECIFICATION

BLOCK = SPECIFICATION.decode()
FLOW = "inputs:\n  files: [fit.py]  # the code\nworkflow: {type: serial}\n"
WITHOUT_FILES = "inputs:\n  # what it needs\n  parameters: {bins: 60}\nworkflow:\n  type: serial\n"
WITHOUT_INPUTS = "workflow:\n  type: serial\n"
DASH_AT_KEY = "inputs:\n  files:\n  - fit.py\n  - a b.csv\noutputs:\n  files: [x]\n"


@pytest.mark.parametrize("text", [BLOCK, FLOW, WITHOUT_FILES, WITHOUT_INPUTS, DASH_AT_KEY])
@pytest.mark.parametrize("path", ["data/masses.csv", "data/a: b.csv", "ü/#1.txt"])
def test_one_more_input_is_put_into_any_form_of_it(text: str, path: str) -> None:
    before = yaml.safe_load(text)

    after = yaml.safe_load(with_input(text, path))

    files = [*(before.get("inputs", {}).get("files") or []), path]
    assert after["inputs"].pop("files") == files
    before.setdefault("inputs", {}).pop("files", None)
    assert after == before


def test_the_rest_of_the_text_stays_as_it_was_written() -> None:
    after = with_input(WITHOUT_FILES, "a.csv")

    assert "# what it needs" in after
    assert after.replace("  files:\n  - a.csv\n", "") == WITHOUT_FILES


def test_a_file_in_a_declared_folder_is_not_named_again() -> None:
    text = "inputs:\n  directories: [data]\n"

    assert with_input(text, "data/a.csv") == text


@given(st.text(max_size=300))
def test_whatever_the_text_is_declared_is_a_value(text: str) -> None:
    assert declared_in(text).input_files is not None


def test_outputs_are_files_and_all_in_folders() -> None:
    declared = declared_in("outputs:\n  files: [./a.json]\n  directories: [plots/]\n")

    assert declared.is_output("a.json")
    assert declared.is_output("plots/z/peak.png")
    assert not declared.is_output("plots.txt")


def test_a_file_is_no_output_any_more_and_the_last_one_stays() -> None:
    text = "outputs:\n  files:\n  - data/a.json  # read\n  - results/b.json\nversion: 1\n"

    less = without_output(text, "data/a.json")

    assert less == "outputs:\n  files:\n  - results/b.json\nversion: 1\n"
    assert without_output(less, "results/b.json") == less
