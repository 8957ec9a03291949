"""Folders are counted aside and remembered; limits are those that the session was told."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.process import wait_until
from vre_session import folders
from vre_session.folders import Sizes, TooLong, size_of
from vre_session.usage import Kernels, Usage, projects

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_folder_holds_what_is_in_it_and_links_count_as_themselves(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "deep" / "er").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "big").write_bytes(os.urandom(8 << 20))
    (home / "deep" / "er" / "file").write_bytes(os.urandom(1 << 20))
    (home / "again").hardlink_to(home / "deep" / "er" / "file")
    (home / "link").symlink_to(elsewhere)

    assert 1 << 20 <= size_of(home) < 2 << 20


def test_counting_ends_in_time(tmp_path: Path) -> None:
    for number in range(folders.BREATH_ENTRIES + 1):
        (tmp_path / str(number)).touch()

    with pytest.raises(TooLong):
        size_of(tmp_path, patience=0.0)


def test_a_size_is_told_once_it_is_known_and_counted_anew_when_old(tmp_path: Path) -> None:
    counted = iter([10, 20])
    at = [0.0]
    sizes = Sizes(count=lambda _: next(counted), now=lambda: at[0])

    assert sizes.of(tmp_path) is None
    assert wait_until(lambda: sizes.of(tmp_path) == 10, 5)
    at[0] = folders.REMEMBERED_SECONDS + 1
    assert sizes.of(tmp_path) == 10
    assert wait_until(lambda: sizes.of(tmp_path) == 20, 5)


def test_a_folder_is_counted_by_one_at_a_time(tmp_path: Path) -> None:
    began, may_end = threading.Semaphore(0), threading.Event()

    def count(_folder: Path) -> int:
        began.release()
        may_end.wait(5)
        return 1

    sizes = Sizes(count=count)
    for _ in range(5):
        assert sizes.of(tmp_path) is None

    assert began.acquire(timeout=5)
    assert not began.acquire(blocking=False)
    may_end.set()
    assert wait_until(lambda: sizes.of(tmp_path) == 1, 5)


def test_what_cannot_be_counted_in_time_is_unknown(tmp_path: Path) -> None:
    done = threading.Event()

    def count(folder: Path) -> int:
        done.set()
        raise TooLong(folder)

    sizes = Sizes(count=count)
    sizes.of(tmp_path)

    assert done.wait(5)
    assert sizes.of(tmp_path) is None


def look(variables: dict[str, str], sizes: Sizes | None = None) -> dict[str, object]:
    usage = Usage(variables, sizes or Sizes(count=lambda _: 77))
    return usage.look(Kernels(2, 1), keep_alive=True, last_activity=NOW, now=NOW)


def test_limits_are_what_the_session_was_told(variables: dict[str, str], tmp_path: Path) -> None:
    variables |= {
        "VRE_MEMORY_LIMIT_BYTES": "2147483648",
        "VRE_CPU_LIMIT": "1.5",
        "VRE_HOME_QUOTA_BYTES": "1000",
        "VRE_PROJECTS": f'[{{"name": "cms", "path": "{tmp_path}", "quota_bytes": 5}}]',
    }
    sizes = Sizes(count=lambda _: 77)
    assert wait_until(lambda: sizes.of(tmp_path) == 77, 5)

    found = look(variables, sizes)

    assert found["memory_limit_bytes"] == 2 << 30
    assert found["cpu_limit"] == 1.5
    assert found["home_quota_bytes"] == 1000
    assert found["projects"] == [{"name": "cms", "bytes": 77, "quota_bytes": 5}]
    assert (found["kernels"], found["busy_kernels"], found["keep_alive"]) == (2, 1, True)
    assert found["at"] == found["last_activity"] == NOW.isoformat()
    assert isinstance(found["memory_bytes"], int)


def test_the_hubs_own_words_for_limits_are_understood(variables: dict[str, str]) -> None:
    found = look(variables | {"MEM_LIMIT": "1073741824", "CPU_LIMIT": "2.0"})

    assert (found["memory_limit_bytes"], found["cpu_limit"]) == (1 << 30, 2.0)


def test_without_limits_none_is_told(variables: dict[str, str]) -> None:
    found = look(variables)

    told = ("memory_limit_bytes", "cpu_limit", "home_quota_bytes")
    assert [found[name] for name in told] == [None, None, None]
    assert found["projects"] == []


@pytest.mark.parametrize("told", ["", "no json", "{}", "[1]", '[{"name": 1, "path": "/"}]'])
def test_what_is_no_project_is_left_out(told: str) -> None:
    assert projects(told) == []
