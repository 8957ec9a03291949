"""The page that shows any two runs side by side, and has their contents compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import side_outcomes
from reproducibility.models import Run
from reproducibility.services import side_by_side, side_contents
from reproducibility.services.side_by_side import Side
from reproducibility.services.side_names import name_of, names_of
from reproducibility.side_rows import outputs_of, sections_of
from vre_portal.errors import Conflict

DIFFERENCES = "differences"
OUTPUTS = "outputs"


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
    if right is not None and request.GET.get("fragment") == OUTPUTS:
        return _outputs(request, left, right, only=only)
    context: dict[str, Any] = {
        "left": left,
        "right": right,
        "left_title": name_of(left),
        "choices": choices_of(request, left, right),
        "only": only,
    }
    if right is not None:
        context |= _both(request, left, right, only=only)
    return render(request, "reproducibility/compare.html", context)


def _both(request: SignedInRequest, left: Side, right: Side, *, only: bool) -> dict[str, Any]:
    contents = side_contents.look(request.user, left, right)
    sections = sections_of(left, right, contents.levels)
    titles = names_of(left, right)
    return {
        "left_title": titles[0],
        "right_title": titles[1],
        "contents": side_outcomes.shown(contents),
        "sections": [each for each in sections if each.differs or not only],
        "differing": [each.title for each in sections if each.differs],
        "links": _links(left, right, only=only),
    }


def _outputs(request: SignedInRequest, left: Side, right: Side, *, only: bool) -> HttpResponse:
    """Show the part of the page that changes while contents are compared."""
    contents = side_contents.look(request.user, left, right)
    titles = names_of(left, right)
    context = {
        "left": left,
        "right": right,
        "left_title": titles[0],
        "right_title": titles[1],
        "section": outputs_of(left, right, contents.levels),
        "contents": side_outcomes.shown(contents),
        "only": only,
    }
    return render(request, "reproducibility/_compare_outputs.html", context)


@require_POST
@signed_in
def compare_contents(request: SignedInRequest) -> HttpResponseBase:
    """Have the contents of two sides compared, and go back to the page that shows them."""
    left, right = (
        side_by_side.find_side(request.user, request.POST.get(name, "")) for name in ("a", "b")
    )
    try:
        side_contents.ask(request.user, left, right)
    except Conflict as exc:
        messages.warning(request, exc.message)
    only = request.POST.get("only") == DIFFERENCES
    return redirect(_links(left, right, only=False)["only" if only else "all"])


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
        made.append((chosen, f"{right.analysis.title}, {name_of(right)}"))
    return [Choice(key, words, key == chosen) for key, words in made]


def _run_words(run: Run) -> str:
    values = {"number": run.number, "date": run.created_at.strftime("%Y-%m-%d %H:%M")}
    return _("run %(number)s of %(date)s") % values


def _links(left: Side, right: Side, *, only: bool) -> dict[str, str]:
    """Return the same page with all rows, with differences only, exchanged, and its live part."""
    here = reverse("reproducibility:compare")
    sides = {"a": left.key, "b": right.key}
    kept = {"only": DIFFERENCES} if only else {}
    exchanged = {"a": right.key, "b": left.key} | kept
    return {
        "all": f"{here}?{urlencode(sides)}",
        "only": f"{here}?{urlencode({**sides, 'only': DIFFERENCES})}",
        "exchanged": f"{here}?{urlencode(exchanged)}",
        "fragment": f"{here}?{urlencode(sides | kept | {'fragment': OUTPUTS})}",
    }


urlpatterns = [
    path("runs/compare", compare, name="compare"),
    path("runs/compare/contents", compare_contents, name="compare-contents"),
]
