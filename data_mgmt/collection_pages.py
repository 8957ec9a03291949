"""Pages of collections: what can be done with one, a new one, a change and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from accounts.models import User
from activity.models import Event
from data_mgmt.backends import Did, DidType
from data_mgmt.collection_forms import DamageForm, EmbargoForm, EraseForm, ListForm
from data_mgmt.did_shapes import Asked
from data_mgmt.models_groups import ChangeState, CollectionChange, ItemState
from data_mgmt.services import acting, collecting, damage, embargo, losses, marking
from data_mgmt.services.collecting_words import asked_words, done_words
from data_mgmt.services.losses import Loss
from vre_portal.components.formats import number, size
from vre_portal.config import get_config
from vre_portal.errors import PortalError

SHOWN_ITEMS = 500
#: State and word of a badge, by a change's or an item's state.
STATES: Mapping[str, tuple[str, str | Promise]] = {
    ChangeState.WAITING: ("running", lazy("under way")),
    ChangeState.DONE: ("ok", lazy("done")),
    ChangeState.PARTLY: ("partial", lazy("done in part")),
    ChangeState.FAILED: ("failed", lazy("not done")),
}


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of the page that manages a DID; one that was refused takes its place."""

    put: ListForm | None = None
    take: ListForm | None = None
    embargo: EmbargoForm | None = None
    erase: EraseForm | None = None
    damage: DamageForm | None = None


def manage(user: User, did: Did, forms: Forms = Forms()) -> dict[str, Any]:
    """Return what the user can do with a DID."""
    loss = losses.loss_of(user, did)
    info = loss.info
    mark = marking.own_mark(user, did)
    mine = collecting.may_change(user, did)
    groups = sorted({*user.groups})
    until = mark.until.isoformat() if mark and mark.until else ""
    chosen = {"group": mark.groups[0] if mark and mark.groups else "", "until": until}
    found: dict[str, Any] = {
        "did": did,
        "did_query": query_of(did),
        "info": info,
        "is_collection": info.type.is_collection,
        "is_dataset": info.type is DidType.DATASET,
        "mine": mine,
        "as_whom": _as_whom(user, did),
        "loss": _loss_sentences(loss),
        "grace": get_config().erase_grace_hours,
        "mark": mark,
        "has_groups": bool(groups),
        "put_form": forms.put or ListForm(prefix="put"),
        "take_form": forms.take or ListForm(prefix="take"),
        "embargo_form": forms.embargo or EmbargoForm(initial=chosen, groups=groups),
        "erase_form": forms.erase or EraseForm(),
        "may_declare": damage.may_declare(user) and info.type is DidType.FILE,
    }
    if found["may_declare"]:
        found["damage_form"] = forms.damage or DamageForm(storages=storages_of(user, did))
    return found


def storages_of(user: User, did: Did) -> list[str]:
    """Return the storages that have a copy of a file."""
    return damage.storages_of(user, did)


def _as_whom(user: User, did: Did) -> str:
    for actor in acting.actors(user):
        if actor.group and actor.scope == did.scope:
            return actor.name
    return ""


def _loss_sentences(loss: Loss) -> list[str]:
    """Return what is lost, a sentence a part."""
    told = [
        _("It lists %(files)s files of %(size)s.")
        % {"files": number(loss.info.files), "size": size(loss.info.bytes)}
    ]
    if loss.rules:
        told.append(
            ngettext(
                "%(n)s rule on it ends (of %(who)s): copies that only it holds are deleted.",
                "%(n)s rules on it end (of %(who)s): copies that only they hold are deleted.",
                len(loss.rules),
            )
            % {"n": number(len(loss.rules)), "who": ", ".join(loss.accounts)}
        )
    else:
        told.append(_("No rule is on it: its files stay where other rules hold them."))
    if loss.holders:
        told.append(
            _("It is taken out of %(names)s.") % {"names": ", ".join(map(str, loss.holders[:20]))}
        )
    told.append(_("Files that are in other datasets with rules of their own stay there."))
    return told


def change_page(user: User, change: CollectionChange, events: Iterable[Event]) -> dict[str, Any]:
    """Return a change's page."""
    state, word = STATES[change.state]
    items = change.items.order_by("pk")
    troubled = items.filter(state=ItemState.REFUSED)
    return {
        "change": change,
        "did_query": query_of(change.did),
        "sentence": asked_words(change) if change.is_waiting else done_words(change),
        "state": state,
        "word": word,
        "as_whom": _actor_words(user, change),
        "counts": _counts(change),
        "refused": list(troubled[:SHOWN_ITEMS]),
        "refused_left": max(0, change.refused - SHOWN_ITEMS),
        "events": events,
    }


def _actor_words(user: User, change: CollectionChange) -> str:
    by = change.user.display_name or change.user.handle
    for actor in acting.actors(user):
        if actor.group and actor.account == change.account:
            return _("%(group)s, by %(who)s") % {"group": actor.name, "who": by}
    return _("%(who)s (%(account)s)") % {"who": by, "account": change.account}


def _counts(change: CollectionChange) -> list[tuple[str, object]]:
    there = change.items.filter(state=ItemState.THERE).count()
    done = change.settled - change.refused - there
    rows: list[tuple[str, object]] = [(_("Done"), number(done))]
    if there:
        rows.append((_("Were in it before"), number(there)))
    if change.refused:
        rows.append((_("Not taken"), number(change.refused)))
    return rows


def rows(changes: Iterable[CollectionChange]) -> list[dict[str, Any]]:
    """Return changes as a list shows them."""
    return [
        {
            "change": change,
            "sentence": asked_words(change),
            "state": STATES[change.state][0],
            "word": STATES[change.state][1],
            "as_whom": _("as %(account)s") % {"account": change.account},
        }
        for change in changes
    ]


def query_of(did: Did) -> str:
    """Return a DID as an address holds it."""
    return quote(str(did))


def way(asked: Asked) -> dict[str, Any]:
    """Return the way from a DID's page to what can be done with it."""
    return {"did_query": query_of(asked.did)}


def held(asked: Asked) -> dict[str, Any]:
    """Return what a DID's page says of an embargo, and of its end."""
    told: dict[str, Any] = {"ends_at": asked.info.expires_at}
    try:
        found = embargo.embargo_of(asked.user, asked.did, budget=asked.budget)
    except PortalError as exc:
        return told | {"embargo_unknown": exc.message}
    if found is None:
        return told
    names = embargo.members(asked.user, found)
    return told | {
        "embargo": found,
        "embargo_names": names,
        "embargo_count": len(names),
    }
