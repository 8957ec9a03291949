"""Jobs and logs of a run as its workflow engine tells of them, from the file of its events.

The run can write into that file whatever it likes, so nothing of it is believed but its shape, and
all of it is bounded. Read from the beginning it gives the same jobs: a restarted service does that.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.reana.store.jobs import Told
from demo.reana.values import Status

PIECE = 1 << 20
MOST_STEPS = 10_000
NAME, COMMAND, IMAGE = 200, 4000, 300
Event = Mapping[str, Any]


class Projection:
    """What the events of one attempt come to, read on as they grow."""

    def __init__(self, events: Path, log_of: Callable[[int], Path], *, log_bytes: int) -> None:
        self._events = events
        self._log_of = log_of
        self._log_bytes = log_bytes
        self._offset = 0
        self._rest = b""
        self._steps: list[Told] = []
        self._keys: dict[str, int] = {}
        #: Steps of each name that were planned and have not begun.
        self._waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        self._written: Counter[int] = Counter()

    @property
    def steps(self) -> tuple[Told, ...]:
        """Return all steps, as far as they were read."""
        return tuple(self._steps)

    @property
    def behind(self) -> bool:
        """Whether more was told than was read."""
        return self._events.exists() and self._events.stat().st_size > self._offset

    def read(self) -> list[Told]:
        """Read on, writing logs; return the steps that changed since the last time."""
        before = list(self._steps)
        for event in self._new_events():
            self._take(event)
        return [
            step
            for step in self._steps
            if step.position >= len(before) or step != before[step.position]
        ]

    def _new_events(self) -> Iterator[Event]:
        if not self._events.exists():
            return
        with self._events.open("rb") as stream:
            stream.seek(self._offset)
            piece = stream.read(PIECE)
        self._offset += len(piece)
        *lines, rest = (self._rest + piece).split(b"\n")
        self._rest = b"" if len(rest) > PIECE else rest
        for line in lines:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield event

    def _take(self, event: Event) -> None:
        match event.get("kind"):
            case "plan":
                self._plan(event)
            case "begin":
                self._begin(event)
            case "log":
                self._log(event)
            case "end":
                self._end(event)

    def _plan(self, event: Event) -> None:
        """Add the steps that a plan names and that are not there yet."""
        names = event.get("steps")
        if not isinstance(names, list):
            return
        there = Counter(step.step for step in self._steps)
        named = Counter(_cleaned(str(one), NAME) for one in names[:MOST_STEPS])
        for name, number in named.items():
            for _ in range(number - there[name]):
                position = self._add(name)
                if position is not None:
                    self._waiting[name].append(position)

    def _begin(self, event: Event) -> None:
        name = _text(event, "name", NAME)
        waiting = self._waiting[name]
        position = waiting.popleft() if waiting else self._add(name)
        if position is None:
            return
        self._keys[_text(event, "key", COMMAND)] = position
        self._steps[position] = replace(
            self._steps[position],
            command=_text(event, "command", COMMAND),
            image=_text(event, "image", IMAGE),
            status=Status.RUNNING,
            started=_moment(event),
        )
        log = self._log_of(position)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    def _log(self, event: Event) -> None:
        position = self._keys.get(_text(event, "key", COMMAND))
        if position is None:
            return
        room = self._log_bytes - self._written[position]
        text = _text(event, "text", PIECE).encode(errors="replace")[: max(room, 0)]
        self._written[position] += len(text)
        with self._log_of(position).open("ab") as stream:
            stream.write(text)

    def _end(self, event: Event) -> None:
        position = self._keys.get(_text(event, "key", COMMAND))
        if position is None or self._steps[position].finished is not None:
            return
        status = Status.FINISHED if event.get("code") == 0 else Status.FAILED
        self._steps[position] = replace(
            self._steps[position], status=status, finished=_moment(event)
        )

    def _add(self, name: str) -> int | None:
        """Add a step that is not begun; return its position, None when there are too many."""
        if len(self._steps) >= MOST_STEPS:
            return None
        self._steps.append(Told(len(self._steps), name))
        return len(self._steps) - 1


def make_events(file: Path, *, owner: int) -> Path:
    """Make the file that a run appends its events to, and return it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, owner, owner)
    return file


def _text(event: Event, name: str, longest: int) -> str:
    """Return a field as text that a database takes, cut to a length; empty when it is none."""
    value = event.get(name)
    return _cleaned(value, longest) if isinstance(value, str) else ""


def _cleaned(text: str, longest: int) -> str:
    return text[:longest].replace("\0", "").encode(errors="replace").decode()


def _moment(event: Event) -> datetime:
    """Return an event's time; what cannot be one is now."""
    now = datetime.now(UTC)
    value = event.get("time")
    if not isinstance(value, int | float) or not 0 <= value <= now.timestamp() + 60:
        return now
    return datetime.fromtimestamp(value, UTC)
