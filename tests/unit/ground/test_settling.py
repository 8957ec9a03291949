"""What is loaded before a process serves is set apart from what its answers leave behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from vre_portal.settling import settle


@pytest.fixture
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_as_before")
def test_the_collector_passes_over_what_is_there() -> None:
    looked_through = len(gc.get_objects())

    settle()

    assert len(gc.get_objects()) < looked_through / 10
