"""The files by which a job is told what to do."""

from __future__ import annotations

import stat
from pathlib import Path

from sessions.builder.order import MAKE, Order


def test_an_order_is_read_as_it_was_written_and_by_nobody_else(tmp_path: Path) -> None:
    order = Order(
        kind=MAKE, work="/w", finished="/f", python="/p", requirements=("numpy",),
        index_url="https://name:secret@index.test/simple",
    )  # fmt: skip

    order.write(tmp_path / "order.json")

    (written,) = tmp_path.iterdir()
    assert Order.read(written) == order
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
