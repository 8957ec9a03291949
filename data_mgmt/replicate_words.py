"""What a copy would move, cost and need, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.backends import Rule, StorageKind
from data_mgmt.services import Estimate, StorageOption
from data_mgmt.words import listed
from vre_portal.components.formats import duration, number, size


def place(option: StorageOption) -> str:
    """Return where a storage is and what it is made of."""
    storage = option.storage
    kind = _("tape, reading takes hours") if storage.kind is StorageKind.TAPE else _("disk")
    site = "" if storage.site and storage.name.startswith(storage.site) else storage.site
    parts = [site, storage.country, kind]
    if storage.free is not None and storage.kind is StorageKind.DISK:
        parts.append(_("%(size)s free") % {"size": size(storage.free)})
    if not storage.is_writable:
        parts.append(_("takes no data at the moment"))
    return ", ".join(part for part in parts if part)


def quota(option: StorageOption) -> str:
    """Return what a copy would do to the quota, and how long it takes."""
    if option.is_complete:
        return _("Nothing to move")
    text = _quota(option)
    if option.seconds is None:
        return text
    return _("%(quota)s; about %(time)s") % {"quota": text, "time": duration(option.seconds)}


def _quota(option: StorageOption) -> str:
    if option.quota_limit is None:
        return _("No limit for you here")
    if not option.quota_limit:
        return _("You have no quota here")
    if not option.fits:
        return _("Does not fit: %(used)s of %(limit)s used") % {
            "used": size(option.quota_used),
            "limit": size(option.quota_limit),
        }
    return _("Your quota after it: %(after)s of %(limit)s") % {
        "after": size(option.quota_after),
        "limit": size(option.quota_limit),
    }


def there(option: StorageOption, files: int) -> tuple[str, str]:
    """Return state and words for what a storage has already."""
    if option.is_complete:
        return "ok", _("complete, %(size)s") % {"size": size(option.bytes_there)}
    if option.files_there:
        return "partial", _("%(here)s of %(all)s files") % {
            "here": number(option.files_there),
            "all": number(files),
        }
    return "absent", ""


def estimate_sentence(estimate: Estimate) -> str:
    """Return what a request would move, what it costs, and how long it takes."""
    if not estimate.files_to_move:
        return " ".join(filter(None, [_already(estimate), _approval(estimate)]))
    parts = [
        _("Moves %(size)s in %(files)s to %(storage)s.")
        % {
            "size": size(estimate.bytes_to_move),
            "files": _files(estimate.files_to_move),
            "storage": estimate.storage,
        },
        _recalled(estimate),
        _time(estimate),
        _room(estimate),
        _approval(estimate),
    ]
    return " ".join(filter(None, parts))


def _already(estimate: Estimate) -> str:
    said = {"storage": estimate.storage}
    if not estimate.kept_by:
        return _("Everything is at %(storage)s already; a request keeps it there for you.") % said
    longest = max(estimate.kept_by, key=_end)
    said |= {"account": longest.account, "until": _until(longest)}
    return (
        _(
            "Everything is at %(storage)s already, kept by a rule of %(account)s %(until)s: use it"
            " as it is. A request keeps it there for you, whatever becomes of that rule."
        )
        % said
    )


def _end(rule: Rule) -> float:
    return rule.expires_at.timestamp() if rule.expires_at else float("inf")


def _until(rule: Rule) -> str:
    if rule.expires_at is None:
        return _("without an end")
    return _("until %(day)s") % {"day": date_format(localtime(rule.expires_at), "DATE_FORMAT")}


def _recalled(estimate: Estimate) -> str:
    if not estimate.recall_bytes:
        return ""
    if estimate.recall_bytes >= estimate.bytes_to_move:
        return _("It is read from tape first, which takes hours.")
    words = _("%(size)s of it is read from tape first, which takes hours.")
    return words % {"size": size(estimate.recall_bytes)}


def _time(estimate: Estimate) -> str:
    if estimate.seconds is None:
        return ""
    words = _("About %(time)s at the speed of the last weeks.")
    return words % {"time": duration(estimate.seconds)}


def _room(estimate: Estimate) -> str:
    if estimate.problem:
        return estimate.problem
    if estimate.free is not None and estimate.bytes_to_move > estimate.free:
        words = _("Only %(free)s are free there: it may wait for a clean-up.")
        return words % {"free": size(estimate.free)}
    if not estimate.quota_limit:
        return ""
    return _("It costs %(size)s of your quota: %(after)s of %(limit)s used after it.") % {
        "size": size(estimate.bytes),
        "after": size(estimate.quota_after),
        "limit": size(estimate.quota_limit),
    }


def _approval(estimate: Estimate) -> str:
    if estimate.needs_approval:
        return _("So large a recall needs approval by %(whom)s.") % {"whom": approvers(estimate)}
    if estimate.problem:
        return ""
    return _("No approval needed.") if estimate.files_to_move else ""


def approvers(estimate: Estimate) -> str:
    """Return who would let it go."""
    return whom(estimate.approvers)


def whom(accounts: Sequence[str]) -> str:
    """Return those who approve, by their accounts where the storage names them."""
    return listed(accounts) or _("a data manager")


def _files(count: int) -> str:
    return ngettext("%(n)s file", "%(n)s files", count) % {"n": number(count)}
