"""Changes of collections in words."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from data_mgmt.models_groups import ChangeKind, ChangeState, CollectionChange


def url_of(change: CollectionChange) -> str:
    """Return the address of a change's page."""
    return reverse("data_mgmt:change", kwargs={"pk": change.pk})


def _told(change: CollectionChange) -> dict[str, object]:
    return {"did": change.did, "n": change.total, "storage": change.wish.get("storage", "")}


def asked_words(change: CollectionChange) -> str:
    """Return what was asked for."""
    texts = {
        ChangeKind.MAKE: _("Asked to make %(did)s"),
        ChangeKind.ATTACH: _("Asked to put %(n)d into %(did)s"),
        ChangeKind.DETACH: _("Asked to take %(n)d out of %(did)s"),
        ChangeKind.CLOSE: _("Asked to close %(did)s"),
        ChangeKind.REOPEN: _("Asked to open %(did)s again"),
        ChangeKind.ERASE: _("Asked to erase %(did)s"),
        ChangeKind.KEEP: _("Asked to keep %(did)s after all"),
        ChangeKind.BAD: _("Declared the copy of %(did)s at %(storage)s bad"),
    }
    return texts[ChangeKind(change.kind)] % _told(change)


def done_words(change: CollectionChange) -> str:
    """Return what came of it."""
    if change.state == ChangeState.FAILED:
        return _("Not done: %(what)s") % {"what": asked_words(change)}
    texts = {
        ChangeKind.MAKE: _("Made %(did)s"),
        ChangeKind.ATTACH: _("Filled %(did)s"),
        ChangeKind.DETACH: _("Taken out of %(did)s"),
        ChangeKind.CLOSE: _("Closed %(did)s"),
        ChangeKind.REOPEN: _("Opened %(did)s again"),
        ChangeKind.ERASE: _("%(did)s will be erased"),
        ChangeKind.KEEP: _("%(did)s is kept"),
        ChangeKind.BAD: _("Rucio knows that the copy of %(did)s at %(storage)s is bad"),
    }
    text = texts[ChangeKind(change.kind)] % _told(change)
    if change.state == ChangeState.PARTLY:
        text += _("; %(refused)d of %(n)d were not taken") % {
            "refused": change.refused,
            "n": change.total,
        }
    return text
