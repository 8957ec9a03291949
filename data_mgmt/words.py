"""How things are, in sentences: DIDs, storages, requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.backends import Availability, DidType
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import DidView
from vre_portal.components.formats import number, size

MANY = 3


def did_sentence(view: DidView) -> str:
    """Return what a DID is, where it is, and what holds it."""
    title = str((view.metadata or {}).get("title") or "")
    sentences = [f"{title.rstrip('.')}." if title else "", _what(view), _where(view), _held(view)]
    return " ".join(sentence for sentence in sentences if sentence)


def _what(view: DidView) -> str:
    info = view.info
    if info.type is DidType.FILE:
        return _("File of %(size)s.") % {"size": size(info.bytes)}
    parts = [_files(info.files or 0), size(info.bytes or 0)]
    if info.type is DidType.CONTAINER and view.contents is not None:
        count = len(view.contents)
        parts.insert(0, ngettext("%(n)s part", "%(n)s parts", count) % {"n": number(count)})
    parts.append(_("open") if info.is_open else _("closed"))
    kind = _("Container") if info.type is DidType.CONTAINER else _("Dataset")
    return _("%(kind)s of %(parts)s.") % {"kind": kind, "parts": ", ".join(parts)}


def _where(view: DidView) -> str:
    if view.availability is None:
        return ""
    if not any(row.files for row in view.availability):
        return _("No storage has it yet.") if view.info.files else ""
    complete = [row.storage for row in view.availability if row.files and row.is_complete]
    partial = [row for row in view.availability if row.files and not row.is_complete]
    parts = []
    if complete:
        verb = _("At") if view.info.type is DidType.FILE else _("Complete at")
        parts.append(f"{verb} {listed(complete)}")
    parts += [_partly(row) for row in partial[:MANY]]
    return "; ".join(parts) + "."


def _partly(row: Availability) -> str:
    return _("%(here)s of %(all)s files at %(storage)s") % {
        "here": number(row.files),
        "all": number(row.files_total),
        "storage": row.storage,
    }


def _held(view: DidView) -> str:
    rules = view.rules
    if rules is None or (not rules and view.info.type is not DidType.DATASET):
        return ""  # a file or a container may be held by the rules of its datasets
    if not rules:
        return _("No rule holds it.")
    text = ngettext("Held by %(n)d rule", "Held by %(n)d rules", len(rules)) % {"n": len(rules)}
    ends = [rule.expires_at for rule in rules]
    until = max((end for end in ends if end), default=None)
    if None in ends or until is None:
        return f"{text}."
    day = date_format(localtime(until), "DATE_FORMAT")
    return _("%(rules)s until %(day)s.") % {"rules": text, "day": day}


def _files(count: int) -> str:
    return ngettext("%(n)s file", "%(n)s files", count) % {"n": number(count)}


def listed(names: Iterable[str]) -> str:
    """Return names as people list them: ``a, b and c``."""
    all_names = list(names)
    if len(all_names) < 2:
        return "".join(all_names)
    return _("%(some)s and %(last)s") % {"some": ", ".join(all_names[:-1]), "last": all_names[-1]}


def request_sentence(request: ReplicaRequest) -> str:
    """Return how a request is, and what happens next."""
    if request.is_cancelling:
        return _("Cancelling: Rucio is asked to let the copy go.")
    texts: dict[RequestState, Callable[[ReplicaRequest], str]] = {
        RequestState.PREPARING: _preparing,
        RequestState.WAITING_APPROVAL: lambda _r: _("Waiting: a data manager has to approve it."),
        RequestState.REPLICATING: _replicating,
        RequestState.STUCK: _stuck,
        RequestState.OK: _complete,
        RequestState.CANCELLED: lambda r: _("Cancelled. %(reason)s") % {"reason": r.reason},
        RequestState.EXPIRED: lambda _r: _("Its time is over; the copy may be gone by now."),
        RequestState.FAILED: lambda r: _("Failed: %(reason)s") % {"reason": r.reason},
    }
    return texts[RequestState(request.state)](request).strip()


def _preparing(request: ReplicaRequest) -> str:
    if not request.rule_id:
        return _("Waiting: Rucio is being asked; this takes a second or two.")
    return _("Preparing: Rucio works out which files have to move; this takes some seconds.")


def _replicating(request: ReplicaRequest) -> str:
    return _("Copying to %(storage)s: %(done)s of %(files)s, %(here)s of %(size)s are there.") % {
        "storage": request.storage,
        "done": number(request.files_done),
        "files": _files(request.files_total),
        "here": size(request.bytes_done),
        "size": size(request.bytes_total),
    }


def _stuck(request: ReplicaRequest) -> str:
    return _("Stuck: %(reason)s. Rucio tries again by itself; you may also cancel.") % {
        "reason": request.reason.rstrip(".")
    }


def _complete(request: ReplicaRequest) -> str:
    text = _("Complete at %(storage)s: %(files)s, %(size)s.") % {
        "storage": request.storage,
        "files": _files(request.files_total),
        "size": size(request.bytes_total),
    }
    if request.expires_at is None:
        return text + " " + _("Kept until you let it go.")
    day = date_format(localtime(request.expires_at), "DATE_FORMAT")
    return text + " " + _("Kept until %(day)s.") % {"day": day}
