"""The design system keeps its promises: contrast, budgets, no inline style or script."""

from __future__ import annotations

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text()
#: Not those of mails: mail programs know no style sheets, and no policy of ours holds there.
TEMPLATES = [
    path for path in sorted((ROOT / "templates").rglob("*.html")) if path.parent.name != "mail"
]
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))

PAIR = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
TEXT_ON = [
    *product(("ink", "ink-2", "ink-3"), ("ground", "surface", "raised", "sunken", "hover")),
    *product(("accent", "accent-deep"), ("ground", "surface", "hover", "accent-soft")),
    *((tone, f"{tone}-soft") for tone in ("ok", "wait", "bad", "run")),
    *product(("ink", "ink-2"), ("ok-soft", "wait-soft", "bad-soft", "run-soft", "idle-soft")),
    ("accent-ink", "accent"),
    ("bad-ink", "bad"),
]


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours(accent: str, theme: int) -> dict[str, str]:
    """Return the tokens of one theme under one accent."""
    root, *others = re.split(r"\n  \[data-accent=", TOKENS)
    own = next((block for block in others if block.startswith(f'"{accent}"')), "")
    return {m[1]: m.group(2 + theme) for m in PAIR.finditer(root + own)}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("accent", ["", "teal", "indigo", "plum", "slate"])
def test_text_can_be_read_on_what_it_stands_on(accent: str, theme: int) -> None:
    tokens = colours(accent, theme)

    weak = {
        f"{ink} on {ground}": round(contrast(tokens[ink], tokens[ground]), 2)
        for ink, ground in TEXT_ON
        if contrast(tokens[ink], tokens[ground]) < 4.5
    }

    assert not weak


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_field_can_be_seen(theme: int) -> None:
    tokens = colours("", theme)

    assert contrast(tokens["edge"], tokens["surface"]) >= 3


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_style_or_script(template: Path) -> None:
    text = template.read_text()

    assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)=", text)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_writes_text_and_not_markup(script: Path) -> None:
    text = script.read_text()

    assert len(text.splitlines()) < 100
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|new Function", text)


def test_the_first_page_is_light() -> None:
    styles = b"".join(path.read_bytes() for path in (ROOT / "static" / "css").glob("*.css"))
    htmx = ROOT / "static" / "vendor" / "htmx" / "htmx.min.js"
    scripts = b"".join(path.read_bytes() for path in [*SCRIPTS, htmx])

    assert len(gzip.compress(styles)) <= 40 * 1024
    assert len(gzip.compress(scripts)) <= 60 * 1024


def test_every_icon_that_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (ROOT / "static/img/icons.svg").read_text()))
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'(?:{% icon |\sicon=)"(\w+)"', template.read_text())
    }

    assert named <= drawn
