"""How figures, sizes, spans and moments are written for people; no template, no request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from django.utils.translation import gettext, ngettext

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
NOTHING = "\N{EN DASH}"
MINUTE, HOUR, DAY = 60, 3600, 86400
#: What is ahead is counted down: "in 119 minutes", where "in 1 hour" would lose half of it.
AHEAD = 3

Figure: TypeAlias = int | float | Decimal


def size(value: Figure | None) -> str:
    """Return a number of bytes in binary units, with three digits at most: ``2.4 GiB``."""
    if value is None:
        return NOTHING
    amount = float(value)
    step = 0
    while abs(amount) >= 1023.5 and step < len(UNITS) - 1:
        amount /= 1024
        step += 1
    return f"{_short(amount, whole=step == 0)} {UNITS[step]}"


def number(value: Figure | None) -> str:
    """Return a figure with its thousands set apart: ``1,213,641``."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(value: Figure | None, total: Figure | None) -> str:
    """Return a share as a whole percentage, which says 100 only when nothing is missing."""
    if value is None or not total:
        return NOTHING
    share = 100 * float(value) / float(total)
    return f"{99 if 99 <= share < 100 else round(share)} %"


def duration(value: timedelta | Figure | None) -> str:
    """Return a span in its two largest units: ``1 min 12 s``."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if 0 < seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    left = round(max(seconds, 0))
    parts = []
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1)):
        count, left = divmod(left, length)
        parts.append((count, unit))
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def relative(moment: datetime, *, now: datetime) -> str:
    """Return how long ago or how far ahead a moment is, and its date beyond a month."""
    away = (moment - now).total_seconds()
    span = abs(away)
    if span < 10:
        return gettext("just now")
    if span >= 30 * DAY:
        return date(moment)
    if away > 0:
        return gettext("in %s") % _span(round(span), least=AHEAD)
    return gettext("%s ago") % _span(int(span))


def date(moment: datetime) -> str:
    """Return a date that no reader can take for another one: ``22 Nov 2026``."""
    return f"{moment.day} {moment:%b %Y}"


def exact(moment: datetime) -> str:
    """Return a moment to the second in UTC, for the hover text beside a relative one."""
    there = moment.astimezone(UTC)
    return f"{date(there)}, {there:%H:%M:%S} UTC"


def _span(seconds: int, *, least: int = 1) -> str:
    """Return a span in the largest unit that it has `least` times, rounded where that is many."""
    unit = next((unit for unit in (DAY, HOUR, MINUTE) if seconds >= least * unit), 1)
    count = seconds // unit if least == 1 else round(seconds / unit)
    if unit == DAY:
        return ngettext("%d day", "%d days", count) % count
    if unit == HOUR:
        return ngettext("%d hour", "%d hours", count) % count
    if unit == MINUTE:
        return ngettext("%d minute", "%d minutes", count) % count
    return ngettext("%d second", "%d seconds", count) % count


def _short(amount: float, *, whole: bool) -> str:
    if whole or abs(amount) >= 99.95:
        return f"{amount:.0f}"
    return f"{amount:.1f}".removesuffix(".0")
