"""``{% load portal %}``: every filter and component tag, gathered from ``components``."""

from __future__ import annotations

from django import template

from vre_portal.components import blocks, forms, inline, lists

register = template.Library()

for part in (inline, blocks, lists, forms):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
