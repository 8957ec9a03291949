"""Tags for forms: a field with label, help and error, the summary of errors, radio cards."""

from __future__ import annotations

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils.safestring import SafeString

register = template.Library()


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, label: object = "", wide: bool = False) -> dict[str, object]:
    """Show a field of a Django form with its label, help and errors tied together."""
    widget = bound.field.widget
    return {
        "bound": bound,
        "label": label or bound.label,
        "wide": wide,
        "control": _control(bound),
        "checkbox": isinstance(widget, CheckboxInput),
        "group": isinstance(widget, RadioSelect | CheckboxSelectMultiple),
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, object]:
    """Sum up what is wrong with a form, each line leading to its field."""
    wrong = [bound for bound in form.visible_fields() if bound.errors]
    return {"fields": wrong, "general": form.non_field_errors()}


@register.inclusion_tag("components/storage_card.html")
def storage_card(
    *,
    value: object,
    title: object = "",
    text: object = "",
    detail: object = "",
    state: object = "",
    word: object = "",
    name: str = "storage",
    checked: bool = False,
    disabled: bool = False,
    many: bool = False,
) -> dict[str, object]:
    """Offer a storage (or anything of that shape) as one choice of several, or some of many."""
    shown = {"title": title or value, "text": text, "detail": detail, "state": state, "word": word}
    state_of = {"checked": checked, "disabled": disabled, "many": many}
    return {"value": value, "name": name, **state_of, **shown}


def _control(bound: BoundField) -> SafeString:
    """Render the input so that a screen reader hears help and error with it."""
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_help")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    attributes: dict[str, str | bool] = {"class": "input"}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return bound.as_widget(attrs=attributes)
