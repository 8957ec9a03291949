"""What the session's parts share while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vre_session.keep_alive import KeepAlive
from vre_session.lines import Ring
from vre_session.repositories import Repositories
from vre_session.usage import Kernels, Usage


@dataclass
class State:
    """The parts of a session that its API answers from."""

    usage: Usage
    log: Ring
    keep_alive: KeepAlive
    repositories: Repositories


def kernels_of(manager: Any) -> Kernels:
    """Return how many kernels a Jupyter kernel manager runs, and how many are at work."""
    running = [manager.get_kernel(one) for one in manager.list_kernel_ids()]
    states = [getattr(kernel, "execution_state", "") for kernel in running]
    return Kernels(len(states), states.count("busy"))
