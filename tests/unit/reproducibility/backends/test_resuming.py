"""A transfer that breaks goes on where it ended, if the file is still the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from accounts.credentials import Credential
from reproducibility.backends import BrokenOff
from reproducibility.backends.reana import ReanaBackend
from reproducibility.backends.reana.rest import PIECE
from reproducibility.backends.reana.resuming import MOST_BREAKS, PAUSE_SECONDS
from tests.unit.reproducibility.backends.wire import Answer, Wire, serve
from vre_portal.config import get_config
from vre_portal.errors import NotFound, UpstreamUnavailable

FILE = "/workflows/x/workspace/big.root"
TEXT = bytes(range(256)) * (6 * PIECE // 256)


class Shaky(Wire):
    """A server of one file that cuts its answers, and may put another file in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.content, self.tag = TEXT, '"one"'
        #: After so many bytes the next answers end, one each; then they are whole.
        self.cuts: list[int] = []
        self.has_ranges = True
        #: What it answers at a call instead of the file, by the call's number from 1.
        self.instead: dict[int, Answer] = {}
        #: The content from a call on.
        self.changes: dict[int, tuple[bytes, str]] = {}

    def answer(self, method: str, path: str) -> Answer:
        if not path.endswith("/big.root"):
            return super().answer(method, path)
        call = len(self.calls())
        if call in self.instead:
            return self.instead[call]
        self.content, self.tag = self.changes.get(call, (self.content, self.tag))
        first = self._first()
        rest, headers = self.content[first:], {"ETag": self.tag}
        if first:
            last = len(self.content) - 1
            headers["Content-Range"] = f"bytes {first}-{last}/{len(self.content)}"
        short = max(0, len(rest) - self.cuts.pop(0)) if self.cuts else 0
        return Answer(rest, 206 if first else 200, headers, short)

    def _first(self) -> int:
        asked = self.calls()[-1].headers
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if not (self.has_ranges and wanted) or asked.get("if-range", self.tag) != self.tag:
            return 0
        return int(wanted[1])

    def ranges(self) -> list[str]:
        """Return what was asked for, call by call."""
        return [asked.headers.get("range", "all") for asked in self.calls(FILE)]


@pytest.fixture
def shaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shaky]:
    """The server, as the configured REANA."""
    made = Shaky()
    with serve(made) as url:
        monkeypatch.setenv("VRE_REANA_URL", url)
        get_config.cache_clear()
        yield made
        monkeypatch.undo()
        get_config.cache_clear()


@pytest.fixture
def waited(backend: ReanaBackend) -> list[float]:
    """The seconds for which the adapter would have waited."""
    seconds: list[float] = []
    backend.wait = seconds.append
    return seconds


def read(backend: ReanaBackend, who: Credential, offset: int = 0) -> bytes:
    return b"".join(backend.download(who, "x", "big.root", offset))


def test_it_goes_on_where_it_broke(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts = [2 * PIECE, 3 * PIECE]

    assert read(backend, who) == TEXT
    assert shaky.ranges() == ["all", f"bytes={2 * PIECE}-", f"bytes={5 * PIECE}-"]
    assert shaky.calls(FILE)[-1].headers["if-range"] == '"one"'
    assert waited == [0.0, PAUSE_SECONDS]


def test_a_transfer_from_the_middle_goes_on_too(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts = [PIECE]

    assert read(backend, who, PIECE + 7) == TEXT[PIECE + 7 :]
    assert shaky.ranges() == [f"bytes={PIECE + 7}-", f"bytes={2 * PIECE + 7}-"]


@pytest.mark.parametrize("offset", [0, PIECE])
def test_of_a_server_without_ranges_the_beginning_is_read_again(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float], offset: int
) -> None:
    shaky.has_ranges, shaky.cuts = False, [3 * PIECE]

    assert read(backend, who, offset) == TEXT[offset:]


@pytest.mark.parametrize(
    "other",
    [(TEXT[::-1], '"two"'), (TEXT[: 4 * PIECE], '"two"'), (TEXT[:PIECE], '"two"'),
     (TEXT + b"more", '"one"')],
    ids=["other", "shorter", "ends-before", "longer-same-tag"],
)  # fmt: skip
def test_two_files_are_never_put_together(
    shaky: Shaky,
    backend: ReanaBackend,
    who: Credential,
    waited: list[float],
    other: tuple[bytes, str],
) -> None:
    shaky.cuts, shaky.changes = [2 * PIECE], {2: other}

    with pytest.raises(BrokenOff, match="changed while it was read"):
        read(backend, who)


def test_an_end_that_moved_before_the_break_is_a_change(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts, shaky.instead = [2 * PIECE], {2: Answer({}, 416)}

    with pytest.raises(BrokenOff, match="changed while it was read"):
        read(backend, who)


@pytest.mark.parametrize("tag", ["", 'W/"one"'])
def test_what_has_no_strong_tag_does_not_go_on(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float], tag: str
) -> None:
    shaky.tag, shaky.cuts = tag, [2 * PIECE]

    with pytest.raises(BrokenOff, match="broke off"):
        read(backend, who)
    assert shaky.ranges() == ["all"]


def test_a_service_that_starts_again_is_waited_for(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts, shaky.instead = [2 * PIECE], {2: Answer({}, 503), 3: Answer({}, 503)}

    assert read(backend, who) == TEXT
    assert waited == [0.0, PAUSE_SECONDS, 2 * PAUSE_SECONDS]


def test_it_does_not_go_on_for_ever(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts = [0] * 100

    with pytest.raises(BrokenOff, match="broke off"):
        read(backend, who)
    assert len(shaky.ranges()) == 1 + MOST_BREAKS


def test_a_service_that_stays_away_is_told(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts = [2 * PIECE]
    shaky.instead = {call: Answer({}, 503) for call in range(2, 100)}

    with pytest.raises(UpstreamUnavailable, match="not available"):
        read(backend, who)
    assert len(shaky.ranges()) == 1 + MOST_BREAKS


def test_a_file_that_is_gone_when_it_goes_on_is_not_found(
    shaky: Shaky, backend: ReanaBackend, who: Credential, waited: list[float]
) -> None:
    shaky.cuts, shaky.instead = [2 * PIECE], {2: Answer({}, 404)}

    with pytest.raises(NotFound):
        read(backend, who)
