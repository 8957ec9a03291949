"""The words of tus 1.0 (tus.io/protocols/resumable-upload): headers in, headers out, refusals."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.http import http_date
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did, Value
from data_mgmt.metadata_forms import check_key, check_value, kind_of
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import own_scope, staging
from data_mgmt.services.upload_checks import Wish, checksum_of
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, PortalError

VERSION = "1.0.0"
MEDIA_TYPE = "application/offset+octet-stream"
EXTENSIONS = ("creation", "creation-with-upload", "termination", "checksum", "expiration")
ALGORITHMS = ("sha1", "sha256", "md5")
MAX_METADATA = 16 * 1024
MAX_KEYS = 100
RESUMABLE = {"Tus-Resumable": VERSION}


class UnknownVersion(PortalError):
    """The client speaks another version of tus, or none."""

    code, title, status = "tus-version", "Another version of tus is needed", 412


class WrongMediaType(PortalError):
    """Bytes come as something else than tus wants."""

    code, title, status = "tus-media-type", "Another media type is needed", 415


class UnknownAlgorithm(PortalError):
    """A checksum is of a kind that is not announced."""

    code, title, status = "tus-checksum-algorithm", "An unknown kind of checksum", 400


class ChecksumMismatch(PortalError):
    """A piece has another checksum than was told: it is thrown away."""

    code, title, status = "tus-checksum-mismatch", "The checksum does not fit", 460


def options() -> dict[str, str]:
    """Return what this server can do."""
    return {
        **RESUMABLE,
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(get_config().upload_max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def headers_of(error: PortalError) -> dict[str, str]:
    """Return the headers of tus in a refusal."""
    return RESUMABLE | ({"Tus-Version": VERSION} if isinstance(error, UnknownVersion) else {})


def check_version(headers: Mapping[str, str]) -> None:
    """Raise `UnknownVersion` unless the request is of the version that is spoken here."""
    if headers.get("Tus-Resumable") != VERSION:
        raise UnknownVersion(_("Send the header Tus-Resumable: 1.0.0."))


def check_media_type(headers: Mapping[str, str]) -> None:
    """Raise `WrongMediaType` unless bytes come as tus wants them."""
    if not carries_bytes(headers.get("Content-Type", "")):
        raise WrongMediaType(_("Send bytes with Content-Type: application/offset+octet-stream."))


def carries_bytes(media_type: str) -> bool:
    """Whether a media type says that bytes of an upload come."""
    return media_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def number_of(headers: Mapping[str, str], name: str) -> int:
    """Return a header that is a size or an offset."""
    text = headers.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidRequest(_("%(name)s: give a number of bytes.") % {"name": name}, field=name)
    return int(text)


def checksum(headers: Mapping[str, str]) -> tuple[Any, bytes] | None:
    """Return a fresh hash and what it has to come to, as ``Upload-Checksum`` tells them."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _space, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        words = _("Upload-Checksum: use one of %(names)s.") % {"names": ", ".join(ALGORITHMS)}
        raise UnknownAlgorithm(words)
    try:
        wanted = b64decode(encoded, validate=True)
    except NotBase64 as exc:
        raise InvalidRequest(
            _("Upload-Checksum: give the checksum in Base64."), field="Upload-Checksum"
        ) from exc
    return hashlib.new(algorithm, usedforsecurity=False), wanted


def offset_of(upload: Upload) -> int:
    """Return how many bytes of an upload have come: while they come, what is on disk."""
    receiving = upload.state == UploadState.RECEIVING
    return staging.offset_of(upload.pk) if receiving else upload.size


def state_of(upload: Upload) -> dict[str, str]:
    """Return the headers that tell how far an upload is."""
    told = {**RESUMABLE, "Upload-Offset": str(offset_of(upload))}
    if upload.state == UploadState.RECEIVING:
        told["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return told


def described(upload: Upload) -> dict[str, str]:
    """Return all headers of an upload."""
    told = {**state_of(upload), "Upload-Length": str(upload.size), "Cache-Control": "no-store"}
    if upload.told_metadata:
        told["Upload-Metadata"] = upload.told_metadata
    return told


def wish_of(user: User, headers: Mapping[str, str]) -> Wish:
    """Read what somebody wants to upload.

    Raises
    ------
    InvalidRequest
        A header or a part of one can't be read; `field` names it.
    """
    text = headers.get("Upload-Metadata", "")
    size = number_of(headers, "Upload-Length")
    return replace(wish(user, metadata_of(text), size), told_metadata=text)


def metadata_of(text: str) -> dict[str, str]:
    """Read ``Upload-Metadata``: pairs of a key and its value in Base64, each key once."""
    found: dict[str, str] = {}
    if len(text) > MAX_METADATA:
        raise _unreadable(_("it is too long"))
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _space, encoded = part.partition(" ")
        if key in found:
            raise _unreadable(_("%(key)s stands there twice") % {"key": key})
        try:
            found[key] = b64decode(encoded, validate=True).decode()
        except ValueError as exc:
            raise _unreadable(_("%(key)s is not Base64 of a text") % {"key": key}) from exc
    return found


def _unreadable(why: str) -> InvalidRequest:
    words = _("Upload-Metadata: write key and Base64 value, pairs with commas between; %(why)s.")
    return InvalidRequest(words % {"why": why}, field="Upload-Metadata")


def wish(user: User, told: Mapping[str, str], size: int) -> Wish:
    """Read what somebody wants to upload from the values that tus, a form or JSON brought."""
    name = told.get("filename", "").strip()
    if not name:
        raise InvalidRequest(_("filename: name the file."), field="filename")
    scope = told.get("scope", "").strip() or own_scope(user)
    return Wish(
        did=Did(scope, name),
        size=size,
        storage=told.get("storage", "").strip(),
        dataset=dataset_of(told.get("dataset", "").strip(), scope),
        lifetime_days=_days(told.get("lifetime", "").strip()),
        checksum=checksum_of(told.get("checksum", "")),
        metadata=_keys(told.get("metadata", "")),
    )


def dataset_of(text: str, scope: str) -> Did | None:
    """Read ``scope:name``, or a name in the scope of the file."""
    if not text:
        return None
    try:
        return Did.parse(text if ":" in text else f"{scope}:{text}")
    except InvalidRequest as exc:
        words = _("dataset: write a name, or scope:name.")
        raise InvalidRequest(words, field="dataset") from exc


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise InvalidRequest(
            _("lifetime: give a number of days, or leave it out."), field="lifetime"
        )
    return int(text)


def _keys(text: str) -> dict[str, Value]:
    """Read the keys of metadata, which come as one JSON object of plain values."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict) or len(found) > MAX_KEYS:
        raise InvalidRequest(_("metadata: give a JSON object of plain values."), field="metadata")
    for key, value in found.items():
        if not kind_of(value):
            words = _("metadata: the value of %(key)s is no text, number or truth.")
            raise InvalidRequest(words % {"key": key}, field="metadata")
        check_value(check_key(key), value)
    return found
