"""A connection that is cut before an answer costs a read one more try, and a change none."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from vre_portal.errors import UpstreamUnavailable
from vre_portal.http import call

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
#: With no time to linger a closed socket resets its connection.
RESET = struct.pack("ii", 1, 0)


class Cutting:
    """A server that resets its first connections once a request has come."""

    def __init__(self, cuts: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.cuts, self.came = cuts, 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self._listener.accept()
            except OSError:
                return
            with line:
                line.recv(65536)
                self.came += 1
                if self.came <= self.cuts:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                else:
                    line.sendall(ANSWER)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)


@pytest.fixture
def cutting(request: pytest.FixtureRequest) -> Iterator[Cutting]:
    server = Cutting(cuts=request.param)
    yield server
    server.close()


@pytest.mark.parametrize("cutting", [1], indirect=True)
def test_a_read_is_sent_once_more(cutting: Cutting) -> None:
    answer = call("Rucio", "GET", cutting.url)

    assert (answer.text, cutting.came) == ("ok", 2)


@pytest.mark.parametrize("cutting", [9], indirect=True)
def test_a_read_that_is_cut_again_is_given_up(cutting: Cutting) -> None:
    with pytest.raises(UpstreamUnavailable):
        call("Rucio", "GET", cutting.url)

    assert cutting.came == 2


@pytest.mark.parametrize("cutting", [1], indirect=True)
def test_a_change_is_never_sent_twice(cutting: Cutting) -> None:
    with pytest.raises(UpstreamUnavailable):
        call("Rucio", "POST", cutting.url, json={})

    assert cutting.came == 1
