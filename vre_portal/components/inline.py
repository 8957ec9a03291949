"""Filters and the small tags that stand inside a line of text."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from vre_portal.components import formats, states
from vre_portal.components.rendering import render

register = template.Library()


@register.filter(name="bytes")
def size(value: formats.Figure | None) -> str:
    """Write a number of bytes in binary units."""
    return formats.size(value)


@register.filter
def number(value: formats.Figure | None) -> str:
    """Write a figure with its thousands set apart."""
    return formats.number(value)


@register.filter
def duration(value: timedelta | formats.Figure | None) -> str:
    """Write a span, given as a timedelta or in seconds."""
    return formats.duration(value)


@register.filter
def percent(value: formats.Figure | None, total: formats.Figure | None) -> str:
    """Write a share of a total as a percentage."""
    return formats.percent(value, total)


@register.filter
def initials(name: object) -> str:
    """Return the one or two letters that stand for a person."""
    words = str(name or "?").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def tone(state: object) -> str:
    """Return the tone of a state: ok, run, wait, bad or idle."""
    return states.look(state).tone.value


@register.filter
def word(state: object) -> str:
    """Return the word for a state, without its badge."""
    return str(states.look(state).word)


@register.simple_tag
@lru_cache(maxsize=500)
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of ``static/img/icons.svg``, which says nothing to a screen reader."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        f" icon-{size}" if size else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag(name="state")
def state_badge(state: object, text: object = "", *, tone: str = "") -> SafeString:
    """Show a state as a badge: its colour and always a word."""
    shown = states.look(state)
    return format_html(
        '<span class="state" data-tone="{}">{}</span>', tone or shown.tone, text or shown.word
    )


@register.simple_tag
def when(moment: datetime | None, missing: str = formats.NOTHING) -> SafeString:
    """Show a moment as a relative time with the exact one on hover."""
    if moment is None:
        return format_html("{}", missing)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(timespec="seconds"),
        formats.exact(moment),
        formats.relative(moment, now=timezone.now()),
    )


@register.simple_tag(takes_context=True)
def identifier(
    context: Context, value: object, *, url: str = "", text: object = "", copy: bool = True
) -> SafeString:
    """Show a DID, a path or an id in mono, with a button that copies it."""
    return render(context, "identifier", value=value, url=url, text=text or value, copy=copy)


@register.inclusion_tag("components/button.html")
def button(
    text: object,
    *,
    href: str = "",
    kind: str = "",
    icon: str = "",
    small: bool = False,
    type: str = "submit",
    name: str = "",
    value: object = "",
    form: str = "",
    popover: str = "",
    disabled: bool = False,
    label: object = "",
    external: bool = False,
    formaction: str = "",
) -> dict[str, object]:
    """Show a button, or a link that looks like one when ``href`` is given."""
    return {
        "text": text,
        "href": href,
        "kind": kind,
        "icon": icon,
        "small": small,
        "type": "button" if popover else type,
        "name": name,
        "value": value,
        "form": form,
        "popover": popover,
        "disabled": disabled,
        "label": label,
        "external": external,
        "formaction": formaction,
    }


@register.inclusion_tag("components/progress.html")
def progress(
    value: formats.Figure | None,
    total: formats.Figure | None,
    *,
    label: object = "",
    text: object = "",
    tone: str = "run",
    bare: bool = False,
) -> dict[str, object]:
    """Show how much of a total is done; without a total, that something moves."""
    known = value is not None and bool(total)
    return {
        "value": value,
        "total": total,
        "known": known,
        "label": label,
        "text": text or (formats.percent(value, total) if known else ""),
        "tone": tone,
        "bare": bare,
    }


@register.inclusion_tag("components/skeleton.html")
def skeleton(rows: int = 3) -> dict[str, object]:
    """Hold the place of rows that are on their way."""
    return {"rows": range(rows)}
