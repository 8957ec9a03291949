"""Forms of the account pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.audit import Question
from accounts.models import Result, TokenScope
from vre_portal.config import get_config

SCOPES = [
    (TokenScope.READ.value, _("Read everything that I can see")),
    (TokenScope.DATA.value, _("Data: make and cancel requests")),
    (TokenScope.SESSIONS.value, _("Sessions: launch and stop")),
    (TokenScope.WORKFLOWS.value, _("Workflows: start and stop runs")),
]
ADMIN = (TokenScope.ADMIN.value, _("Admin: what operators may do"))
LIVES = (7, 30, 90, 365)


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class TokenForm(forms.Form):
    """A token to be made."""

    name = forms.CharField(
        label=_("What it is for"), max_length=100, help_text=_("Such as: laptop, nightly script")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple, initial=["read"]
    )
    days = forms.ChoiceField(label=_("Ends after"), initial="30")

    def __init__(self, *args: Any, operator: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [*SCOPES, *([ADMIN] if operator else [])]
        days: Any = self.fields["days"]
        most = get_config().token_max_days
        lives = [life for life in LIVES if life <= most] or [most]
        days.choices = [(str(life), _("%(days)s days") % {"days": life}) for life in lives]


class AuditForm(forms.Form):
    """What to look for in the audit log; times are the site's."""

    person = forms.CharField(label=_("Handle"), required=False, max_length=40)
    action = forms.CharField(
        label=_("Action"), required=False, max_length=60, help_text=_("sign-in, token, account …")
    )
    result = forms.ChoiceField(
        label=_("Result"), required=False, choices=[("", _("any")), *Result.choices]
    )
    subject = forms.CharField(label=_("Subject"), required=False, max_length=400)
    address = forms.GenericIPAddressField(label=_("Address"), required=False)
    since = forms.DateTimeField(label=_("From"), required=False, widget=_moment())
    until = forms.DateTimeField(label=_("To"), required=False, widget=_moment())
    about = forms.CharField(label=_("Object"), required=False, max_length=200)
    request = forms.CharField(label=_("Request"), required=False, max_length=20)

    def question(self) -> Question:
        """Return what the form asks."""
        told = {name: value for name, value in self.cleaned_data.items() if value}
        return Question(**told)
