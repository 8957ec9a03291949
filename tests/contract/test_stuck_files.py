"""A file that does not arrive tells why, file by file, on the real Rucio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data_mgmt.backends import RuleState
from data_mgmt.services.reasons import stuck_reason
from demo.process import wait_until
from tests.contract.test_data_backend import World, _real
from tests.contract.test_rucio_server import Member, member
from tests.signin import running_stack


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The portal's adapter for somebody of the demo."""
    yield from _real()


@pytest.fixture(scope="module")
def researcher() -> Member:
    """The same person with calls of their own."""
    return member(running_stack(), "researcher")


def test_only_what_does_not_arrive_is_stuck_with_its_error_and_a_boost_mends_it(
    world: World, researcher: Member
) -> None:
    name = researcher.dataset(b"here", b"hidden")
    source = researcher.place(f"{name}.1", "CERN-DISK")
    source.unlink()
    rule_id = researcher.replicate(name, "LAPP-DISK")
    world.until(lambda: world.backend.get_rule(world.who, rule_id).state is RuleState.STUCK)

    everything = world.backend.list_file_states(world.who, rule_id, limit=10)
    stuck = world.backend.list_file_states(world.who, rule_id, states=[RuleState.STUCK], limit=10)
    words = stuck_reason(world.who, world.backend.get_rule(world.who, rule_id))
    source.write_bytes(b"hidden")
    mended = False
    for _boost in range(3):
        # A boost in the very second in which a rule got stuck may be lost at Rucio.
        world.backend.boost_rule(world.who, rule_id)
        mended = wait_until(
            lambda: world.backend.get_rule(world.who, rule_id).state is RuleState.OK, 20
        )
        if mended:
            break

    assert [row.did.name for row in everything.items] == [f"{name}.0", f"{name}.1"]
    assert [row.did.name for row in stuck.items] == [f"{name}.1"]
    assert "No such file or directory" in stuck.items[0].reason
    assert words.startswith(
        "1 of 2 files does not arrive: the source file is missing at CERN-DISK:"
    )
    assert mended
