"""Whatever state files are in, a proposal comes out, and what it says holds together."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.capture import notebooks
from reproducibility.capture.proposing import propose
from reproducibility.capture.values import Found, FoundFile, Role
from reproducibility.specs.checking import check
from tests.unit.reproducibility.capture.making import file, found, unhurried

CODE = [
    "open('data/a.csv')", "x = f'{y}.csv'", "Path(__file__).parent / 'b' / 'c.json'", "import run",
    "p.add_argument('--n', type=int, default=3)", "p.add_argument()", "p.add_argument(*x)",
    "df.to_csv()", "df.to_csv(path_or_buf='out.csv')", "open(mode='w')", "open('w', 'w')",
    "'a' / 1 / None", "os.path.join()", "if __name__ == '__main__': pass",
    "def f(a='b', *, c='d'): 0",
    "(", "\x00", "a = a = 'b' + 'c'", "f'{'", "np.savez(**{'a': 1})", "x: int", "print(1)",
    "open('../../../etc/passwd', 'w')", "open('/etc/passwd')", "open('*', 'w')",
    "open('a\\nb', 'w')",
    "'" + "a/" * 300 + "'", "1" + "+1" * 500, "x" + ".parent" * 300, str(10**300),
]  # fmt: skip
scripts = st.lists(st.sampled_from(CODE) | st.text(max_size=20), max_size=8).map("\n".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | scripts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cells", "worksheets", "source", "input", "cell_type", "metadata",
                             "tags", "kernelspec", "language_info", "name", "version"]),
            inner, max_size=6,
        )
    ),
    max_leaves=12,
)  # fmt: skip
cells = st.lists(
    st.fixed_dictionaries({
        "cell_type": st.sampled_from(["code", "markdown", 7]),
        "source": scripts | st.lists(scripts | st.integers(), max_size=2) | st.none(),
        "metadata": st.sampled_from([{"tags": ["parameters"]}, {"tags": "x"}, [], None]),
    }), max_size=4,
)  # fmt: skip
told = st.fixed_dictionaries({"cells": cells, "metadata": values}) | values
paths = st.sampled_from(
    ["run.py", "code/a.py", "fit.ipynb", "sub/fit.ipynb", "run.sh", "fit.C", "reana.yaml",
     "README.md", "CITATION.cff", "codemeta.json", "LICENSE", "data/a.csv", "out.csv",
     "results/x.json", "Dockerfile", ".hidden/x.py", "a b/c'd.py", "tests/x.feature"]
)  # fmt: skip
contents = (
    scripts.map(str.encode) | st.binary(max_size=30) | told.map(lambda x: json.dumps(x).encode())
)
sources = st.dictionaries(paths, contents | st.none(), max_size=7)


def _found(files: dict[str, bytes | None]) -> Found:
    return Found(
        tuple(FoundFile(path, len(raw or b""), content=raw) for path, raw in files.items())
    )


@unhurried
@given(sources)
def test_whatever_was_found_a_proposal_comes_out(files: dict[str, bytes | None]) -> None:
    proposal = propose(_found(files))

    assert set(proposal.roles) == set(files)
    assert proposal.title
    assert all(note and note.isprintable() for note in proposal.notes)
    kept = [path for path, role in proposal.roles.items() if role in {Role.CODE, Role.INPUT}]
    if proposal.specification and files.get("reana.yaml") is None:
        assert all(files[path] is not None for path in kept)
        _assert_good(proposal.specification, {*kept, *proposal.tests})


def _assert_good(text: str, files: set[str]) -> None:
    assert isinstance(yaml.safe_load(text), dict)
    faults = [each for each in check(text, files=files) if not each.hint]
    assert [each for each in faults if "No output is declared" not in each.reason] == []


@unhurried
@given(told)
def test_whatever_a_notebook_is_it_is_read_or_it_is_none(content: Any) -> None:
    notebook = notebooks.read(json.dumps(content).encode())

    assert notebook is None or all(isinstance(cell.python, str) for cell in notebook.cells)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"cells": 7}', b'{"worksheets": [7]}', b"null"],
)
def test_what_is_no_notebook_is_none(content: bytes) -> None:
    assert notebooks.read(content) is None
    assert propose(found(file("fit.ipynb", content))).specification == ""


def test_an_old_notebook_is_read_from_its_worksheets() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}]}

    notebook = notebooks.read(json.dumps(old).encode())

    assert notebook is not None
    assert notebook.cells[0].text == "x = 1\ny = 2"


def test_deep_nesting_of_code_costs_nothing() -> None:
    deep = "x = " + "(" * 90 + "1" + ")" * 90 + "\ny = " + "-" * 50_000 + "1\nprint(1)\n"

    assert propose(found(file("run.py", deep), file("a.py", "print(1)"))).entry in {
        "run.py",
        "a.py",
    }
