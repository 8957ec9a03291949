"""User ids are given once and kept."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.jupyterhub.users import FIRST, uid_of


def test_a_user_keeps_the_id_and_the_next_one_gets_the_next(tmp_path: Path) -> None:
    store = tmp_path / "uids.json"

    ids = [uid_of(store, name) for name in ("ann", "bob", "ann")]

    assert ids == [FIRST, FIRST + 1, FIRST]
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_users_who_come_at_once_get_ids_of_their_own(tmp_path: Path) -> None:
    store = tmp_path / "uids.json"

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: uid_of(store, f"user-{n}"), range(20)))

    assert sorted(ids) == list(range(FIRST, FIRST + 20))
