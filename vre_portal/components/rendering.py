"""How a tag that holds other markup renders its template."""

from __future__ import annotations

from django.template import Context
from django.utils.safestring import SafeString


def render(context: Context, component: str, *, content: str = "", **values: object) -> SafeString:
    """Render ``templates/components/<component>.html`` around content that is rendered already."""
    engine = context.template.engine  # type: ignore[attr-defined]  # set while rendering
    template = engine.get_template(f"components/{component}.html")
    # The block's own nodes escaped what they had to; only strip() forgets that it is safe.
    inner = context.new({"content": SafeString(content.strip()), **values})
    inner["csrf_token"] = context.get("csrf_token")
    return SafeString(template.render(inner).strip())
