"""Our acceptance tests know each sentence of REANA's own client, and write none that it lacks."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from demo import parts
from demo.bootstrap import Environments
from reproducibility.capture import acceptance
from reproducibility.gherkin.vocabulary import VOCABULARY
from tests.signin import running_stack
from tests.unit.reproducibility.capture.making import file

CLIENT = "reana-client-next"
PATTERNS = """
import json
from reana_commons.gherkin_parser import functions
known = [each for each in vars(functions).values() if hasattr(each, "_step_pattern")]
print(json.dumps([[each._step_type, text] for each in known for text in each._step_pattern]))
"""
UNKNOWN = """
import sys
from reana_commons.gherkin_parser.parser import get_steps_list, map_steps_to_functions
from reana_commons.gherkin_parser.parser import parse_feature_file
map_steps_to_functions(get_steps_list(parse_feature_file(sys.argv[1])[1]), None)
print("null")
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the client's environment."""
    stack = running_stack()
    Environments(stack.environments, parts.requirements(), print).build(CLIENT)
    return stack.environments / CLIENT / "bin" / "python"


def _told(python: Path, script: str, *arguments: str) -> Any:
    done = subprocess.run(
        [str(python), "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_each_sentence_of_the_client_is_known(python: Path) -> None:
    sentences = _told(python, PATTERNS)

    assert len(sentences) >= 27
    for kind, sentence in sentences:
        written = re.sub(r'"?\{\w+\}"?', '"a b"', sentence)
        assert VOCABULARY.find(kind, written) is not None, sentence


def test_the_client_knows_each_sentence_that_a_proposal_writes(
    python: Path, tmp_path: Path
) -> None:
    outputs = [file("results/table.csv", "1"), file("results/histogram.root", "x")]
    text = acceptance.write("A fit", [each.path for each in outputs], {x.path: x for x in outputs})
    feature = tmp_path / "outputs.feature"
    feature.write_text(text)

    assert _told(python, UNKNOWN, str(feature)) is None
