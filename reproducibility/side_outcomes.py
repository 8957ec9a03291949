"""What came of comparing the contents of two sides, as a page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.previews.values import DASH
from reproducibility.models import ComparisonState
from reproducibility.services.side_contents import MOST_OUTPUTS, Contents
from reproducibility.services.side_names import names_of
from reproducibility.verdict_pages import JudgedOutput, judged

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A place where two contents differ: where, what either has, and how far apart they are."""

    where: str
    first: str
    second: str
    absolute: str
    relative: str


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """What is known of two outputs; `problem` says why there is nothing."""

    path: str
    judged: JudgedOutput | None = None
    sentence: str = ""
    places: tuple[Place, ...] = ()
    more: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ShownContents:
    """The contents of two sides in words; the first is what the second is measured by."""

    contents: Contents
    first_title: str
    second_title: str
    outcomes: tuple[ShownOutcome, ...]
    offer: str
    left_out: str

    @property
    def running(self) -> bool:
        """Whether a worker has it."""
        return self.contents.state == ComparisonState.RUNNING

    @property
    def failure(self) -> str:
        """Why it could not go on; empty where it could."""
        job = self.contents.job
        return job.message if job and job.state == ComparisonState.FAILED else ""


def shown(contents: Contents) -> ShownContents:
    """Return what is known of two sides in words."""
    titles = names_of(contents.first, contents.second)
    known = [
        *(_outcome(path, told, titles) for path, told in contents.outcomes.items()),
        *(ShownOutcome(path, problem=words) for path, words in contents.problems.items()),
    ]
    return ShownContents(
        contents=contents,
        first_title=titles[0],
        second_title=titles[1],
        outcomes=tuple(sorted(known, key=lambda each: each.path)),
        offer=_offer(contents),
        left_out=_left_out(contents),
    )


def sentence_of(told: Told, titles: tuple[str, str]) -> str:
    """Return how two outputs compare as a sentence that names the sides as the page does."""
    words = str(told.get("detail") or "")
    for role, title in zip(("recorded", "found"), titles, strict=True):
        words = words.replace(f"The {role} file", capfirst(_("the file of %s") % title))
    return words


def _outcome(path: str, told: Told, titles: tuple[str, str]) -> ShownOutcome:
    comparison: Told = told.get("comparison") or {}
    places = tuple(_places(comparison))
    more = max(0, int(comparison.get("differing") or 0) - len(places))
    return ShownOutcome(path, judged(told), sentence_of(told, titles), places, more)


def _places(comparison: Told) -> Iterator[Place]:
    for each in comparison.get("differences") or ():
        yield Place(
            where=str(each.get("where") or ""),
            first=_side(each, "recorded", gone=each.get("kind") == "new"),
            second=_side(each, "found", gone=each.get("kind") == "absent"),
            absolute=_number(each.get("absolute")),
            relative=_number(each.get("relative")),
        )


def _side(told: Told, name: str, *, gone: bool) -> str:
    return _("not there") if gone else str(told.get(name) or DASH)


def _number(told: object) -> str:
    return f"{told:.3g}" if isinstance(told, int | float) else DASH


def _offer(contents: Contents) -> str:
    """Return what the button says; empty where there is none."""
    if not contents.can_start:
        return ""
    tried = all(pair.path in contents.problems for pair in contents.pending)
    return _("Try again") if tried else _("Compare the contents")


def _left_out(contents: Contents) -> str:
    if not contents.left_out:
        return ""
    words = ngettext(
        "%(n)s output more differs: the contents of the first %(most)s are compared.",
        "%(n)s outputs more differ: the contents of the first %(most)s are compared.",
        contents.left_out,
    )
    return words % {"n": contents.left_out, "most": MOST_OUTPUTS}
