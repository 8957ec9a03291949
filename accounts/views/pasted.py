"""The part of the checklist where tokens are pasted: its form, and what is shown of a kept one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import stored_tokens
from accounts.models import User
from vre_portal.health import NAMES


class PastedForm(forms.Form):
    """A token as it was pasted; what was typed never comes back to the page."""

    token = forms.CharField(
        label=_("Access token"),
        max_length=stored_tokens.LONGEST,
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
    )


@dataclass(frozen=True, slots=True)
class ShownPasted:
    """A service where one pastes a token; `account` and `kept_at` are of the one that is kept."""

    service: str
    name: str
    form: PastedForm
    account: str
    kept_at: datetime | None


def shown(user: User, sent: tuple[str, PastedForm] | None) -> list[ShownPasted]:
    """Return every such service; with the form that was sent for one of them."""
    kept = stored_tokens.of(user)
    found = []
    for service in stored_tokens.services():
        row = kept.get(service)
        form = sent[1] if sent and sent[0] == service else PastedForm(auto_id=f"{service}_%s")
        account, kept_at = (row.account, row.kept_at) if row else ("", None)
        found.append(ShownPasted(service, NAMES[service], form, account, kept_at))
    return found
