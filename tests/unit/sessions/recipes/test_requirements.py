"""requirements.txt, also as somebody writes it who means harm."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from sessions.recipes import read
from sessions.recipes.requirements import parse
from vre_portal.errors import InvalidRequest

HASH = f"--hash=sha256:{'a' * 64}"


def refusal(text: str, **others: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        parse(text, others={name.replace("_", "/"): each for name, each in others.items()})
    assert caught.value.field == "text"
    return caught.value.message


def test_names_versions_extras_markers_and_hashes_are_kept() -> None:
    found = parse(
        "# mine\nnumpy==2.1   # new\n\npandas >=2, <3\nuproot[xrootd]; python_version > '3.8'\n"
        f"hist==2.8 \\\n    {HASH}\n"
    )

    assert found == (
        "numpy==2.1", "pandas<3,>=2", 'uproot[xrootd]; python_version > "3.8"', f"hist==2.8 {HASH}",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "-e .", "-e git+https://git.test/x#egg=x", "--editable=.", "-i https://index.test/simple",
        "-ihttps://index.test/simple", "--index-url https://index.test", "--pre",
        "--extra-index-url=https://index.test", "-f .", "--find-links /tmp", "-c limits.txt",
        "--trusted-host index.test", "--no-binary :all:", "--config-settings=x=y",
        "./package", "../package", "/etc/passwd", "~/package", "package.whl", "folder/package",
        "C:\\package", "file:///etc/passwd", "https://index.test/p.whl", "git+https://git.test/x",
        "p @ https://index.test/p-1-py3-none-any.whl", "p@https://index.test/p-1-py3-none-any.whl",
        "p @ file:///tmp/p.whl", "p @ git+https://git.test/p", "${HOME}", "$(id)", "`id`", "p; id",
        "p --global-option=x", "p --hash=md5:aaaa", "p --hash=sha256:zz", "p p", "=1",
    ],
)  # fmt: skip
def test_what_leads_elsewhere_is_refused_by_its_line(line: str) -> None:
    message = refusal(f"numpy\n\n{line}\n")

    assert message.startswith("requirements.txt, line 3: ")


def test_a_line_that_goes_on_is_told_by_its_first_number() -> None:
    assert "line 2:" in refusal("numpy\n-e \\\n  .\n")


def test_a_file_beside_it_is_included() -> None:
    found = parse(
        "-r more/base.txt\nnumpy", others={"more/base.txt": "-r deep.txt", "more/deep.txt": "scipy"}
    )

    assert found == ("scipy", "numpy")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "absent.txt", "https://x"])
def test_only_files_of_the_repository_are_included(path: str) -> None:
    assert "there is no file" in refusal(f"-r {path}")


def test_files_that_include_each_other_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"b\.txt, line 1: 'a\.txt' is included already"):
        parse("-r a.txt", others={"a.txt": "-r b.txt", "b.txt": "-r a.txt"})


def test_a_file_is_included_once_so_that_few_lines_can_not_be_made_into_many() -> None:
    others = {f"{name}.txt": f"-r {after}.txt\n" * 7000 for name, after in ("ab", "bc", "cd")}

    with pytest.raises(InvalidRequest, match=r"b\.txt, line 2: 'c\.txt' is included already"):
        parse("-r a.txt\n", others=others | {"c.txt": "numpy\n"})


def test_a_package_that_is_listed_again_and_again_counts_each_time() -> None:
    assert "line 201: list at most 200" in refusal("numpy\n" * 10_000)


@pytest.mark.parametrize("line", ["a" + " " * 64_000, f"a{' ' * 64_000}x {HASH}", "#" * 64_000])
def test_a_line_of_blanks_is_read_in_no_time(line: str) -> None:
    began = time.process_time()

    with suppress(InvalidRequest):
        parse(line)

    assert time.process_time() - began < 1


def test_a_long_name_is_refused_beside_a_hash_too() -> None:
    assert "at most 500 characters" in refusal(f"{'a' * 600} {HASH}")


def test_faults_of_an_included_file_name_that_file() -> None:
    with pytest.raises(InvalidRequest, match=r"more\.txt, line 1: -e"):
        parse("-r more.txt", others={"more.txt": "-e ."})


def test_at_most_200_packages_are_listed() -> None:
    assert len(parse("\n".join(f"p{n}" for n in range(200)))) == 200
    assert "at most 200" in refusal("\n".join(f"p{n}" for n in range(201)))


@pytest.mark.parametrize("text", ["", "\n# only words\n"])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="lists no package"):
        read("requirements.txt", text, python="3.11.7")


def test_a_file_of_more_than_64_kib_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="64 KiB"):
        read("requirements.txt", "#" * 70_000, python="3.11.7")


@given(st.text(max_size=300))
def test_whatever_is_written_pip_gets_only_names_and_versions(text: str) -> None:
    try:
        found = parse(text)
    except InvalidRequest:
        return

    for line in found:
        written, *options = line.split(" --hash=")
        assert Requirement(written).url is None
        assert not written.startswith("-")
        assert "\n" not in line
        assert all(option.startswith("sha") for option in options)


def test_the_same_packages_have_one_digest_on_one_base() -> None:
    one = read("requirements.txt", "scipy\nnumpy==2.1", python="3.11.7")
    other = read("list.txt", "# x\nnumpy == 2.1\nscipy\n", python="3.11.7")

    assert one.digest("base") == other.digest("base")
    assert one.digest("base") != one.digest("newer base")
