"""A repository that is fetched again: what is the user's own in it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dulwich import porcelain

from tests.fakes.git import Served, served
from vre_session.fetch import MARK, YOURS, _take_over, fetch

MOST = 8 << 20
WHO = b"Ann <ann@example.org>"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "origin", {"a.ipynb": "one"}) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the repository lies once it is fetched."""
    return tmp_path / "analysis"


def fetched(origin: Served, folder: Path, ref: str = "") -> dict[str, str]:
    return fetch(origin.url, ref, folder.parent, folder.parent / ".part", most=MOST)


def commit_on_a_branch(folder: Path) -> None:
    """Commit on a branch of one's own, and leave it."""
    before = porcelain.active_branch(str(folder))
    porcelain.branch_create(str(folder), "mine")
    porcelain.checkout(str(folder), "mine")
    (folder / "a.ipynb").write_text("mine")
    porcelain.add(str(folder), [str(folder / "a.ipynb")])
    porcelain.commit(str(folder), message=b"mine", author=WHO, committer=WHO)
    porcelain.checkout(str(folder), before.decode())


@pytest.mark.parametrize("by_commit", [False, True])
def test_an_untouched_one_is_fetched_again(origin: Served, folder: Path, by_commit: bool) -> None:
    ref = origin.commit if by_commit else ""
    fetched(origin, folder, ref)
    before = (folder / ".git" / MARK).stat().st_ino

    again = fetched(origin, folder, ref)

    assert again == {"folder": str(folder), "commit": origin.commit}
    assert (folder / ".git" / MARK).stat().st_ino != before


@pytest.mark.parametrize("by_commit", [False, True])
def test_a_branch_of_the_users_own_stays(origin: Served, folder: Path, by_commit: bool) -> None:
    fetched(origin, folder, origin.commit if by_commit else "main")
    commit_on_a_branch(folder)

    again = fetched(origin, folder)

    assert (again["message"], again["commit"]) == (YOURS, origin.commit)
    assert b"mine" in porcelain.branch_list(str(folder))


def test_a_packed_branch_stays_too(origin: Served, folder: Path) -> None:
    fetched(origin, folder)
    commit_on_a_branch(folder)
    porcelain.pack_refs(str(folder), all=True)

    assert fetched(origin, folder)["message"] == YOURS


def test_what_was_stashed_away_stays(origin: Served, folder: Path) -> None:
    fetched(origin, folder)
    (folder / "a.ipynb").write_text("mine")
    porcelain.stash_push(str(folder))

    again = fetched(origin, folder)

    assert (again["message"], (folder / "a.ipynb").read_text()) == (YOURS, "one")
    porcelain.stash_pop(str(folder))
    assert (folder / "a.ipynb").read_text() == "mine"


def test_what_is_changed_while_a_clone_is_under_way_stays(origin: Served, folder: Path) -> None:
    part = folder.with_name("part")
    fetched(origin, folder)
    porcelain.clone(origin.url, str(part)).close()
    (folder / "a.ipynb").write_text("mine")

    told = _take_over(folder, part, origin.commit)

    assert told["message"] == YOURS
    assert (folder / "a.ipynb").read_text() == "mine"
