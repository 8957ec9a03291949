"""Which repositories may be fetched, and what their folders are called."""

from __future__ import annotations

import pytest

from vre_session.repositories import Wish, WrongWish, name_of, wish_of

URL = "https://git.example/group/analysis.git"


def test_a_wish_names_a_repository_a_state_and_a_file() -> None:
    wish = wish_of({"url": URL, "ref": "v1.0", "path": "notebooks/a.ipynb"})

    assert wish == Wish(URL, "v1.0", "notebooks/a.ipynb")


def test_its_default_branch_is_meant_by_nothing() -> None:
    assert wish_of({"url": URL, "ref": None}) == Wish(URL)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/a.git", "http://localhost/a", URL])
def test_https_is_fetched_and_http_on_this_machine(url: str) -> None:
    assert wish_of({"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://git.example/a.git",
        "ssh://git@git.example/a.git",
        "git@git.example:a.git",
        "file:///etc",
        "/etc",
        "https://ann:secret@git.example/a.git",
        "https://token@git.example/a.git",
        "https:///a.git",
        "https://git.example:port/a.git",
        "ext::sh -c touch% /tmp/x",
        "https://127.0.0.1@evil.example:x/a",
        5,
    ],
)
def test_nothing_else_is(url: object) -> None:
    with pytest.raises(WrongWish):
        wish_of({"url": url})


@pytest.mark.parametrize("ref", ["-x", "--upload-pack=x", "a b", "a..b", "a:b", "x" * 201])
def test_a_state_is_a_plain_name(ref: str) -> None:
    with pytest.raises(WrongWish, match="ref"):
        wish_of({"url": URL, "ref": ref})


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".git/config"])
def test_a_file_lies_within(path: str) -> None:
    with pytest.raises(WrongWish, match="path"):
        wish_of({"url": URL, "path": path})


@pytest.mark.parametrize("told", [None, [], "x"])
def test_what_is_no_wish_is_refused(told: object) -> None:
    with pytest.raises(WrongWish):
        wish_of(told)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (URL, "analysis"),
        ("https://git.example/a/b/", "b"),
        ("https://git.example", "repository"),
        ("https://git.example/..", "repository"),
        ("https://git.example/.hidden", "hidden"),
        ("https://git.example/a%2F..%2Fb", "a-2F..-2Fb"),
    ],
)
def test_a_folder_has_a_harmless_name(url: str, name: str) -> None:
    assert name_of(url) == name
