"""Secrets, ports, people and the order of the parts."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter

import pytest

from demo import parts, people, ports, record
from demo.stack import PORT_OFFSETS, Stack


def test_a_secret_is_made_once_and_readable_by_its_owner_only(stack: Stack) -> None:
    first = stack.secret("valkey")

    assert stack.secret("valkey") == first
    assert (stack.state / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_secrets_made_side_by_side_are_all_kept(stack: Stack) -> None:
    made: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: made.update({n: stack.secret(n)}))
        for n in (f"secret-{i}" for i in range(20))
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {name: stack.secret(name) for name in made} == made
    assert len(made) == 20


def test_two_stacks_share_no_port() -> None:
    one, other = Stack(port=8800), Stack(port=8820)

    taken = Counter(each.port_of(name) for each in (one, other) for name in PORT_OFFSETS)

    assert max(taken.values()) == 1


def test_a_busy_port_is_named_with_its_listener_and_its_taker() -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        base = taker.getsockname()[1] - PORT_OFFSETS["rucio"]

        sentence = ports.explain(ports.busy(base))

    assert re.search(rf"{base + 3} \(rucio, taken by \S+ \d+\)", sentence)


def test_a_taken_range_is_passed_over() -> None:
    base = ports.free_base(9600)
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", base))
        taker.listen()

        assert ports.free_base(base) > base


def test_every_component_comes_after_those_it_needs() -> None:
    names = [each.name for each in parts.components()]

    for component in parts.components():
        assert all(names.index(need) < names.index(component.name) for need in component.needs)


def test_choosing_a_component_chooses_what_it_needs() -> None:
    chosen = [each.name for each in parts.with_their_needs(["portal"])]

    assert {"postgres", "valkey", "portal"} <= set(chosen)
    assert "beat" not in chosen


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(KeyError, match="grafana"):
        parts.with_their_needs(["grafana"])


def test_every_environment_of_a_component_is_known_or_the_machines_own() -> None:
    known = set(parts.requirements()) | {"node"}

    for component in parts.components():
        assert set(component.environments) <= known


def test_subjects_stay_the_same_and_belong_to_the_issuer(stack: Stack) -> None:
    by_name = {each.username: each for each in people.PEOPLE}

    assert by_name["researcher"].subject(stack) == by_name["researcher"].subject(stack)
    assert by_name["colleague"].subject(stack).endswith("@checkin.demo")
    assert people.issuer(stack, "escape").endswith(":9401/")
    assert people.issuer(stack, "checkin").endswith(":9402/oidc")
    assert len({each.subject(stack) for each in people.PEOPLE}) == len(people.PEOPLE)


def test_only_one_supervisor_holds_a_stack(stack: Stack) -> None:
    lock = record.take_lock(stack.state)

    assert lock is not None
    assert record.take_lock(stack.state) is None
    assert record.is_running(stack.state)


@pytest.mark.parametrize("name", ["hub", "reana", "worker"])
def test_whatever_runs_others_programs_waits_for_the_sandbox(name: str) -> None:
    (component,) = (each for each in parts.components() if each.name == name)

    assert "sandbox" in component.environments
