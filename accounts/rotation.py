"""The vault's keys: every sealed value is sealed anew, row by row, while the portal works."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import BinaryField, Model

from accounts.models import AudienceToken, PendingLink, StoredToken, TokenGrant
from accounts.sealing import Unreadable, rotated

SEALED: tuple[type[Model], ...] = (TokenGrant, AudienceToken, StoredToken, PendingLink)
#: Of other apps, which this one does not know.
_others: list[type[Model]] = []


def also(model: type[Model]) -> None:
    """Register a model of another app whose binary fields are all sealed."""
    if model not in _others:
        _others.append(model)


def sealed() -> tuple[type[Model], ...]:
    """Return every model that holds sealed values: they are rotated, and never exported."""
    return (*SEALED, *_others)


@dataclass(slots=True)
class Rotation:
    """How many values were sealed anew, were so before, or open with no key."""

    rotated: int = 0
    already: int = 0
    unreadable: int = 0


def rotate() -> Rotation:
    """Seal every value with the newest key; what has it already stays as it is."""
    done = Rotation()
    for model in sealed():
        for key in model._default_manager.order_by("pk").values_list("pk", flat=True).iterator():
            _rotate_row(model, key, done)
    return done


@transaction.atomic
def _rotate_row(model: type[Model], key: object, done: Rotation) -> None:
    row = model._default_manager.select_for_update().filter(pk=key).first()
    if row is None:
        return
    changed = []
    for field in (f.attname for f in model._meta.concrete_fields if isinstance(f, BinaryField)):
        stored = getattr(row, field)
        if not stored:
            continue
        try:
            anew = rotated(stored)
        except Unreadable:
            done.unreadable += 1
            continue
        if anew is None:
            done.already += 1
            continue
        setattr(row, field, anew)
        changed.append(field)
    if changed:
        row.save(update_fields=changed)
        done.rotated += len(changed)
