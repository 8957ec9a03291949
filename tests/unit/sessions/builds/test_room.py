"""What is free, counted with environments that people made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from accounts.models import User
from sessions.models import Session, SessionState
from sessions.services import capacity
from tests.unit.sessions.builds.conftest import made

Queries = Callable[[int], AbstractContextManager[object]]


def running_in(slug: str, user: User, times: int) -> None:
    for _ in range(times):
        Session.objects.create(
            user=user, environment=slug, environment_name="Mine", name="Mine",
            options={"profile": slug}, state=SessionState.READY,
        )  # fmt: skip


@pytest.mark.usefixtures("builder")
def test_an_environment_is_looked_up_once_however_many_run_in_it(
    member: User, django_assert_num_queries: Queries
) -> None:
    running_in(made(member).slug, member, 4)

    with django_assert_num_queries(2):
        room = capacity.room(member)

    assert room.mine == 4


@pytest.mark.usefixtures("builder")
def test_a_site_without_accelerators_looks_none_up(
    member: User, environments_file: Path, django_assert_num_queries: Queries
) -> None:
    running_in(made(member).slug, member, 4)
    counted = environments_file.read_text()
    _capacity, _, environments = counted.partition("environments:")
    environments_file.write_text(f"environments:{environments}")

    with django_assert_num_queries(1):
        room = capacity.room(member)

    assert room.used == {}
