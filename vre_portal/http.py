"""The one way out: time-outs, request id, and every transport error in the portal's own terms."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.util import Retry

from vre_portal.config import get_config
from vre_portal.errors import UpstreamRefused, UpstreamTimeout, UpstreamUnavailable
from vre_portal.logs import request_id

CONNECT_SECONDS = 2.0
UNAVAILABLE = {502, 503, 504}
READS = {"GET", "HEAD"}
#: Whoever says to come back later than this is asked sooner.
MOST_RETRY_SECONDS = 3600


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    # It is everybody's: what one person's session server sets must not come along for another.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Only what never reached the server is safe to try again. `read=False` rather than 0: a
    # time-out then stays one, and is no lost connection.
    retry = Retry(
        total=1, connect=1, read=False, status=0, redirect=0, allowed_methods=READS,
        # Else urllib3 takes "come back later" for too many tries, and the answer is lost.
        respect_retry_after_header=False,
    )  # fmt: skip
    adapter = HTTPAdapter(pool_connections=16, pool_maxsize=32, max_retries=retry)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def call(
    service: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = None,
    send_seconds: float = CONNECT_SECONDS,
    max_bytes: int | None = None,
    **kwargs: Any,
) -> requests.Response:
    """Send one request and return the answer, whatever its status but 502, 503 and 504.

    With `max_bytes` no more than that is read, and no longer than the time-out in all. A piece of
    the body, like the connection, must be taken within `send_seconds`.

    Raises
    ------
    UpstreamTimeout
        No answer within `timeout` seconds (the configured one unless given).
    UpstreamUnavailable
        No connection, or the service's front says that it is down.
    UpstreamRefused
        The answer is larger than `max_bytes`, or is no HTTP.
    """
    seconds = timeout or get_config().upstream_timeout
    sent = {"X-Request-Id": request_id.get(), **(headers or {})}
    try:
        answer = _asked(
            method,
            url,
            headers=sent,
            timeout=(min(send_seconds, seconds), seconds),
            allow_redirects=False,
            **kwargs | ({"stream": True} if max_bytes is not None else {}),
        )
        if max_bytes is not None:
            _read(answer, max_bytes, deadline=time.monotonic() + seconds)
    except (requests.Timeout, ReadTimeoutError) as exc:
        raise UpstreamTimeout(
            f"{service} did not answer in time. Try again.", service=service
        ) from exc
    except requests.ConnectionError as exc:
        raise UpstreamUnavailable(
            f"{service} does not answer at the moment. Try again in a minute.", service=service
        ) from exc
    except (requests.RequestException, HTTPError) as exc:
        raise UpstreamRefused(f"{service} could not be asked.", service=service) from exc
    if answer.status_code in UNAVAILABLE:
        raise UpstreamUnavailable(
            f"{service} is not available at the moment. Try again in a minute.",
            service=service,
            retry_after=retry_after_of(answer),
        )
    return answer


def _asked(method: str, url: str, **kwargs: Any) -> requests.Response:
    """Send a request; a read on a kept connection that the server was just closing, once more."""
    try:
        return _session().request(method, url, **kwargs)
    except requests.ConnectionError as exc:
        cut = bool(exc.args) and isinstance(exc.args[0], ProtocolError)
        if method not in READS or not cut:
            raise
    return _session().request(method, url, **kwargs)


def retry_after_of(answer: requests.Response) -> int | None:
    """Return in how many seconds a service wants to be asked again (RFC 9110, 10.2.3)."""
    told = answer.headers.get("Retry-After", "").strip()
    try:
        if told.isdecimal():
            return min(int(told[:9]), MOST_RETRY_SECONDS)
        until = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(int(until), 0), MOST_RETRY_SECONDS)


def _read(answer: requests.Response, max_bytes: int, *, deadline: float) -> None:
    """Read a body piece by piece, so that neither its size nor its slowness is unbounded."""
    body = bytearray()
    with answer:
        # Whatever is there, not pieces of a size: those could be waited for byte by byte.
        while piece := answer.raw.read1(16 * 1024, decode_content=True):
            body += piece
            if len(body) > max_bytes:
                raise requests.RequestException(f"more than {max_bytes} bytes")
            if time.monotonic() > deadline:
                raise requests.Timeout("the body took too long")
    answer._content = bytes(body)
    answer._content_consumed = True  # type: ignore[attr-defined]  # unknown to the stubs


def json_of(service: str, answer: requests.Response) -> Any:
    """Return an answer's JSON, or raise `UpstreamRefused` when it has none."""
    try:
        return answer.json()
    except (ValueError, RecursionError) as exc:
        raise UpstreamRefused(
            f"{service} gave an answer that is not JSON.", service=service
        ) from exc
