"""What a plot of a campaign is drawn from: the numbers of some columns, a point each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import sha256

from django.core.cache import cache
from django.db.models import F, Func, JSONField, TextField, Value
from django.utils.translation import get_language

from reproducibility.models import Campaign
from reproducibility.plots.drawing import draw
from reproducibility.plots.shapes import MOST_DOTS
from reproducibility.plots.values import Choice, Plot, Sample

#: Seconds for which the plot of many points is kept: an open page asks again with every change.
KEPT = 10
#: What each point has beside its parameters and results.
NUMBER, SECONDS = "point", "seconds"


def columns_of(campaign: Campaign) -> list[str]:
    """Return the columns that may be plotted: parameters, results, and what each point has."""
    named = [*campaign.columns, *(each["name"] for each in campaign.results)]
    return [*named, *(own for own in (SECONDS, NUMBER) if own not in named)]


def plotted(campaign: Campaign, choice: Choice) -> Plot:
    """Return the drawing of a choice of columns, that of many points for some seconds the same."""
    if campaign.total <= MOST_DOTS:
        return draw(choice, samples_of(campaign, choice))
    chosen = sha256(repr(choice).encode()).hexdigest()
    key = f"campaign-plot:{campaign.pk}:{get_language()}:{chosen}"
    kept: Plot | None = cache.get(key)
    if kept is None:
        kept = draw(choice, samples_of(campaign, choice))
        cache.set(key, kept, KEPT)
    return kept


def samples_of(campaign: Campaign, choice: Choice) -> Iterator[Sample]:
    """Yield the numbers of the chosen columns, a point each, in the order of the table."""
    names = [choice.x, choice.y, *([choice.z] if choice.z else ())]
    columns = [_column(campaign, name) for name in names]
    rows = campaign.points.order_by("number").values_list("number", *columns)
    for at, *values in rows.iterator(chunk_size=5000):
        yield Sample(at, *map(number_of, values))


def number_of(value: object) -> float | None:
    """Return a value as a finite float; None for texts, truth values and what is not there."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _column(campaign: Campaign, name: str) -> Func | F:
    """Return a column of the table by its name, which is no part of the statement."""
    if name in campaign.columns:
        return _within("values", name)
    if any(each["name"] == name for each in campaign.results):
        return _within("results", name, "value")
    return F("number" if name == NUMBER else "seconds")


def _within(field: str, *keys: str) -> Func:
    # A key transform would take a name of digits for the index of a list.
    texts = (Value(key, output_field=TextField()) for key in keys)
    return Func(F(field), *texts, function="jsonb_extract_path", output_field=JSONField())
