"""Questions to REANA: where the token goes, how much is read, and refusals as errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from accounts.credentials import Credential
from reproducibility.backends.reana.refusals import NAME, SERVICE, error_of
from reproducibility.backends.values import BrokenOff
from vre_portal.config import get_config
from vre_portal.errors import RangeNotSatisfiable, UpstreamRefused
from vre_portal.http import call, json_of

#: No JSON of REANA's is larger; logs are the longest.
MOST_BYTES = 64 << 20
PIECE = 1 << 18
#: Seconds without a byte after which a transfer has broken off.
TRANSFER_SECONDS = 120.0


def ask(
    credential: Credential | None,
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> requests.Response:
    """Return a good answer, its body unread where it is a stream."""
    query, sent = dict(params or {}), dict(headers or {})
    if credential is not None and in_query():
        query["access_token"] = credential.token
    elif credential is not None:
        sent["Authorization"] = f"Bearer {credential.token}"
    url = f"{get_config().reana_url}/api{path}"
    answer = call(NAME, method, url, params=query, headers=sent, **kwargs)
    if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    with answer:
        raise error_of(answer)


def told(credential: Credential | None, method: str, path: str, **kwargs: Any) -> Any:
    """Return the JSON of a good answer, whatever it is."""
    return json_of(NAME, ask(credential, method, path, max_bytes=MOST_BYTES, **kwargs))


def fields(
    credential: Credential | None, method: str, path: str, **kwargs: Any
) -> Mapping[str, Any]:
    """Return the JSON object of a good answer."""
    found = told(credential, method, path, **kwargs)
    if not isinstance(found, dict):
        raise UpstreamRefused(f"{NAME} gave an answer of an unknown shape.", service=SERVICE)
    return found


def in_query() -> bool:
    """Whether tokens are REANA's own: those it takes in the query only, exchanged ones as bearer.

    The demo's runner takes an exchanged one there too, but what stands in a query ends in logs.
    """
    return get_config().reana_tokens == "stored"


def workflow_path(workflow_id: str, *rest: str) -> str:
    """Return the path of a workflow, or of what belongs to it."""
    return "/".join(("/workflows", quote(workflow_id, safe=""), *rest))


def pieces(answer: requests.Response, skip: int = 0) -> Iterator[bytes]:
    """Return the pieces of a streamed answer, without so many bytes at its beginning."""
    try:
        with answer:
            for piece in answer.iter_content(PIECE):
                rest = piece[skip:]
                skip -= len(piece) - len(rest)
                if rest:
                    yield rest
    except (requests.RequestException, HTTPError) as exc:
        raise BrokenOff(
            f"{NAME} broke off in the middle of a file. Try again.", service=SERVICE
        ) from exc
    if skip > 0:
        raise RangeNotSatisfiable("The file ends before that.", service=SERVICE)
