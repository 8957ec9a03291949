"""An environment of somebody's own in words, as its pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from sessions.models import Build, BuildState
from sessions.services.builds.reading import PENDING
from vre_portal.components import formats, inline


@dataclass(frozen=True, slots=True)
class BuildShown:
    """One of them with what a page says of it."""

    build: Build
    mine: bool

    @property
    def pending(self) -> bool:
        """Whether it is still being made."""
        return self.build.state in PENDING

    @property
    def building(self) -> bool:
        """Whether the work goes on."""
        return self.build.state == BuildState.BUILDING

    @property
    def ready(self) -> bool:
        """Whether it can be launched."""
        return self.build.state == BuildState.READY

    @property
    def can_retry(self) -> bool:
        """Whether its owner may have it made again."""
        return self.mine and self.build.state in {BuildState.FAILED, BuildState.CANCELLED}

    @property
    def sentence(self) -> str:
        """How it stands; why nothing came of it is told apart."""
        if self.build.state == BuildState.FAILED:
            return _("It was not made.")
        return self.build.message

    @property
    def line(self) -> str:
        """The one line that matters in a list."""
        whose = "" if self.mine else _("by %s") % self.build.owner.display_name
        told = self.contents if self.ready else self.build.message
        return ", ".join(part for part in (whose, told) if part)

    @property
    def contents(self) -> str:
        """How much is in it."""
        count = len(self.build.packages)
        words = ngettext("%(n)s package", "%(n)s packages", count) % {"n": count}
        size = self.build.size_bytes
        return f"{words}, {formats.size(size)}" if size else words

    @property
    def took(self) -> str:
        """How long the work took, or takes until now."""
        begun = self.build.started_at
        if begun is None:
            return ""
        return formats.duration((self.build.finished_at or timezone.now()) - begun)

    @property
    def launch_url(self) -> str:
        """The query of the launch form with this environment chosen."""
        return f"?environment={self.build.slug}"

    @property
    def from_url(self) -> str:
        """The query of the form that makes another one of this one."""
        return f"?from={self.build.pk}"

    @property
    def facts(self) -> dict[str, object]:
        """What it was made from, in words."""
        build = self.build
        facts: dict[str, object] = {}
        if not self.mine:
            facts[_("Made by")] = build.owner.display_name
        if build.repository:
            facts[_("Repository")] = _copied(build.repository)
            facts[_("Branch, tag or commit")] = build.ref or _("the main branch")
        if build.commit:
            facts[_("Commit")] = _copied(build.commit, build.commit[:12])
        if build.file_name:
            facts[_("List of packages")] = build.file_name
        if build.groups:
            facts[_("Shared with")] = ", ".join(build.groups)
        facts[_("Asked for")] = inline.when(build.created_at)
        if build.finished_at and self.took:
            facts[_("Making took")] = self.took
        if build.size_bytes:
            facts[_("Size")] = formats.size(build.size_bytes)
        return facts

    @property
    def packages(self) -> list[Mapping[str, str]]:
        """The packages that were added to the site's base."""
        found: list[Mapping[str, str]] = self.build.packages
        return found


def shown(build: Build, user: User) -> BuildShown:
    """Return one as this person sees it."""
    return BuildShown(build, mine=build.owner_id == user.pk)


def _copied(value: str, text: str = "") -> SafeString:
    values = {"value": value, "text": text or value, "copy": True}
    return render_to_string("components/identifier.html", values)
