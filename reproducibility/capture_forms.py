"""Forms of captures: from where, and what a proposal is to become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reproducibility.capture.values import Author, Data, Role
from reproducibility.models import Capture, CapturedFile, Source
from reproducibility.services.captures import orcid
from reproducibility.services.captures.editing import (
    FEATURE,
    LONGEST_LICENCE,
    LONGEST_SPECIFICATION,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Edits,
)
from reproducibility.services.captures.sources import Choice
from vre_portal.errors import InvalidRequest, PortalError

ORCID = re.compile(r"[\s,;(<]*((?:https?://orcid\.org/)?[\dXx][\dXx-]{13,}[\dXx])[)>\s]*$")
PLAIN = {"autocomplete": "off", "spellcheck": "false"}
MONO = {"spellcheck": "false", "autocapitalize": "off"}
ROLES = (
    (Role.CODE.value, lazy("code")),
    (Role.INPUT.value, lazy("input")),
    (Role.OUTPUT.value, lazy("output")),
    (Role.LEFT_OUT.value, lazy("left out")),
)
#: Rows that a page can hold; the others are changed by the API.
SHOWN_FILES = 200


class SourceForm(forms.Form):
    """What a capture is made from; each kind has its fields."""

    kind: Source

    def parsed(self) -> dict[str, str]:
        """Return the wish; only after `is_valid`."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def refuse(self, error: PortalError) -> None:
        """Show a refusal at its field."""
        field = error.members().get("field")
        self.add_error(field if field in self.fields else None, error.message)


class SessionForm(SourceForm):
    """A session, also one that does not run, and a folder or notebook in it."""

    kind = Source.SESSION
    session = forms.ChoiceField(label=lazy("Session"))
    path = forms.CharField(
        label=lazy("Folder or notebook"), required=False, max_length=2_000,
        help_text=lazy("From your home, such as zpeak or zpeak/fit.ipynb."),
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["session"].choices = _grouped(choices)  # type: ignore[attr-defined]
        self.fields["session"].error_messages["invalid_choice"] = _(
            "This session can't be read now. Choose another one, or launch one."
        )


def _grouped(choices: Sequence[Choice]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what can be chosen, each group under its name."""
    named: dict[str, list[tuple[str, str]]] = {}
    for each in choices:
        if not each.why_not:
            named.setdefault(each.group, []).append((each.key, each.title))
    return list(named.items())


class RepositoryForm(SourceForm):
    """A public Git repository."""

    kind = Source.REPOSITORY
    repository = forms.CharField(
        label=lazy("Git repository"), max_length=400,
        help_text=lazy("Public, as `git clone` takes it, beginning with https://."),
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "url"}),
    )  # fmt: skip
    ref = forms.CharField(
        label=lazy("Branch, tag or commit"), required=False, max_length=200,
        help_text=lazy("Without it the main branch."), widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip


class ArchiveForm(SourceForm):
    """A ZIP, which may be an RO-Crate."""

    kind = Source.ZIP
    file = forms.FileField(
        label=lazy("ZIP archive"), required=False,
        help_text=lazy("With your files, or an RO-Crate."),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It is needed, but may have been taken out of the form before Django saw it.
        self.fields["file"].required = not self.is_bound

    def clean(self) -> None:
        """Say again that it is needed, now that nothing asks for it any more."""
        super().clean()
        self.fields["file"].required = True

    def parsed(self) -> dict[str, str]:
        """Return nothing: what came with the form is kept apart."""
        return {}


class WorkflowForm(SourceForm):
    """A workflow at REANA."""

    kind = Source.WORKFLOW
    workflow = forms.CharField(
        label=lazy("Workflow"), max_length=200,
        help_text=lazy("Its name with the run's number, such as zpeak.3, or its id."),
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip


class DescriptionForm(forms.Form):
    """What stands above an analysis."""

    title = forms.CharField(
        label=lazy("Title"), max_length=LONGEST_TITLE, widget=forms.TextInput(attrs=PLAIN)
    )
    summary = forms.CharField(
        label=lazy("Summary"), required=False, max_length=LONGEST_TEXT,
        help_text=lazy("What it finds out, from which data, in a few sentences."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    licence = forms.CharField(
        label=lazy("Licence"), required=False, max_length=LONGEST_LICENCE,
        help_text=lazy("As an SPDX identifier, such as Apache-2.0."),
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    authors = forms.CharField(
        label=lazy("Authors"), max_length=LONGEST_TEXT,
        help_text=lazy("One a line, with the ORCID iD behind: Ada Lovelace, 0000-0002-1825-0097."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )  # fmt: skip

    def clean_authors(self) -> tuple[Author, ...]:
        """Return the authors of the lines."""
        lines = str(self.cleaned_data["authors"]).splitlines()
        return tuple(_author(number, line) for number, line in enumerate(lines, 1) if line.strip())

    def description(self) -> dict[str, Any]:
        """Return what was entered; only after `is_valid`."""
        return {name: self.cleaned_data[name] for name in DescriptionForm.base_fields}

    @staticmethod
    def entered(described: Any) -> dict[str, str]:
        """Return what the fields begin with, from an analysis or a capture."""
        return {
            "title": described.title,
            "summary": described.summary,
            "licence": described.licence,
            "authors": "\n".join(_line(each) for each in described.authors),
        }


class ProposalForm(DescriptionForm):
    """All of a proposal: the description, the data, reana.yaml, files, tolerances, tests."""

    inputs = forms.CharField(
        label=lazy("Data that it reads"), required=False, max_length=LONGEST_TEXT,
        help_text=lazy("One DID a line, and the folder where the code expects it: cms:zpeak data."),
        widget=forms.Textarea(attrs={"rows": 3, **MONO}),
    )  # fmt: skip
    specification = forms.CharField(
        label="reana.yaml", strip=False, max_length=LONGEST_SPECIFICATION,
        widget=forms.Textarea(attrs={"rows": 24, **MONO, "data-specification": ""}),
    )  # fmt: skip

    def __init__(self, entered: Mapping[str, Any] | None, *, capture: Capture) -> None:
        self.capture = capture
        rows = list(capture.files.defer("content"))
        self.tests = {f"test-{row.pk}": row for row in rows if row.path.endswith(FEATURE)}
        self.rows = {f"{row.pk}": row for row in _first(rows)}
        known = {str(each["did"]): each for each in capture.inputs}
        self._known_files = {did: tuple(each["files"]) for did, each in known.items()}
        initial = {
            **self.entered(capture),
            "specification": capture.specification,
            "inputs": "\n".join(f"{each['did']} {each['folder']}" for each in capture.inputs),
        }
        super().__init__(entered, initial=initial, label_suffix="")
        self._add_fields()

    def _add_fields(self) -> None:
        for name, row in self.tests.items():
            kept = CapturedFile.objects.only("content").get(pk=row.pk).content or b""
            self.fields[name] = forms.CharField(
                label=row.path, strip=False, required=False, max_length=LONGEST_TEXT * 10,
                initial=bytes(kept).decode(errors="replace"),
                widget=forms.Textarea(attrs={"rows": 10, **MONO}),
            )  # fmt: skip
        for key, row in self.rows.items():
            self.fields[f"role-{key}"] = forms.ChoiceField(
                label=_("What %s is") % row.path, choices=ROLES, initial=row.role, required=False
            )
            if row.role == Role.OUTPUT:
                self.fields |= _tolerance_fields(key, self.capture.tolerances.get(row.path, {}))

    def outputs(self) -> Iterator[CapturedFile]:
        """Yield the files with fields for a tolerance."""
        return (row for key, row in self.rows.items() if f"rtol-{key}" in self.fields)

    def clean_inputs(self) -> tuple[Data, ...]:
        """Return the data of the lines; their recorded files stay with them."""
        lines = str(self.cleaned_data["inputs"]).splitlines()
        return tuple(self._data(line.split()) for line in lines if line.strip())

    def _data(self, words: list[str]) -> Data:
        if len(words) > 2:
            text = _("“%s”: write the DID and one folder, with a space between.")
            raise forms.ValidationError(text % " ".join(words)[:80])
        return Data(words[0], "".join(words[1:]), self._known_files.get(words[0], ()))

    def parsed(self) -> Edits:
        """Return what is to be changed; only after `is_valid`."""
        entered = self.cleaned_data
        return Edits(
            **self.description(),
            specification=entered["specification"],
            inputs=entered["inputs"],
            tolerances={**self.capture.tolerances, **self._tolerances()},
            roles={row.path: entered[f"role-{key}"] for key, row in self.rows.items()
                   if f"role-{key}" in self.data},
            tests={row.path: entered[name] for name, row in self.tests.items()
                   if name in self.changed_data},
        )  # fmt: skip

    def _tolerances(self) -> dict[str, dict[str, Any]]:
        """Return the tolerances that the page had fields for."""
        shown = (row for row in self.outputs() if f"rtol-{row.pk}" in self.data)
        return {row.path: self._tolerance(row) for row in shown}

    def _tolerance(self, row: CapturedFile) -> dict[str, Any]:
        entered = self.cleaned_data
        return {
            "rtol": entered[f"rtol-{row.pk}"] or 0.0,
            "atol": entered[f"atol-{row.pk}"] or 0.0,
            "statistical": entered[f"statistical-{row.pk}"],
            "ignore": re.split(r"[\s,]+", str(entered[f"ignore-{row.pk}"]).strip(", "))
            if entered[f"ignore-{row.pk}"].strip(", ")
            else [],
        }

    def refuse(self, error: PortalError) -> None:
        """Show a refusal at its field, or above all of them."""
        field = error.field if isinstance(error, InvalidRequest) else None
        self.add_error(field if field in self.fields else None, error.message)


def _first(rows: list[CapturedFile]) -> list[CapturedFile]:
    """Return the files that a page shows: those that have a role come first."""
    order = {role: number for number, (role, _word) in enumerate(ROLES)}
    return sorted(rows, key=lambda row: (order.get(row.role, 9), row.path))[:SHOWN_FILES]


def _tolerance_fields(key: str, told: Mapping[str, Any]) -> dict[str, forms.Field]:
    number = {"step": "any", "min": "0", "inputmode": "decimal"}
    return {
        f"rtol-{key}": forms.FloatField(
            label=_("Relative"), required=False, min_value=0, initial=told.get("rtol") or None,
            widget=forms.NumberInput(attrs=number),
        ),
        f"atol-{key}": forms.FloatField(
            label=_("Absolute"), required=False, min_value=0, initial=told.get("atol") or None,
            widget=forms.NumberInput(attrs=number),
        ),
        f"statistical-{key}": forms.BooleanField(
            label=_("Made by chance: compare distributions"), required=False,
            initial=bool(told.get("statistical")),
        ),
        f"ignore-{key}": forms.CharField(
            label=_("Leave out keys"), required=False, initial=" ".join(told.get("ignore", ())),
            widget=forms.TextInput(attrs=PLAIN),
        ),
    }  # fmt: skip


def _author(number: int, line: str) -> Author:
    """Return the author of a line: a name, and an ORCID iD at its end or none."""
    found = ORCID.search(line)
    name = (line[: found.start()] if found else line).strip(" ,;")
    try:
        key = orcid.checked(found.group(1)) if found else ""
    except ValueError as exc:
        raise forms.ValidationError(_("Line %(n)s: %(why)s") % {"n": number, "why": exc}) from exc
    if not name:
        raise forms.ValidationError(_("Line %s: give a name before the ORCID iD.") % number)
    return Author(name, key)


def _line(author: Mapping[str, str]) -> str:
    return ", ".join(part for part in (author["name"], author.get("orcid", "")) if part)
