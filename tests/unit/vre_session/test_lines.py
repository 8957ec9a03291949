"""The session's log: its last lines, and nothing in them that opens anything."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from vre_session import lines, tokens

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLXRoaXM"


def ring(variables: dict[str, str]) -> tuple[logging.Logger, lines.Ring]:
    log = logging.Logger("session")
    kept = lines.Ring(variables)
    log.addHandler(kept)
    return log, kept


def test_the_last_lines_are_told_in_their_order(variables: dict[str, str]) -> None:
    log, kept = ring(variables)
    for number in range(lines.KEPT + 10):
        log.info("line %d", number)

    assert [line.rpartition(" ")[2] for line in kept.last(2)] == ["2008", "2009"]
    assert len(kept.last(10**6)) == lines.KEPT
    assert kept.last(0) == []


@pytest.mark.parametrize(
    "text",
    [
        f"got {JWT} from there",
        f"Authorization: Bearer {JWT}",
        "Authorization: token 0123456789abcdef0123",
        "GET /reana/api/you?access_token=hidden-word-1 HTTP/1.1",
        "302 GET /oauth_callback?code=hidden-word-1&state=hidden-word-1",
        "asked with hub-token-0123456789",
        "lent of-rucio-0123456789",
        "two\nlines access_token=hidden-word-1\nof it",
    ],
)
def test_nothing_that_opens_anything_is_kept(variables: dict[str, str], text: str) -> None:
    variables["JUPYTERHUB_API_TOKEN"] = "hub-token-0123456789"
    tokens.write_private(tokens.path_of(variables, "rucio"), "of-rucio-0123456789")
    log, kept = ring(variables)

    log.warning(text)

    found = "\n".join(kept.last(10))
    secrets = ("eyJ", "0123456789", "hidden-word-1")
    assert not [secret for secret in secrets if secret in found]
    assert lines.HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "Fresh token for rucio, renewed in 360 s",
        "200 GET /user/ann/s-1/api/contents/a/b.ipynb?content=1",
        "Kernel started: 5f6e8d4c-0000-4000-8000-2f4be0a6f0f0",
    ],
)
def test_what_is_no_secret_stays(variables: dict[str, str], text: str) -> None:
    log, kept = ring(variables)

    log.info(text)

    assert kept.last(1)[0].endswith(text)


def test_paths_in_the_environment_are_no_secrets(variables: dict[str, str]) -> None:
    assert variables["VRE_TOKEN_DIR"] not in lines.secrets_of(variables)


def test_what_the_launcher_said_comes_first(variables: dict[str, str]) -> None:
    tokens.write_private(Path(variables["VRE_SESSION_DIR"], "start.log"), "Starting JupyterLab\n")

    kept = lines.Ring(variables, lines.said_at_the_start(variables))

    assert kept.last(5) == ["Starting JupyterLab"]


def test_a_line_that_cannot_be_formatted_stops_nobody(
    variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    log, kept = ring(variables)

    log.info("%d", "no number")

    assert kept.last(5) == []
