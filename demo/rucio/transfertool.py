"""The transfer tool of the demo: Rucio's submitter and poller drive copies between folders."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rucio.core.request import get_transfer_error
from rucio.db.sqla.constants import RequestState
from rucio.transfertool.transfertool import (
    TransferStatusReport,
    Transfertool,
    TransferToolBuilder,
)

from demo.rucio.copies import Copy
from demo.rucio.pace import Pace, read_pace

#: Ended copies that are remembered, so that a poll whose answer was lost may ask again.
REMEMBERED = 2000


class Copier:
    """All copies of this process, by the transfer tool's own id."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._pool = ThreadPoolExecutor(pace.files_at_once, thread_name_prefix="copy")
        self._copies: dict[str, tuple[Copy, str]] = {}
        self._lock = threading.Lock()

    def start(self, copy: Copy, *, source_rse_id: str, to_tape: bool) -> str:
        """Queue a copy and return its id."""
        external_id = uuid.uuid4().hex
        with self._lock:
            self._forget_oldest()
            self._copies[external_id] = (copy, source_rse_id)
        lane = self.pace.tape if to_tape else self.pace.disk
        self._pool.submit(copy.run, lane, self.pace.seconds_per_file)
        return external_id

    def find(self, external_id: str) -> tuple[Copy, str] | None:
        """Return a copy and the id of its source; None when an earlier process had it."""
        return self._copies.get(external_id)

    def stop(self) -> None:
        """Give up all copies: the next process finds their requests and has them made again."""
        for copy, _ in self._copies.values():
            copy.cancelled.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _forget_oldest(self) -> None:
        ended = [key for key, (copy, _) in self._copies.items() if copy.ended_at is not None]
        for key in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._copies[key]


@dataclass
class FolderCopyReport(TransferStatusReport):  # type: ignore[misc]  # Rucio ships no types
    """What became of one request, as the poller writes it to the database."""

    supported_db_fields = (
        "state",
        "external_id",
        "started_at",
        "transferred_at",
        "source_rse_id",
        "err_msg",
    )

    def __init__(self, request_id: str, external_id: str, found: tuple[Copy, str] | None) -> None:
        super().__init__(request_id)
        self.external_id = external_id
        self.started_at = self.transferred_at = self.source_rse_id = self.err_msg = None
        self.reason: str | None = "The copy was interrupted by a restart"
        self.state = RequestState.LOST
        if found is not None:
            copy, self.source_rse_id = found
            self.started_at, self.transferred_at = copy.started_at, copy.ended_at
            self.reason = copy.problem
            self.state = RequestState.FAILED if copy.problem else RequestState.DONE
        if self.reason is not None:
            self.err_msg = get_transfer_error(self.state, self.reason)

    def initialize(self, session: Any, logger: Any = logging.log) -> None:
        """All fields are known from the start."""

    def get_monitor_msg_fields(self, session: Any, logger: Any = logging.log) -> dict[str, Any]:
        """Return what Rucio's message about this transfer tells beside its own fields."""
        return {
            "transfer_link": "",
            "reason": self.reason,
            "started_at": self.started_at,
            "transferred_at": self.transferred_at,
        }


class FolderCopyTool(Transfertool):  # type: ignore[misc]  # Rucio ships no types
    """A Rucio transfer tool that copies between local folders."""

    external_name = "folder-copy"
    required_rse_attrs = ()
    supported_schemes = frozenset({"file"})
    copier: Copier

    @classmethod
    def register(cls, tools: dict[str, Any]) -> None:
        """Make the tool known to Rucio; the table of tools is the only hook there is."""
        cls.copier = Copier(read_pace())
        tools[cls.external_name] = cls

    @classmethod
    def submission_builder_for_path(
        cls, transfer_path: list[Any], logger: Callable[..., None] = logging.log
    ) -> tuple[list[Any], TransferToolBuilder]:
        """Take the first hop of any path."""
        return transfer_path[:1], TransferToolBuilder(cls, external_host=cls.external_name)

    def group_into_submit_jobs(self, transfer_paths: Iterable[list[Any]]) -> list[dict[str, Any]]:
        """Make a job of each file, so that each is reported as soon as it has arrived."""
        return [{"transfers": [hop], "job_params": {}} for path in transfer_paths for hop in path]

    def submit(
        self, transfers: Iterable[Any], job_params: dict[str, str], timeout: int | None = None
    ) -> str:
        """Start the job's copy and return its id."""
        (transfer,) = transfers
        request = transfer.rws
        copy = Copy(
            name=f"{request.scope.external}:{request.name}",
            source=_local_path(transfer.source_url(transfer.src)),
            destination=_local_path(transfer.dest_url),
            source_rse=transfer.src.rse.name,
            destination_rse=transfer.dst.rse.name,
            size=request.byte_count,
            adler32=request.adler32,
        )
        return self.copier.start(
            copy, source_rse_id=transfer.src.rse.id, to_tape=transfer.dst.rse.is_tape()
        )

    def bulk_query(
        self, requests_by_eid: Mapping[str, Mapping[str, Any]], timeout: int | None = None
    ) -> dict[str, dict[str, TransferStatusReport]]:
        """Report the copies that have ended, and those that nobody makes any more."""
        answer: dict[str, dict[str, TransferStatusReport]] = {}
        for external_id, requests in requests_by_eid.items():
            found = self.copier.find(external_id)
            running = found is not None and found[0].ended_at is None
            answer[external_id] = (
                {}
                if running
                else {
                    request_id: FolderCopyReport(request_id, external_id, found)
                    for request_id in requests
                }
            )
        return answer

    def cancel(self, transfer_ids: Sequence[str], timeout: int | None = None) -> bool:
        """Stop copies that still run."""
        for found in map(self.copier.find, transfer_ids):
            if found is not None:
                found[0].cancelled.set()
        return True

    def update_priority(self, transfer_id: str, priority: int, timeout: int | None = None) -> bool:
        """Accept any priority: copies are made in the order in which they were asked."""
        return True


def _local_path(pfn: str) -> Path:
    """Return the path of a `file://` address (Rucio writes it with and without a host)."""
    return Path(unquote(urlsplit(pfn).path))
