"""environment.yml: what can be had without conda, and the way out for the rest."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.recipes import read
from vre_portal.errors import InvalidRequest

PYTHON = "3.11.7"


def packages(dependencies: str) -> tuple[str, ...]:
    text = f"name: mine\nchannels: [conda-forge]\ndependencies:\n{dependencies}"
    return read("environment.yml", text, python=PYTHON).requirements


def refusal(text: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read("environment.yml", text, python=PYTHON)
    return caught.value.message


def test_known_packages_and_those_of_pip_are_taken() -> None:
    found = packages(
        "- python=3.11\n- numpy=1.26\n- scipy==1.15.1\n- conda-forge::astropy>=6,<8\n- pip\n"
        "- matplotlib 3.9\n- pip:\n  - mypackage>=2\n  - other[extra]\n"
    )

    assert found == (
        "numpy==1.26.*", "scipy==1.15.1", "astropy<8,>=6", "matplotlib==3.9.*", "mypackage>=2",
        "other[extra]",
    )  # fmt: skip


@pytest.mark.parametrize("version", ["", "=3", "=3.11", ">=3.10,<3.13", "=3.11.*", "==3.11.7"])
def test_a_python_that_is_there_is_taken(version: str) -> None:
    assert packages(f"- python{version}\n- numpy") == ("numpy",)


@pytest.mark.parametrize("version", ["=3.12", "<3.11", "==3.11.6", "=2"])
def test_another_python_is_refused_with_the_one_that_is_there(version: str) -> None:
    message = refusal(f"dependencies:\n- numpy\n- python{version}\n")

    assert message.startswith("environment.yml, line 3: it asks for Python")
    assert "Python 3.11.7" in message


def test_another_package_of_conda_is_refused_with_the_way_out() -> None:
    message = refusal("dependencies:\n- numpy\n- root=6.32\n")

    assert message.startswith("environment.yml, line 3: 'root' is a package of conda")
    assert "put it under `pip:`" in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dependencies:\n- numpy=1.26=py311_0", 2),
        ("channels: [bioconda]\ndependencies: [numpy]", 1),
        ("dependencies:\n- bioconda::numpy", 2),
        ("dependencies:\n- pip:\n  - -e .", 3),
        ("dependencies:\n- pip:\n  - numpy\n  - p @ https://index.test/p.whl", 4),
        ("dependencies:\n- npm:\n  - left-pad", 2),
        ("dependencies:\n- [numpy]", 2),
        ("dependencies: numpy", 1),
        ("variables:\n  A: b\ndependencies: [numpy]", 1),
        ("dependencies:\n- numpy;os", 2),
        ("name: x", 1),
        ("- numpy", 1),
        ("a: [", 1),
        ("a: &a [*a]\ndependencies: [numpy]", 1),
        ("", 1),
    ],
)
def test_what_is_not_understood_is_refused_by_its_line(text: str, line: int) -> None:
    assert refusal(text).startswith(f"environment.yml, line {line}: ")


def test_a_list_that_is_named_many_times_counts_each_time() -> None:
    listed = ", ".join(["&a {pip: [" + ", ".join(f"p{n}" for n in range(150)) + "]}", "*a"])

    assert "list at most 200 packages" in refusal(f"dependencies: [{listed}]")


#: Each of these lists is twice the one before.
NESTED = ", ".join(f"&{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(24))


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: [&a {pip: [numpy]}, " + "*a, " * 10_000 + "]",
        "dependencies: [&a {" + "pip: [], " * 4000 + "}, " + "*a, " * 4000 + "]",
        "dependencies: [{" + "pip: [numpy], " * 4000 + "}]",
        "dependencies: [" + "numpy, " * 8000 + "]",
        'dependencies: ["' + "1" * 60_000 + '\\n\\nx"]',
        f"? [&a [x, x], {NESTED}]\n: x\ndependencies: [numpy]",
        f"dependencies:\n- ? [&a [x, x], {NESTED}]\n  : x\n",
    ],
)
def test_a_short_text_that_means_much_is_refused_in_no_time(text: str) -> None:
    began = time.process_time()

    refusal(text)

    assert time.process_time() - began < 5


@given(st.text(max_size=300))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert read("environment.yml", text, python=PYTHON).requirements
