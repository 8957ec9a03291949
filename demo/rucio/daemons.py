"""All Rucio daemons that the demo needs, in one process and one loop."""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rucio.daemons import common

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
logger = logging.getLogger("demo.rucio.daemons")

#: Pause between rounds, and how many rounds pass between two turns of the housekeeping.
PAUSE_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 4.0
#: A stuck rule is tried again after this time (or at once when its owner asks: "boost").
REPAIR_AFTER_SECONDS = 600

_original_workqueue = common.db_workqueue


def _workqueue_without_wait(*args: Any, **kwargs: Any) -> Any:
    """Skip the wait for other workers to share the work: there is one worker of each kind."""
    kwargs["partition_wait_time"] = 0
    return _original_workqueue(*args, **kwargs)


# The daemons take the name while they are imported.
common.db_workqueue = _workqueue_without_wait


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


def load() -> tuple[Mapping[str, Callable[[], None]], Mapping[str, Callable[[], None]]]:
    """Import the daemons and return those of every round and those of the housekeeping."""
    from rucio.core.transfer import TRANSFERTOOL_CLASSES_BY_NAME
    from rucio.daemons.abacus import account, collection_replica, rse
    from rucio.daemons.badreplicas import minos, necromancer
    from rucio.daemons.conveyor import finisher, poller, submitter
    from rucio.daemons.judge import cleaner, evaluator, injector, repairer
    from rucio.daemons.reaper import reaper
    from rucio.daemons.transmogrifier import transmogrifier
    from rucio.daemons.undertaker import undertaker

    from demo.rucio.transfertool import FolderCopyTool

    FolderCopyTool.register(TRANSFERTOOL_CLASSES_BY_NAME)
    once = functools.partial
    every_round = {
        "judge-injector": once(injector.run, once=True),
        "judge-evaluator": once(evaluator.run, once=True),
        "conveyor-submitter": once(submitter.run, once=True),
        "conveyor-poller": once(poller.run, once=True, older_than=0),
        "conveyor-finisher": once(finisher.run, once=True),
        "judge-cleaner": once(cleaner.run, once=True),
    }
    housekeeping = {
        "transmogrifier": once(transmogrifier.run, once=True),
        "judge-repairer": once(_repair, repairer),
        "undertaker": once(undertaker.run, once=True),
        "reaper": once(reaper.run, once=True, greedy=False),
        "abacus-account": once(account.run, once=True),
        "abacus-rse": once(rse.run, once=True),
        "abacus-collection-replica": once(collection_replica.run, once=True),
        "minos": once(minos.run, once=True),
        "necromancer": once(necromancer.run, once=True),
    }
    return every_round, housekeeping


def run_all(daemons: Mapping[str, Callable[[], None]]) -> None:
    """Run each daemon once; one that fails is logged and tried again in its next turn."""
    for name, daemon in daemons.items():
        try:
            daemon()
        except Exception:
            logger.exception("%s failed", name)


def main() -> int:
    """Run rounds until a signal asks to stop."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    every_round, housekeeping = load()
    logger.warning("daemons ready: %s", ", ".join((*every_round, *housekeeping)))
    pulse = Path(os.environ["VRE_DEMO_PULSE"])
    next_housekeeping = 0.0
    while not stopping.is_set():
        run_all(every_round)
        if time.monotonic() >= next_housekeeping:
            run_all(housekeeping)
            next_housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
        pulse.touch()
        stopping.wait(PAUSE_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
