"""Lays a context that crates name into the validator's cache, so that it asks no network.

Run by the validator's own Python with the cache, the context's address, and a file that holds it.
"""

import sys
from io import BytesIO
from pathlib import Path

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests_cache import CachedSession  # type: ignore[import-not-found]  # not where mypy runs
from urllib3 import HTTPResponse


class FromFile(BaseAdapter):
    """Answers each request with one file."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def send(self, request: PreparedRequest, *_arguments: object, **_options: object) -> Response:
        """Answer as the site does that has the context."""
        answer = Response()
        answer.status_code, answer.request, answer.url = 200, request, request.url or ""
        answer.headers["Content-Type"] = "application/ld+json"
        answer.raw = HTTPResponse(BytesIO(self._content), status=200, preload_content=False)
        return answer

    def close(self) -> None:
        """Hold nothing."""


def main(cache: str, address: str, file: str) -> None:
    """Have the session that the validator will open remember the answer."""
    with CachedSession(cache, backend="sqlite", expire_after=-1) as session:
        session.mount("https://", FromFile(Path(file).read_bytes()))
        session.get(address).raise_for_status()


main(*sys.argv[1:])
