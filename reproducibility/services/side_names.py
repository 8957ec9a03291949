"""What two sides are called, so that nobody takes one for the other."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reproducibility.services.side_by_side import Side


def name_of(side: Side) -> str:
    """Return what a side is, in words."""
    if side.run is None:
        return _("recorded, version %(number)s") % {"number": side.version.number}
    return _("run %(number)s") % {"number": side.run.number}


def names_of(left: Side, right: Side) -> tuple[str, str]:
    """Return what two sides are called beside each other: of two analyses, with their titles."""
    names = name_of(left), name_of(right)
    if left.analysis.pk == right.analysis.pk:
        return names
    titles = left.analysis.title, right.analysis.title
    if titles[0] == titles[1]:
        titles = left.analysis.slug, right.analysis.slug
    return f"{titles[0]}, {names[0]}", f"{titles[1]}, {names[1]}"
