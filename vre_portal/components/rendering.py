"""How a tag that holds other markup renders its template."""

from __future__ import annotations

from django.template import Context
from django.utils.safestring import SafeString


def render(context: Context, component: str, **values: object) -> SafeString:
    """Render ``templates/components/<component>.html`` with the given values and nothing else."""
    engine = context.template.engine  # type: ignore[attr-defined]  # set while rendering
    template = engine.get_template(f"components/{component}.html")
    inner = context.new(values)
    inner["csrf_token"] = context.get("csrf_token")
    rendered: SafeString = template.render(inner)
    return rendered
