"""Tests in several processes: who runs with whom, and a Valkey database for each, early enough."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: The stack's own queue is number 0, that of tests in one process number 1.
FIRST = 2
#: What starts sessions at the stack's hub, or signs people out there; nothing else does.
AT_THE_HUB = {
    "test_hub_doors",
    "test_hub_server",
    "test_inside_a_session",
    "test_kubespawner",
    "test_made_environment",
    "test_repository_in_a_session",
    "test_running_sessions",
    "test_sessions_backend",
    "test_spawner",
}

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and "VRE_VALKEY_URL" in os.environ:
    number = FIRST + int(worker.removeprefix("gw"))
    os.environ["VRE_VALKEY_URL"] = re.sub(r"/\d+$", f"/{number}", os.environ["VRE_VALKEY_URL"])


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist's base is untyped here
    """Keeps a file in one process; on the running stack all about the hub, and all the rest."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if "contract" not in PurePath(file).parts:
            return file
        return "hub" if PurePath(file).stem in AT_THE_HUB else "rest"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Share the tests out."""
    return Together(config, log)
