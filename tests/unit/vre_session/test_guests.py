"""Guests of a session: how far each may go, and that nobody else goes anywhere."""

from __future__ import annotations

import stat

import pytest

from vre_session.guests import MOST, Guests, Level, WrongList, parsed


@pytest.fixture
def guests(variables: dict[str, str]) -> Guests:
    found = Guests.of(variables | {"JUPYTERHUB_USER": "ann"})
    found.replace({"vic": Level.VIEW, "wes": Level.WORK})
    return found


PAGES = ("", "lab", "lab/tree/a.ipynb", "api/contents/a", "files/a.png", "static/x.js", "api/me")
#: REANA's side bar answers with the owner's token, Rucio's acts as the owner.
OTHERS = ("reana_jupyterlab/env", "rucio-jupyterlab/did-search", "terminals/websocket/1", "proxy/1")
HIDDEN = (
    *("files/.vre/s-1/tokens/rucio", "api/contents/.ssh/id", "files/a/%2Evre/x", "view/.x"),
    *("api/contents/%2F.vre%2Fs-1", "files/a%2F.vre%2Fx", "files/a%2f%2e%2e/%2f%2evre", "%2ex"),
)
OURS = ("vre/usage", "vre/guests", "%76re/guests")


def test_the_owner_may_all(guests: Guests) -> None:
    for path in (*PAGES, *OTHERS, *HIDDEN, *OURS):
        assert guests.may_open("ann", "PUT", path)
    assert guests.may_do("ann", "execute", "vre")


def test_who_works_may_all_but_what_the_portal_asks(guests: Guests) -> None:
    for path in (*PAGES, *OTHERS, *HIDDEN):
        assert guests.may_open("wes", "POST", path)
    for path in OURS:
        assert not guests.may_open("wes", "GET", path)
    assert guests.may_do("wes", "execute", "kernels")
    assert not guests.may_do("wes", "read", "vre")


def test_who_looks_reads_and_reads_nothing_hidden(guests: Guests) -> None:
    for path in PAGES:
        assert guests.may_open("vic", "GET", path)
        assert not guests.may_open("vic", "PUT", path)
        assert not guests.may_open("vic", "DELETE", path)
    for path in (*OTHERS, *HIDDEN, *OURS):
        assert not guests.may_open("vic", "GET", path), path
    assert guests.may_do("vic", "read", "contents")
    for action, resource in (
        ("write", "contents"),
        ("execute", "kernels"),
        ("execute", "events"),
        ("read", "terminals"),
        ("read", "vre"),
    ):
        assert not guests.may_do("vic", action, resource)


def test_a_name_that_only_looks_quoted_is_a_name(guests: Guests) -> None:
    assert guests.may_open("vic", "GET", "files/%252Evre")


@pytest.mark.parametrize("name", ["eve", "", "Ann", "vic "])
def test_everybody_else_gets_nothing(guests: Guests, name: str) -> None:
    for path in (*PAGES, *OTHERS, *OURS):
        assert not guests.may_open(name, "GET", path)
    assert not guests.may_do(name, "read", "contents")


def test_a_new_list_tells_whose_level_has_changed(guests: Guests) -> None:
    same = guests.replace({"vic": Level.VIEW, "wes": Level.WORK, "new": Level.VIEW})
    gone = guests.replace({"vic": Level.WORK})

    assert same == set()
    assert gone == {"vic", "wes", "new"}


def test_the_list_outlives_a_restart(variables: dict[str, str]) -> None:
    variables |= {"JUPYTERHUB_USER": "ann"}
    before = Guests.of(variables)
    before.replace({"vic": Level.VIEW})

    after = Guests.of(variables)

    assert after.levels == {"vic": Level.VIEW}
    assert stat.S_IMODE(before.file.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", '{"vic": "all"}', '{"": "view"}'])
def test_a_broken_list_has_nobody_on_it(variables: dict[str, str], text: str) -> None:
    guests = Guests.of(variables)
    guests.replace({"vic": Level.VIEW})
    guests.file.write_text(text)

    assert Guests.of(variables).levels == {}


@pytest.mark.parametrize(
    "told",
    [None, [], "vic", {"vic": "own"}, {"vic": None}, {"": "view"}, {"a b": "view"},
     {str(n): "view" for n in range(MOST + 1)}],
)  # fmt: skip
def test_what_is_no_list_is_refused(told: object) -> None:
    with pytest.raises(WrongList, match="guests: "):
        parsed(told)
