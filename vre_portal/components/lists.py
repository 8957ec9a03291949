"""Tags for things that come in rows: steps, timelines, facts, breadcrumbs, tabs, pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from vre_portal.components.rendering import render

register = template.Library()


class Step(Protocol):
    """What ``{% steps %}`` reads of each entry (a mapping with these keys serves as well)."""

    name: str
    state: object


@register.inclusion_tag("components/steps.html")
def steps(entries: Iterable[Step | Mapping[str, object]]) -> dict[str, object]:
    """Show steps in their order: done, running, waiting, failed or skipped."""
    return {"steps": list(entries)}


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Iterable[object]) -> dict[str, object]:
    """Show what happened, newest first as given: text, time, actor, detail, tone, url."""
    return {"entries": list(entries)}


@register.inclusion_tag("components/properties.html")
def properties(
    pairs: Mapping[str, object] | Iterable[tuple[str, object]], *, wide: bool = False
) -> dict[str, object]:
    """Show names and values, such as the metadata of a dataset."""
    listed = pairs.items() if isinstance(pairs, Mapping) else pairs
    return {"pairs": list(listed), "wide": wide}


@register.simple_block_tag(takes_context=True)
def definitions(context: Context, content: str) -> SafeString:
    """Hold names and values where a value is more than text, each one ``{% definition %}``."""
    return render(context, "definitions", content=content)


@register.simple_block_tag(takes_context=True)
def definition(context: Context, content: str, *, name: object) -> SafeString:
    """Show one name with a value that may hold links, states or identifiers."""
    return render(context, "definition", content=content, name=name)


@register.simple_block_tag(takes_context=True)
def facts(context: Context, content: str) -> SafeString:
    """Hold the few figures that matter most, each one ``{% fact %}``."""
    return render(context, "facts", content=content)


@register.inclusion_tag("components/fact.html")
def fact(label: object, value: object, note: object = "") -> dict[str, object]:
    """Show one figure with what it counts."""
    return {"label": label, "value": value, "note": note}


@register.simple_block_tag(takes_context=True)
def breadcrumbs(context: Context, content: str) -> SafeString:
    """Hold the way from the top to this page, each step one ``{% crumb %}``."""
    return render(context, "breadcrumbs", content=content)


@register.inclusion_tag("components/crumb.html")
def crumb(text: object, url: str = "", *, mono: bool = False) -> dict[str, object]:
    """Show one step of the way; without an address it is the page itself."""
    return {"text": text, "url": url, "mono": mono}


@register.simple_block_tag(takes_context=True)
def tabs(context: Context, content: str, *, label: object) -> SafeString:
    """Hold links to the parts of one object, each one ``{% tab %}``."""
    return render(context, "tabs", content=content, label=label)


@register.inclusion_tag("components/tab.html")
def tab(
    text: object, url: str, *, current: bool = False, count: int | None = None
) -> dict[str, object]:
    """Show one part as a link, marked when it is the one on the page."""
    return {"text": text, "url": url, "current": current, "count": count}


@register.inclusion_tag("components/pagination.html")
def pagination(
    *,
    next: str | None = "",
    first: str | None = "",
    shown: int | None = None,
    total: int | None = None,
) -> dict[str, object]:
    """Show how much of a list is on the page and lead to its next part."""
    return {"next": next, "first": first, "shown": shown, "total": total}


@register.inclusion_tag("components/log.html")
def log(
    text: object, *, id: str = "log", label: object = "", url: str = "", follow: bool = True
) -> dict[str, object]:
    """Show the text of a log, which follows its end while one reads there."""
    return {"text": text, "id": id, "label": label, "url": url, "follow": follow}
