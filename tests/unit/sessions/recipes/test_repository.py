"""Which of a repository's files counts."""

from __future__ import annotations

import pytest

from sessions.recipes import pick
from vre_portal.errors import InvalidRequest


def test_binders_folder_comes_before_the_top_and_conda_before_pip() -> None:
    files = {"requirements.txt": "a", "binder/requirements.txt": "b", "environment.yml": "c"}

    assert pick(files).name == "binder/requirements.txt"
    assert pick({name: files[name] for name in ("requirements.txt", "environment.yml")}).name == (
        "environment.yml"
    )


def test_what_binder_would_run_too_is_told_as_left_out() -> None:
    files = {"binder/requirements.txt": "a", "binder/postBuild": "rm", "apt.txt": "elsewhere"}

    assert pick(files).left_out == ("postBuild",)


def test_included_files_are_written_into_the_text() -> None:
    files = {
        "requirements.txt": "-r requirements/base.txt\nnumpy",
        "requirements/base.txt": "scipy",
    }

    assert pick(files).text == "scipy\nnumpy\n"


def test_a_repository_without_a_list_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"no requirements\.txt"):
        pick({"README.txt": "hello"})
