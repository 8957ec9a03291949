"""Allowances: where the marks are, and how they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.reana.services.quota import Allowance, folder_bytes, show_seconds


@pytest.mark.parametrize(
    ("used", "limit", "health", "exceeded"),
    [
        (0, 100, "healthy", False),
        (79, 100, "healthy", False),
        (80, 100, "warning", False),
        (100, 100, "critical", True),
        (1 << 40, 0, "healthy", False),
    ],
)
def test_an_allowance_knows_its_marks(
    used: float, limit: float, health: str, exceeded: bool
) -> None:
    allowance = Allowance("disk", used, limit)

    assert (allowance.health, allowance.exceeded) == (health, exceeded)


def test_more_is_counted_before_it_is_taken() -> None:
    assert Allowance("disk", 60, 100).with_more(40).exceeded


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (61, "1m 1s"), (3600, "1h 0s"), (90_061, "25h 1m 1s")]
)
def test_time_is_told_as_reana_tells_it(seconds: float, text: str) -> None:
    assert show_seconds(seconds) == text


def test_a_folder_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)

    assert folder_bytes(tmp_path) == 10
    assert folder_bytes(tmp_path / "gone") == 0
