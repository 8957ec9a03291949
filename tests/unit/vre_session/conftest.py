"""A broker in memory, on real HTTP, and the variables of a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.broker import FakeBroker, broker_running


@pytest.fixture
def portal() -> Iterator[FakeBroker]:
    with broker_running() as fake:
        yield fake


@pytest.fixture
def variables(portal: FakeBroker, tmp_path: Path) -> dict[str, str]:
    own = tmp_path / "s"
    return {
        "VRE_BROKER_URL": portal.url,
        "JUPYTERHUB_API_TOKEN": "hub-token",
        "JUPYTERHUB_USER": "ann-x1y2z",
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "VRE_AUDIENCES": "rucio",
        "VRE_SESSION_DIR": str(own),
        "VRE_TOKEN_DIR": str(own / "tokens"),
        "RUCIO_CONFIG": str(own / "rucio.cfg"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "VRE_KERNEL_TRANSPORT": "ipc",
    }
