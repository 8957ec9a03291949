"""What people enter for an environment of their own."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sessions.recipes import LONGEST_TEXT
from sessions.services.builds.making import LONGEST_DESCRIPTION, LONGEST_TITLE
from sessions.services.repository_links import MAX_REF, MAX_URL

FORMS = (("requirements.txt", "requirements.txt"), ("environment.yml", "environment.yml"))


@dataclass(frozen=True, slots=True)
class BuildWish:
    """What is to be made."""

    title: str
    description: str
    repository: str
    ref: str
    file_name: str
    text: str


class BuildForm(forms.Form):
    """A title, and where the list of packages comes from: a repository, a file, or typed in."""

    title = forms.CharField(
        label=lazy("Title"), max_length=LONGEST_TITLE,
        help_text=lazy("How you and your group find it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    description = forms.CharField(
        label=lazy("What it is for"), required=False, max_length=LONGEST_DESCRIPTION,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    repository = forms.CharField(
        label=lazy("Git repository"), required=False, max_length=MAX_URL,
        help_text=lazy("Public, beginning with https://. Its requirements.txt or environment.yml "
                       "counts, at the top or in binder/."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false",
                                      "inputmode": "url"}),
    )  # fmt: skip
    ref = forms.CharField(
        label=lazy("Branch, tag or commit"), required=False, max_length=MAX_REF,
        help_text=lazy("Without it the repository's main branch."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    file = forms.FileField(
        label=lazy("Or a file"), required=False,
        help_text=lazy("A requirements.txt or an environment.yml."),
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.yml,.yaml"}),
    )  # fmt: skip
    text = forms.CharField(
        label=lazy("Or a list of packages"), required=False, strip=False, max_length=LONGEST_TEXT,
        help_text=lazy("One a line, such as astropy or numpy==2.3. They come from the package "
                       "index, ready-made for this Python."),
        widget=forms.Textarea(attrs={"rows": 9, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip
    file_name = forms.ChoiceField(
        label=lazy("It is written as"), choices=FORMS, required=False, initial=FORMS[0][0]
    )

    def clean_file(self) -> tuple[str, str] | None:
        """Return the uploaded file's name and text."""
        uploaded: UploadedFile | None = self.cleaned_data["file"]
        if uploaded is None:
            return None
        if (uploaded.size or 0) > LONGEST_TEXT:
            raise forms.ValidationError(_("The file may have at most 64 KiB."))
        try:
            return str(uploaded.name), uploaded.read().decode()
        except UnicodeDecodeError as exc:
            raise forms.ValidationError(_("This is not a text file.")) from exc

    def clean(self) -> None:
        """Hold that the packages come from one place."""
        super().clean()
        sources = ("repository", "file", "text")
        given = [name for name in sources if _there(self.cleaned_data.get(name))]
        if len(given) != 1 and not any(name in self.errors for name in sources):
            message = (
                _("Give a repository, a file, or a list of packages; one of them.")
                if given
                else _("Give a repository, a file, or a list of packages.")
            )
            self.add_error(given[1] if given else "repository", message)

    def parsed(self) -> BuildWish:
        """Return what was asked for; only after `is_valid`."""
        entered = self.cleaned_data
        name, text = entered["file"] or (entered["file_name"] or FORMS[0][0], entered["text"])
        return BuildWish(
            title=entered["title"], description=entered["description"],
            repository=entered["repository"], ref=entered["ref"],
            file_name=name if text.strip() else "", text=text,
        )  # fmt: skip


class ChangeForm(forms.Form):
    """What an environment is called, and what it is for."""

    title = BuildForm.base_fields["title"]
    description = BuildForm.base_fields["description"]


class ShareForm(forms.Form):
    """The groups whose members may launch an environment."""

    groups = forms.MultipleChoiceField(
        label=lazy("Groups"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, entered: object = None, *, groups: list[str], shared: list[str]) -> None:
        super().__init__(entered, initial={"groups": shared})  # type: ignore[arg-type]
        names = sorted({*groups, *shared})
        self.fields["groups"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


def _there(entered: object) -> bool:
    return bool(entered.strip()) if isinstance(entered, str) else entered is not None
