"""One call to Rucio's REST interface, and each refusal in the portal's own terms.

Small calls do not go through rucio-clients: a process that serves many people must not share its
token file, configuration file, ``sys.argv`` and ten-minute time-out, and an NDJSON answer is a
line of JSON anyway. Only downloads use it (`download`), because they know the storage protocols.
"""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import requests

from accounts.credentials import Credential
from data_mgmt.backends.values import Did
from vre_portal import rechecks
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.http import call

SERVICE = "rucio"
#: Whose name is in the credential of the provisioning account.
NOBODY = uuid.UUID(int=0)
NAME = "Rucio"
NDJSON = "application/x-json-stream"
SETTLE_SECONDS = (0.1, 0.4)

#: How Rucio says that it knows no such account, or none that this token would open.
UNKNOWN = frozenset({"AccountNotFound", "CannotAuthenticate"})
FORBIDDEN = frozenset({"AccessDenied"})
NOT_FOUND = frozenset(
    {
        "DataIdentifierNotFound", "RSENotFound", "RuleNotFound", "AccountNotFound",
        "ScopeNotFound", "SubscriptionNotFound", "ReplicaNotFound", "RequestNotFound",
        "KeyNotFound", "IdentityNotFound",
    }
)  # fmt: skip
CONFLICT = frozenset(
    {
        "DuplicateRule", "DataIdentifierAlreadyExists", "Duplicate", "DuplicateContent",
        "FileAlreadyExists", "SubscriptionDuplicate",
    }
)  # fmt: skip
INVALID = frozenset(
    {
        "InsufficientTargetRSEs", "InvalidRSEExpression", "InvalidReplicationRule",
        "StagingAreaRuleRequiresLifetime", "ScratchDiskLifetimeConflict",
        "ManualRuleApprovalBlocked", "InvalidObject", "InputValidationError", "InvalidMetadata",
        "DIDFilterSyntaxError", "MissingParameter", "UnsupportedOperation", "InvalidType",
        "InvalidValueForKey", "FilterEngineGenericError", "KeyError",
    }
)  # fmt: skip
UNAVAILABLE = frozenset(
    {
        "ReplicationRuleCreationTemporaryFailed", "DatabaseException",
        "ResourceTemporaryUnavailable",
    }
)  # fmt: skip
THINGS: Mapping[str, str] = {
    "DataIdentifierNotFound": "There is no such file, dataset or container.",
    "RSENotFound": "There is no such storage.",
    "RuleNotFound": "This replication rule is gone.",
    "ScopeNotFound": "There is no such scope.",
    "SubscriptionNotFound": "There is no such subscription.",
    "AccountNotFound": "There is no such account.",
}
_BAD_RULE_ID = re.compile(r"badly formatted (rule id|input)", re.IGNORECASE)


def did_path(did: Did) -> str:
    """Return a DID as two segments of a path."""
    return f"{quote(did.scope, safe='')}/{quote(did.name, safe='')}"


def address() -> str:
    """Return the configured address of Rucio."""
    url = get_config().rucio_url
    if not url:
        raise UpstreamUnavailable("This portal has no data service configured.", service=SERVICE)
    return url


def headers_of(credential: Credential) -> dict[str, str]:
    """Return the headers that say who asks: the raw token, and the account beside it."""
    return {"X-Rucio-Auth-Token": credential.token, "X-Rucio-Account": credential.account}


def ask(
    credential: Credential,
    method: str,
    path: str,
    *,
    body: object = None,
    params: Mapping[str, str] | None = None,
    stream: bool = False,
) -> requests.Response:
    """Send one request for the credential's owner and return the answer if it is good."""
    extra: dict[str, Any] = {} if body is None else {"json": body}

    def send() -> requests.Response:
        headers = headers_of(credential)
        url = address() + path
        return call(NAME, method, url, headers=headers, params=params, stream=stream, **extra)

    answer = send()
    if answer.status_code == requests.codes.unauthorized:
        answer = _once_more(answer, send)
    if not answer.ok:
        kind = answer.headers.get("ExceptionClass", "")
        if not kind and answer.status_code >= requests.codes.server_error:
            kind = _unspeakable(path)
        refused = error_of(answer.status_code, kind, answer.content)
        raise refusal_to(credential, refused, kind)
    return answer


def _unspeakable(path: str) -> str:
    """Return what Rucio fails to say of a name whose signs do not fit into a header of HTTP."""
    try:
        unquote(path).encode("latin-1")
    except UnicodeEncodeError:
        return "DataIdentifierNotFound"
    return ""


def refusal_to(credential: Credential, refused: PortalError, kind: str) -> PortalError:
    """Return what to tell somebody, who is checked again where Rucio should know them."""
    young = credential.expires_at > datetime.now(UTC)
    if kind not in UNKNOWN or credential.user_id == NOBODY or not young:
        return refused
    return rechecks.unknown(credential.user_id, SERVICE, refused)


def _once_more(
    refused: requests.Response, send: Callable[[], requests.Response]
) -> requests.Response:
    """Send again what was refused at the door.

    Rucio writes a token that it has not seen into its database. When several requests bring the
    same new one at once, all but the first fail there, and it calls that CannotAuthenticate.
    Nothing was done for them, so that sending again is safe, whatever the method.
    """
    if refused.headers.get("ExceptionClass") != "CannotAuthenticate":
        return refused
    refused.close()
    time.sleep(random.uniform(*SETTLE_SECONDS))  # noqa: S311 - spreads them, guards nothing
    return send()


def value(credential: Credential, path: str, *, params: Mapping[str, str] | None = None) -> Any:
    """Return the JSON value that a GET answers."""
    return _decoded(ask(credential, "GET", path, params=params).text)


def rows(
    credential: Credential,
    path: str,
    *,
    method: str = "GET",
    body: object = None,
    params: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> Iterator[Any]:
    """Yield the rows of an NDJSON answer, at most `limit`; the connection is closed at the end."""
    answer = ask(credential, method, path, body=body, params=params, stream=True)
    try:
        found = 0
        for line in answer.iter_lines(chunk_size=65536):
            if not line:
                continue
            yield _decoded(line)
            found += 1
            if limit is not None and found >= limit:
                return
    except requests.Timeout as exc:
        raise UpstreamTimeout(f"{NAME} did not finish its answer.", service=SERVICE) from exc
    except requests.RequestException as exc:
        raise UpstreamRefused(f"{NAME} broke off its answer. Try again.", service=SERVICE) from exc
    finally:
        answer.close()


def error_of(status: int, kind: str, body: bytes) -> PortalError:
    """Return what a refusal means, by the class of Rucio's exception: its statuses do not tell."""
    told = _told(body)
    kind = str(told.get("ExceptionClass") or kind)
    message = str(told.get("ExceptionMessage") or "")
    cause = RuntimeError(f"{status} {kind}: {message}")
    error = _portal_error(status, kind, message)
    error.__cause__ = cause
    return error


def _portal_error(status: int, kind: str, message: str) -> PortalError:  # noqa: PLR0911 - one a kind
    if kind in NOT_FOUND:
        return NotFound(THINGS.get(kind, "Rucio does not have this."), service=SERVICE)
    if kind in FORBIDDEN:
        return Forbidden("Rucio does not let your account do this.", service=SERVICE)
    if kind == "CannotAuthenticate" or (not kind and status == requests.codes.unauthorized):
        return CredentialExpired(
            "Rucio does not take your sign-in. Sign in again; if that does not help, repair your"
            " account on the checklist.",
            provider="",
            service=SERVICE,
        )
    if kind in CONFLICT:
        return Conflict("This exists already.", service=SERVICE)
    if kind == "InsufficientAccountLimit":
        return QuotaExceeded("Your quota at this storage does not suffice.", service=SERVICE)
    if kind in INVALID or _BAD_RULE_ID.search(message):
        return InvalidRequest("Rucio can't do this: check what you asked for.", service=SERVICE)
    if kind in UNAVAILABLE:
        return UpstreamUnavailable("Rucio is busy. Try again in a moment.", service=SERVICE)
    return UpstreamRefused("Rucio refused this with a fault of its own.", service=SERVICE)


def _told(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise UpstreamRefused(f"{NAME} gave an answer that is not JSON.", service=SERVICE) from exc
