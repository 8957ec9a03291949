"""The page that shows any two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.decorators import SignedInRequest, signed_in
from reproducibility.models import Run
from reproducibility.services import side_by_side
from reproducibility.services.side_by_side import Side
from reproducibility.side_rows import sections_of

DIFFERENCES = "differences"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that may stand at the other side."""

    key: str
    title: str
    chosen: bool


@require_GET
@signed_in
def compare(request: SignedInRequest) -> HttpResponseBase:
    """Show two sides as the address says; with one side only, what may stand beside it."""
    wanted = request.GET.get("b", "")
    left = side_by_side.find_side(request.user, request.GET.get("a", ""))
    right = side_by_side.find_side(request.user, wanted) if wanted else None
    only = request.GET.get("only") == DIFFERENCES
    sections = sections_of(left, right) if right else []
    context = {
        "left": left,
        "right": right,
        "left_title": title_of(left),
        "right_title": title_of(right) if right else "",
        "choices": choices_of(request, left, right),
        "sections": [each for each in sections if each.differs or not only],
        "differing": sum(each.differs for each in sections),
        "only": only,
        "links": _links(left, right, only=only) if right else {},
    }
    return render(request, "reproducibility/compare.html", context)


def title_of(side: Side) -> str:
    """Return what a side is, in words."""
    if side.run is None:
        return _("recorded, version %(number)s") % {"number": side.version.number}
    return _("run %(number)s") % {"number": side.run.number}


def choices_of(request: SignedInRequest, left: Side, right: Side | None) -> list[Choice]:
    """Return what the page offers for the other side: recorded versions, then one's last runs."""
    chosen = str(right.key) if right else ""
    versions = side_by_side.versions_of(request.user, left)
    runs = side_by_side.offered(request.user, left)
    made = [
        *((str(row.pk), _("recorded, version %(number)s") % {"number": row.number})
          for row in versions),
        *((str(row.pk), _run_words(row)) for row in runs),
    ]  # fmt: skip
    if right is not None and chosen not in dict(made):
        made.append((chosen, f"{right.analysis.title}, {title_of(right)}"))
    return [Choice(key, words, key == chosen) for key, words in made]


def _run_words(run: Run) -> str:
    values = {"number": run.number, "date": run.created_at.strftime("%Y-%m-%d %H:%M")}
    return _("run %(number)s of %(date)s") % values


def _links(left: Side, right: Side, *, only: bool) -> dict[str, str]:
    """Return the same page with all rows, with differences only, and with the sides exchanged."""
    here = reverse("reproducibility:compare")
    sides = {"a": left.key, "b": right.key}
    exchanged = {"a": right.key, "b": left.key} | ({"only": DIFFERENCES} if only else {})
    return {
        "all": f"{here}?{urlencode(sides)}",
        "only": f"{here}?{urlencode({**sides, 'only': DIFFERENCES})}",
        "exchanged": f"{here}?{urlencode(exchanged)}",
    }
