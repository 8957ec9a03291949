"""The form that registers the table of a campaign in Rucio: dataset, scope, lifetime, storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from reproducibility.registering_forms import DatasetForm


class CampaignDatasetForm(DatasetForm):
    """Under which name the table is registered, and where it is stored."""

    storage = forms.ChoiceField(label=lazy("Storage"), required=False)

    def __init__(self, *args: Any, storages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].help_text = lazy("The files get their names below this one.")
        automatic = ("", lazy("the first disk with room"))
        self.offer("storage", [automatic, *((name, name) for name in storages)])
