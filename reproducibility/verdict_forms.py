"""The form with which an owner lets an analysis be verified by itself."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from reproducibility.services.verifying import LEAST_DAYS, MOST_DAYS


class ScheduleForm(forms.Form):
    """Every how many days; empty means never."""

    every_days = forms.IntegerField(
        label=_("Verify every … days"),
        help_text=_("Runs it again with your sign-in. Empty: never."),
        required=False,
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
    )

    def parsed(self) -> int | None:
        """Return the days, None for never; only after `is_valid`."""
        days: int | None = self.cleaned_data["every_days"]
        return days
