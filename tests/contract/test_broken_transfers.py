"""A transfer from the demo's runner that tears goes on where it ended, and gives the same bytes."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from hashlib import sha256

import pytest

from reproducibility.backends import BrokenOff
from tests.contract.cutting import Line, line_to
from tests.contract.workflow_parts import World, worlds
from vre_portal.config import get_config

SIZE, TORN_AFTER = 24 << 20, 8 << 20
CONTENT = random.Random(7).randbytes(SIZE)


@pytest.fixture
def world() -> Iterator[World]:
    yield from worlds("real")


@pytest.fixture
def line(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The line through which the runner is asked."""
    where = get_config().reana_url
    assert where
    with line_to(where) as (line, url):
        monkeypatch.setenv("VRE_REANA_URL", url)
        get_config.cache_clear()
        yield line
        monkeypatch.undo()
        get_config.cache_clear()


def test_it_goes_on_where_it_tore(world: World, line: Line) -> None:
    workflow = world.made()
    world.backend.upload(world.who, workflow.id, "data/big.bin", io.BytesIO(CONTENT))
    line.most, line.cuts, line.received = TORN_AFTER, 2, 0

    digest = sha256()
    for piece in world.backend.download(world.who, workflow.id, "data/big.bin"):
        digest.update(piece)

    assert line.cuts == 0
    assert digest.digest() == sha256(CONTENT).digest()
    asked = [int(first) for first in re.findall(rb"(?i)range: bytes=(\d+)-", bytes(line.sent))]
    assert len(asked) == 2
    assert all(n * TORN_AFTER * 0.9 < first for n, first in enumerate(asked, 1))
    assert line.received < SIZE * 1.1


def test_of_a_file_that_was_replaced_meanwhile_nothing_is_put_together(
    world: World, line: Line
) -> None:
    workflow = world.made()
    world.backend.upload(world.who, workflow.id, "data/big.bin", io.BytesIO(CONTENT))
    line.most, line.cuts = TORN_AFTER, 1
    pieces = world.backend.download(world.who, workflow.id, "data/big.bin")
    next(pieces)
    world.backend.upload(world.who, workflow.id, "data/big.bin", io.BytesIO(CONTENT[::-1]))

    with pytest.raises(BrokenOff, match="changed while it was read"):
        list(pieces)
