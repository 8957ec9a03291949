"""Why a run failed, in words for its owner."""

from __future__ import annotations

import signal

from demo.reana.engine.records import Ending, Outcome

#: Signals that tell of a limit of the kernel's, with what a shell makes of them as exit codes.
LIMITS = {
    signal.SIGXFSZ: "it wrote a larger file than a run may",
    signal.SIGXCPU: "it used more CPU time than a run may",
}
SHELL_SIGNALS = 128


def explain(title: str, outcome: Outcome) -> str:
    """Return how a command ended; `title` names it, such as `Step 'fit'`."""
    match outcome.ending:
        case Ending.EXITED if limit := _limit_behind(outcome.code):
            return f"{title} was ended: {limit}."
        case Ending.EXITED if outcome.code < 0:
            return f"{title} was ended by signal {-outcome.code}{_because(outcome)}."
        case Ending.EXITED:
            return f"{title} ended with exit code {outcome.code}{_because(outcome)}."
        case Ending.TIMED_OUT:
            return f"{title} ran longer than it may."
        case Ending.EXCEEDED | Ending.REFUSED:
            return f"{title} {outcome.detail}."
        case _:
            return f"{title} was stopped."


def _limit_behind(code: int) -> str | None:
    number = -code if code < 0 else code - SHELL_SIGNALS
    return next((text for one, text in LIMITS.items() if one == number), None)


def _because(outcome: Outcome) -> str:
    return f"; {outcome.detail}" if outcome.detail else ""
