"""How a tag that holds other markup renders its template."""

from __future__ import annotations

from typing import cast

from django.template import Context
from django.template.backends.django import Template
from django.template.loader import get_template
from django.utils.safestring import SafeString


def render(context: Context, component: str, *, content: str = "", **values: object) -> SafeString:
    """Render ``templates/components/<component>.html`` around content that is rendered already."""
    template = cast("Template", get_template(f"components/{component}.html")).template
    # The block's own nodes escaped what they had to; only strip() forgets that it is safe.
    inner = context.new({"content": SafeString(content.strip()), **values})
    inner["csrf_token"] = context.get("csrf_token")
    return SafeString(template.render(inner).strip())
