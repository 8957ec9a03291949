"""``{% load verdicts %}``: how an analysis stands, and its badge as text for a README."""

from __future__ import annotations

import html
from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from reproducibility.models import Analysis
from reproducibility.services import verdicts_history
from reproducibility.services.landing.addresses import page_for_readers
from reproducibility.services.verdicts_history import Standing
from vre_portal.config import get_config

register = template.Library()


@dataclass(frozen=True, slots=True)
class Snippet:
    """The badge in one markup language."""

    name: str
    text: str


@register.simple_tag
def standing_of(analysis: Analysis) -> Standing:
    """Return how an analysis stands: one query, so that it is for one analysis only."""
    return verdicts_history.standing(analysis)


@register.simple_tag
def badge_snippets(analysis: Analysis) -> list[Snippet]:
    """Return the badge with its link as Markdown and as HTML."""
    site = get_config().public_url
    page = page_for_readers(analysis)
    picture = site + reverse("api:analysis-badge", args=[analysis.slug])
    words = _("Reproduced?")
    tag = f'<img src="{html.escape(picture)}" alt="{html.escape(words)}">'
    return [
        Snippet("Markdown", f"[![{words}]({picture})]({page})"),
        Snippet("HTML", f'<a href="{html.escape(page)}">{tag}</a>'),
    ]
