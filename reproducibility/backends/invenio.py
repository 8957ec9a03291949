"""InvenioRDM, Zenodo among others, by its REST API: the one file that knows its paths and shapes.

Its reference is https://inveniordm.docs.cern.ch/reference/rest_api_index/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from accounts.credentials import Credential
from reproducibility.backends.deposits import (
    AUDIENCE,
    Description,
    FieldFault,
    Record,
    Refused,
    RemoteFile,
)
from reproducibility.backends.invenio_shapes import metadata_of
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    NotFound,
    PortalError,
    QuotaExceeded,
    TokenWanted,
    UpstreamRefused,
    UpstreamUnavailable,
)
from vre_portal.http import call, json_of, retry_after_of

#: No record with its files is larger as JSON.
MOST_BYTES = 4 << 20
MOST_FAULTS, MOST_TEXT = 20, 300
#: A piece of a file must be taken, and a whole file be stored and summed up, within these seconds.
PIECE_SECONDS, STORE_SECONDS = 60.0, timedelta(minutes=30).total_seconds()
#: The form of a DOI (DOI Handbook, 2.2), and of a record's id.
DOI = re.compile(r"10\.\d{4,9}/[^\s<>\"]{1,200}")
RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
WHY_NOT = (
    "does not accept your token: it has ended, may not deposit and publish, or belongs to another "
    "account than the draft. Paste a new one on the page of your accounts and services."
)
#: What other refusals mean; of the rest the repository's own words are told.
SAID: Mapping[int, tuple[type[PortalError], str]] = {
    404: (NotFound, "has no such draft or record."),
    410: (NotFound, "has no such draft or record any more."),
    409: (Conflict, "has something else there by now. Prepare it again."),
    412: (Conflict, "has something else there by now. Prepare it again."),
    413: (QuotaExceeded, "does not take files of this size."),
}
NOT_NOW = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR}

Told = Mapping[str, Any]


class InvenioBackend:
    """Deposits at the InvenioRDM that `VRE_DEPOSIT_URL` names."""

    def whoami(self, credential: Credential) -> str:
        """Return whom a token belongs to: no address tells it, so that one of theirs is tried."""
        _told(credential, "GET", "/user/records", params={"size": 1})
        return "your account"

    def find(self, credential: Credential, marker: str) -> Record | None:
        """Return the person's draft or record with this marker."""
        query = {"q": f'metadata.identifiers.identifier:"{marker}"', "size": 10}
        found = _told(credential, "GET", "/user/records", params=query)
        for hit in _list(_object(found.get("hits")).get("hits")):
            known = _list(_object(_object(hit).get("metadata")).get("identifiers"))
            if any(_object(each).get("identifier") == marker for each in known):
                return _record(_object(hit))
        return None

    def create(self, credential: Credential, description: Description) -> Record:
        """Make a draft."""
        return _record(_told(credential, "POST", "/records", json=_body(description)))

    def new_version(self, credential: Credential, record_id: str) -> Record:
        """Return the draft of a record's next version, made unless it is there already."""
        return _record(_told(credential, "POST", _path(record_id, "versions")))

    def read(self, credential: Credential, record_id: str) -> Record:
        """Return a draft, or the record that it became."""
        try:
            return _record(_told(credential, "GET", _path(record_id, "draft")))
        except NotFound:
            return _record(_told(credential, "GET", _path(record_id)))

    def update(self, credential: Credential, record_id: str, description: Description) -> Record:
        """Describe a draft anew; `faults` of the answer would hinder its publication."""
        path, body = _path(record_id, "draft"), _body(description)
        # A draft that is described without its DOI loses it.
        known = _told(credential, "GET", path)
        body["pids"] = _object(known.get("pids"))
        return _record(_told(credential, "PUT", path, json=body))

    def reserve_doi(self, credential: Credential, record_id: str) -> Record:
        """Reserve the DOI that a draft will have."""
        known = self.read(credential, record_id)
        if known.doi:
            return known
        return _record(_told(credential, "POST", _path(record_id, "draft", "pids", "doi")))

    def files(self, credential: Credential, record_id: str) -> tuple[RemoteFile, ...]:
        """Return the files of a draft."""
        found = _told(credential, "GET", _path(record_id, "draft", "files"))
        return tuple(_file(_object(each)) for each in _list(found.get("entries")))

    def upload(self, credential: Credential, record_id: str, key: str, file: Path) -> RemoteFile:
        """Add a file to a draft, under a key that it does not have yet."""
        below = _path(record_id, "draft", "files")
        _told(credential, "POST", below, json=[{"key": key}])
        where = f"{below}/{quote(key, safe='')}"
        with file.open("rb") as content:
            _ask(
                credential, "PUT", f"{where}/content", data=content,
                headers={"Content-Type": "application/octet-stream"},
                timeout=STORE_SECONDS, send_seconds=PIECE_SECONDS,
            )  # fmt: skip
        return _file(_told(credential, "POST", f"{where}/commit", timeout=STORE_SECONDS))

    def remove_file(self, credential: Credential, record_id: str, key: str) -> None:
        """Take a file out of a draft; one that is not there is no fault."""
        where = f"{_path(record_id, 'draft', 'files')}/{quote(key, safe='')}"
        if any(each.key == key for each in self.files(credential, record_id)):
            _ask(credential, "DELETE", where)

    def publish(self, credential: Credential, record_id: str) -> Record:
        """Publish a draft, for good."""
        return _record(_told(credential, "POST", _path(record_id, "draft", "actions", "publish")))

    def propose(self, credential: Credential, record_id: str, community: str) -> None:
        """Ask the curators of a community to include a record; asking twice is no fault."""
        found = _told(credential, "GET", f"/communities/{quote(community, safe='')}")
        wish = {"communities": [{"id": str(found.get("id")), "require_review": True}]}
        try:
            _ask(credential, "POST", _path(record_id, "communities"), json=wish)
        except Refused as exc:
            if "already" not in exc.message:  # included, or asked before
                raise

    def discard(self, credential: Credential, record_id: str) -> None:
        """Delete a draft; one that is not there is no fault."""
        try:
            _ask(credential, "DELETE", _path(record_id, "draft"))
        except NotFound:
            return


def _path(record_id: str, *rest: str) -> str:
    return "/".join(("/records", quote(record_id, safe=""), *rest))


def _body(description: Description) -> dict[str, Any]:
    return {
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": True},
        "metadata": metadata_of(description, publisher=get_config().deposit_name),
    }


def _ask(credential: Credential, method: str, path: str, **kwargs: Any) -> requests.Response:
    """Return a good answer, read to a bounded size."""
    config = get_config()
    headers = {
        "Accept": "application/json",
        "Authorization": f"Bearer {credential.token}",
        **kwargs.pop("headers", {}),
    }
    url = f"{config.deposit_url}/api{path}"
    kwargs.setdefault("max_bytes", MOST_BYTES)
    answer = call(config.deposit_name, method, url, headers=headers, **kwargs)
    if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    raise _error_of(answer)


def _told(credential: Credential, method: str, path: str, **kwargs: Any) -> Told:
    """Return the JSON object of a good answer."""
    name = get_config().deposit_name
    found = json_of(name, _ask(credential, method, path, **kwargs))
    if not isinstance(found, dict):
        raise _strange()
    return found


def _strange() -> UpstreamRefused:
    name = get_config().deposit_name
    return UpstreamRefused(f"{name} gave an answer of an unknown shape.", service=AUDIENCE)


def _error_of(answer: requests.Response) -> PortalError:
    """Return what a refusal means to the user."""
    name, status = get_config().deposit_name, answer.status_code
    if status in NOT_ALLOWED:
        return TokenWanted(f"{name} {WHY_NOT}", service=AUDIENCE)
    if status in SAID:
        kind, words = SAID[status]
        return kind(f"{name} {words}", service=AUDIENCE)
    if status in NOT_NOW or status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return UpstreamUnavailable(
            f"{name} can't do this at the moment.",
            service=AUDIENCE,
            retry_after=retry_after_of(answer),
        )
    if status >= HTTPStatus.BAD_REQUEST:
        return _refused(answer)
    return UpstreamRefused(
        f"{name} answered with the code {status}. Tell the operators of this portal.",
        service=AUDIENCE,
    )


def _refused(answer: requests.Response) -> Refused:
    name = get_config().deposit_name
    try:
        told = _object(answer.json())
    except (ValueError, RecursionError):
        told = {}
    faults = tuple(_faults(told))
    said = faults[0].reason if faults else _text(told.get("message"))
    text = f"{name} says: {said}" if said else f"{name} does not accept this."
    return Refused(text, faults=faults)


def _faults(told: Told) -> Iterator[FieldFault]:
    for each in _list(told.get("errors"))[:MOST_FAULTS]:
        fault = _object(each)
        said = [_text(one) for one in _list(fault.get("messages"))]
        reason = " ".join(filter(None, said)) or _text(fault.get("message"))
        if reason:
            yield FieldFault(_text(fault.get("field")), reason[:MOST_TEXT])


def _record(told: Told) -> Record:
    identity = str(told.get("id", ""))
    if not RECORD_ID.fullmatch(identity):
        raise _strange()
    doi = _text(_object(_object(told.get("pids")).get("doi")).get("identifier"))
    return Record(
        id=identity,
        published=told.get("is_published") is True,
        doi=doi if DOI.fullmatch(doi) else "",
        faults=tuple(_faults(told)),
    )


def _file(told: Told) -> RemoteFile:
    key, size = told.get("key"), told.get("size")
    if not isinstance(key, str):
        raise _strange()
    kind, _colon, digest = _text(told.get("checksum")).partition(":")
    whole = told.get("status") == "completed" and kind == "md5"
    return RemoteFile(key, size if isinstance(size, int) else 0, digest if whole else "")


def _object(told: object) -> Told:
    return told if isinstance(told, dict) else {}


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []


def _text(told: object) -> str:
    return " ".join(told.split())[:MOST_TEXT] if isinstance(told, str) else ""
