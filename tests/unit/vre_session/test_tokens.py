"""Tokens in files: private, whole, and read anew at each use."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vre_session import broker, tokens

LENT = broker.Token(
    "first-token", datetime(2026, 11, 22, 12, tzinfo=UTC), "ann", "http://rucio.example"
)


def test_a_token_is_kept_private_and_beside_it_what_is_known(variables: dict[str, str]) -> None:
    tokens.save(variables, LENT, audience="rucio")

    path = Path(variables["VRE_TOKEN_DIR"], "rucio")
    known = tokens.loan(variables, "rucio")
    assert path.read_text() == "first-token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["rucio"]
    assert known == tokens.Loan("ann", "http://rucio.example", LENT.expires_at)


def test_what_is_known_of_a_token_does_not_have_it(variables: dict[str, str]) -> None:
    tokens.save(variables, LENT, audience="rucio")

    loans = Path(variables["VRE_SESSION_DIR"], "loans")
    assert '"one"' not in (loans / "rucio.json").read_text()
    assert "first-token" not in repr(LENT)


def test_a_long_running_program_reads_the_token_of_now(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_TOKEN_DIR", variables["VRE_TOKEN_DIR"])
    tokens.save(variables, LENT, audience="reana")
    first = tokens.token("reana")

    renewed = broker.Token("two", LENT.expires_at, "ann", LENT.service_url)
    tokens.save(variables, renewed, audience="reana")

    assert (first, tokens.token("reana")) == ("first-token", "two")


def test_without_a_token_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VRE_TOKEN_DIR", raising=False)

    with pytest.raises(tokens.NoToken, match="no token for reana"):
        tokens.token("reana")


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (None, ["rucio", "reana"]),
        ("rucio", ["rucio"]),
        (" rucio , mlflow,rucio,", ["rucio", "mlflow"]),
        ("../escape,.hidden,a/b,rucio", ["rucio"]),
        ("", []),
    ],
)
def test_audiences_are_names_of_files(told: str | None, wanted: list[str]) -> None:
    assert tokens.audiences({} if told is None else {"VRE_AUDIENCES": told}) == wanted


def test_what_an_earlier_start_left_is_gone(variables: dict[str, str]) -> None:
    tokens.save(variables, LENT, audience="rucio")
    Path(variables["VRE_TOKEN_DIR"], ".rucio-half").write_text("half")

    tokens.forget(variables)

    assert list(Path(variables["VRE_TOKEN_DIR"]).iterdir()) == []
    assert tokens.loan(variables, "rucio") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"account": 1, "expires_at": 2}'])
def test_a_broken_note_of_a_token_is_none(variables: dict[str, str], text: str) -> None:
    tokens.save(variables, LENT, audience="rucio")
    Path(variables["VRE_SESSION_DIR"], "loans", "rucio.json").write_text(text)

    assert tokens.loan(variables, "rucio") is None
