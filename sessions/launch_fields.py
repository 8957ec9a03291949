"""The fields of the launch form that say what waits in the session: repository, data, origin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sessions.services.origins import Origin, resolve
from sessions.services.repository_links import RepositoryLink, checked_repository
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, PortalError

PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class ContentFields(forms.Form):
    """What is fetched and brought for a session, and what the session comes from."""

    user: User
    repository = forms.CharField(
        label=_("Git repository"), required=False,
        help_text=_("Fetched into your folder when the session is ready."),
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "url"}),
    )  # fmt: skip
    ref = forms.CharField(
        label=_("Branch, tag or commit"), required=False,
        help_text=_("Without one, what the repository shows first."),
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    path = forms.CharField(
        label=_("File to open"), required=False,
        help_text=_("As notebooks/first.ipynb."), widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    bring = forms.BooleanField(required=False)
    origin = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any] | None:
        """Check the repository as a whole."""
        cleaned = super().clean() or self.cleaned_data
        given = [cleaned.get(name, "") for name in ("repository", "ref", "path")]
        try:
            cleaned["link"] = checked_repository(*given)
        except InvalidRequest as exc:
            self.add_error(exc.field or "repository", exc.message)
        return cleaned

    def value_of(self, name: str) -> str:
        """Return a field as it was entered or came with the link."""
        return str(self[name].value() or "")

    @property
    def repository_link(self) -> RepositoryLink | None:
        """The repository that was entered or came with the link, when it can be used."""
        given = (self.value_of("repository"), self.value_of("ref"), self.value_of("path"))
        try:
            return checked_repository(*given)
        except PortalError:
            return None

    @property
    def brings(self) -> bool:
        """Whether the data is to be brought: off only by `bring=0`, or without the tick."""
        if self.is_bound:
            return bool(self["bring"].value())
        return self.initial.get("bring", "1") not in {"0", "false", "no"}

    def came_from(self) -> Origin | None:
        """Return what the session comes from; None when that can't be seen by this user."""
        key = self.value_of("origin")
        try:
            return resolve(self.user, key) if key else None
        except PortalError:
            return None

    def content_link(self, *, with_data: bool) -> Iterator[tuple[str, str]]:
        """Yield the part of the form's address that says what waits in the session."""
        for name in ("repository", "ref", "path", "origin"):
            if value := self.value_of(name):
                yield name, value
        if with_data and get_config().session_storage and not self.brings:
            yield "bring", "0"


def shared_by(link: QueryDict, user: User) -> dict[str, str]:
    """Return what an address says of the form; where it is silent, what its origin needs."""
    shared = {name: str(value) for name, value in link.items()}
    shared |= {"dataset": " ".join(link.getlist("dataset"))}
    try:
        origin = resolve(user, shared["origin"]) if shared.get("origin") else None
    except PortalError:
        return shared
    if origin is None:
        return shared
    needed = {"environment": origin.environment, "dataset": " ".join(origin.datasets)}
    if origin.repository:
        given = origin.repository
        needed |= {"repository": given.url, "ref": given.ref, "path": given.path}
    return shared | {key: value for key, value in needed.items() if value and key not in link}
