"""What pip says, in words, and what of it nobody needs to see."""

from __future__ import annotations

import pytest

from sessions.builder import told

CONFLICT = """\
ERROR: Cannot install jupyterlab==3.6 because these package versions have conflicting dependencies.
The conflict is caused by:
    The user requested jupyterlab==3.6
    The user requested (constraint) jupyterlab==4.6.6
To fix this you could try to:
"""


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (CONFLICT, "the list asks for jupyterlab==3.6; every session has jupyterlab==4.6.6"),
        ("ERROR: No matching distribution found for astropy==99\n", "astropy==99 can't be inst"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM\n", "does not have the hash"),
        ("NewConnectionError('x')\nERROR: Could not find\n", "does not answer at the moment"),
        ("OSError: [Errno 28] No space left on device\n", "needs more room"),
        ("MemoryError\n", "needs more memory"),
        ("ERROR: Something else\n", "Something else"),
        ("", "without a word (exit code 7)"),
    ],
)
def test_a_failure_is_told_in_words(log: str, says: str) -> None:
    assert says in told.reason(log, 7)


def test_what_does_not_go_together_is_told_though_it_was_installed() -> None:
    log = "matplotlib 3.11 requires numpy>=2, but you have numpy 1.26 which is incompatible.\nx\n"

    assert told.warning(log) == log.splitlines()[0]


@pytest.mark.parametrize(
    "line",
    ["Looking in indexes: https://user:secret@index.test/simple", "Looking in links: /opt/wheels"],
)
def test_where_the_index_is_stays_out_of_the_log(line: str) -> None:
    assert told.cleaned(line) == ""


def test_addresses_folders_and_control_characters_stay_out_of_the_log() -> None:
    line = told.cleaned("\x1b[31msatisfied: x in /srv/base/lib from https://u:p@index.test/x (1)\n")

    assert line == "[31msatisfied: x from (address) (1)\n"
