"""All Rucio daemons that the demo needs, in one process and one loop."""

from __future__ import annotations

import functools
import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rucio.core.transfer import TRANSFERTOOL_CLASSES_BY_NAME
from rucio.daemons import common
from rucio.db.sqla import models
from rucio.db.sqla.constants import RuleState
from rucio.db.sqla.session import read_session
from sqlalchemy import select

from demo.rucio.quiet import hush
from demo.rucio.transfertool import FolderCopyTool

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
logger = logging.getLogger("demo.rucio.daemons")

#: Pause between rounds while something is on its way, and while nothing is (a round costs 0.1 s).
BUSY_PAUSE_SECONDS = 0.2
IDLE_PAUSE_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 4.0
#: A stuck rule is tried again after this time (or at once when its owner asks: "boost").
REPAIR_AFTER_SECONDS = 600

#: Modules below rucio.daemons, in the order in which a rule passes through them.
EVERY_ROUND = (
    "judge.injector",
    "judge.evaluator",
    "conveyor.submitter",
    "conveyor.poller",
    "conveyor.finisher",
    "judge.cleaner",
    "judge.repairer",
)
HOUSEKEEPING = (
    "transmogrifier.transmogrifier",
    "undertaker.undertaker",
    "reaper.reaper",
    "abacus.account",
    "abacus.rse",
    "abacus.collection_replica",
    "badreplicas.minos",
    "badreplicas.necromancer",
)
#: The poller shall not leave young transfers alone.
OPTIONS: Mapping[str, Mapping[str, Any]] = {"conveyor.poller": {"older_than": 0}}

Daemons = Mapping[str, Callable[[], None]]
_original_workqueue = common.db_workqueue


def _workqueue_without_wait(*args: Any, **kwargs: Any) -> Any:
    """Skip the wait for other workers to share the work: there is one worker of each kind."""
    kwargs["partition_wait_time"] = 0
    return _original_workqueue(*args, **kwargs)


# The daemons take the name while they are imported, which `load` does later.
common.db_workqueue = _workqueue_without_wait


def load(names: tuple[str, ...]) -> Daemons:
    """Import daemons and return what runs each of them once."""
    return {name: _once(name, importlib.import_module(f"rucio.daemons.{name}")) for name in names}


def _once(name: str, daemon: Any) -> Callable[[], None]:
    if name == "judge.repairer":
        return functools.partial(_repair, daemon)
    return functools.partial(daemon.run, once=True, **OPTIONS.get(name, {}))


def _repair(repairer: Any) -> None:
    """Repair rules that have been stuck for a while; `repairer.run(once=True)` takes all at once.

    A rule whose source file is missing would otherwise never stand still as STUCK.
    """
    common.run_daemon(
        once=True,
        graceful_stop=repairer.graceful_stop,
        executable=repairer.DAEMON_NAME,
        partition_wait_time=0,
        sleep_time=1,
        run_once_fnc=functools.partial(
            repairer.run_once, paused_rules={}, delta=REPAIR_AFTER_SECONDS
        ),
    )


@read_session  # type: ignore[untyped-decorator]  # Rucio ships no types
def is_busy(*, session: Any) -> bool:
    """Tell whether a rule is being worked on."""
    working = (RuleState.INJECT, RuleState.REPLICATING)
    wanted = select(models.ReplicationRule.id).where(models.ReplicationRule.state.in_(working))
    return session.execute(wanted.limit(1)).first() is not None


def run_all(daemons: Daemons) -> None:
    """Run each daemon once; one that fails is logged and tried again in its next turn."""
    for name, daemon in daemons.items():
        try:
            daemon()
        except Exception:
            logger.exception("%s failed", name)


def main() -> None:
    """Run rounds until a signal asks to stop."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    hush()
    FolderCopyTool.register(TRANSFERTOOL_CLASSES_BY_NAME)
    every_round, housekeeping = load(EVERY_ROUND), load(HOUSEKEEPING)
    pulse = Path(os.environ["VRE_DEMO_PULSE"])
    next_housekeeping = 0.0
    while not stopping.is_set():
        run_all(every_round)
        if time.monotonic() >= next_housekeeping:
            run_all(housekeeping)
            next_housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
        pulse.touch()
        stopping.wait(BUSY_PAUSE_SECONDS if is_busy() else IDLE_PAUSE_SECONDS)
    FolderCopyTool.copier.stop()


if __name__ == "__main__":
    main()
