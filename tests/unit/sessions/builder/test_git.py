"""Which addresses a fetch may connect to."""

from __future__ import annotations

import socket

import pytest

from sessions.builder import git


def test_a_name_that_leads_into_the_site_is_refused_when_it_is_resolved() -> None:
    def resolve(host: str, *rest: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]

    refused: list[str] = []
    with pytest.raises(socket.gaierror):
        git.guarded(resolve, refused)("git.test", 443)

    assert refused == ["git.test"]
