"""REANA's side bar: its server uses the token, and the browser is never told it."""

from __future__ import annotations

import os
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform

AREA, VARIABLE = "/reana_jupyterlab/", "REANA_ACCESS_TOKEN"


class Withhold(OutputTransform):  # type: ignore[misc]  # tornado is not there where types are checked
    """Leaves the token out of what the side bar's server answers.

    Its page fills in a form with the token, and an error's text has the address that was called,
    with the token in its query (reana-jupyterlab 0.1).
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        token = os.environ.get(VARIABLE, "")
        self._token = token.encode() if AREA in request.path else b""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Take the token out of the answer's first part, which has all of a short one."""
        told = self.transform_chunk(chunk, finishing)
        if finishing and "Content-Length" in headers:
            headers["Content-Length"] = str(len(told))
        return status_code, headers, told

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Take the token out of a part."""
        return chunk.replace(self._token, b"") if self._token else chunk


def withhold(web_app: Any) -> None:
    """Have a server leave the token out; before what compresses answers."""
    web_app.transforms.insert(0, Withhold)
