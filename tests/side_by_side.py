"""Tests in several processes: each gets a Valkey database of its own, early enough."""

from __future__ import annotations

import os
import re

#: The stack's own queue is number 0, that of tests in one process number 1.
FIRST = 2

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and "VRE_VALKEY_URL" in os.environ:
    number = FIRST + int(worker.removeprefix("gw"))
    os.environ["VRE_VALKEY_URL"] = re.sub(r"/\d+$", f"/{number}", os.environ["VRE_VALKEY_URL"])
