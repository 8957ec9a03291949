"""Tags that hold other markup: cards, rows, banners, dialogs, tables."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from vre_portal.components import states
from vre_portal.components.rendering import render

register = template.Library()


@register.simple_block_tag(takes_context=True)
def card(
    context: Context,
    content: str,
    *,
    title: object = "",
    note: object = "",
    link: str = "",
    link_text: object = "",
    flush: bool = False,
    id: str = "",
    state: object = "",
) -> SafeString:
    """Show a surface with a head; ``flush`` leaves out the padding (rows, tables)."""
    values = {"title": title, "note": note, "link": link, "link_text": link_text}
    return render(context, "card", content=content, flush=flush, id=id, state=state, **values)


@register.simple_block_tag(takes_context=True)
def row(
    context: Context,
    content: str,
    *,
    title: object = "",
    text: object = "",
    url: str = "",
    mono: bool = False,
    icon: str = "",
    image: str = "",
    lead: object = "",
    tail: object = "",
) -> SafeString:
    """Show a row: a title, one line of what matters, and the block's content at the right."""
    values = {"title": title, "text": text, "url": url, "mono": mono, "icon": icon, "image": image}
    return render(context, "row", content=content, lead=lead, tail=tail, **values)


@register.simple_block_tag(takes_context=True)
def empty(
    context: Context, content: str, *, title: object, text: object = "", icon: str = "inbox"
) -> SafeString:
    """Say that there is nothing yet and, in the content, what to do about it."""
    return render(context, "empty", content=content, title=title, text=text, icon=icon)


@register.simple_block_tag(takes_context=True)
def problem(
    context: Context,
    content: str,
    *,
    title: object,
    message: object = "",
    advice: object = "",
    reference: object = "",
) -> SafeString:
    """Say what happened, what to do, and the reference for the operator."""
    values = {"title": title, "message": message, "advice": advice, "reference": reference}
    return render(context, "problem", content=content, **values)


@register.simple_block_tag(takes_context=True)
def alert(context: Context, content: str, *, tone: str = "info", title: object = "") -> SafeString:
    """Show a banner inside a page: info, ok, wait or bad."""
    return render(context, "alert", content=content, tone=tone, title=title)


@register.simple_block_tag(takes_context=True)
def dialog(
    context: Context, content: str, *, id: str, title: object, wide: bool = False
) -> SafeString:
    """Hold a dialog that ``{% button popover=id %}`` opens without a script."""
    return render(context, "dialog", content=content, id=id, title=title, wide=wide)


@register.simple_block_tag(takes_context=True)
def table(
    context: Context,
    content: str,
    *,
    caption: object,
    stacked: bool = False,
    show_caption: bool = False,
) -> SafeString:
    """Wrap head and body of a table, which scrolls (or stacks) where it does not fit."""
    values = {"caption": caption, "stacked": stacked, "show_caption": show_caption}
    return render(context, "table", content=content, **values)


@register.simple_block_tag(takes_context=True)
def estimate(context: Context, content: str) -> SafeString:
    """Set apart the sentence that says what an action will cost."""
    return render(context, "estimate", content=content)


@register.simple_block_tag(takes_context=True)
def verdict(
    context: Context, content: str, *, level: object, text: object = "", title: object = ""
) -> SafeString:
    """Show the outcome of a reproduction with its seal; actions are the content."""
    shown = states.look(level)
    heading = title or str(shown.word)
    seal = SEALS.get(str(getattr(level, "value", level)), "?")
    values = {"title": heading, "text": text, "tone": shown.tone.value, "seal": seal}
    return render(context, "verdict", content=content, **values)


SEALS = {
    "variation": "Δ",
    "bit-identical": "≡",
    "content-identical": "=",
    "numerically-equal": "≈",
    "statistically-compatible": "~",
    "different": "≠",
    "missing": "∅",
}
