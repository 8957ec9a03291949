"""What the tab "Preview" of a file shows, worked out before its template sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt import preview_charts as charts
from data_mgmt import preview_words as words
from data_mgmt.backends import DidInfo, DidType
from data_mgmt.did_shapes import Asked
from data_mgmt.preview_charts import Chart
from data_mgmt.previews.detect import TITLES
from data_mgmt.previews.maker import Made
from data_mgmt.previews.options import BadOption, Options
from data_mgmt.previews.values import (
    Block,
    Choice,
    Curve,
    Histogram,
    Node,
    Note,
    Pairs,
    Picture,
    Preview,
    Tree,
)
from data_mgmt.services import previews
from data_mgmt.services.previews import Answer
from vre_portal.components.formats import size
from vre_portal.errors import Conflict, PortalError

KEY = "preview"
#: A picture of fewer pixels than this is drawn larger, by whole dots.
SMALL = 240
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tree, and where it leads."""

    node: Node
    depth: int
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A block with what its part of the template needs: a chart, lines, whether it is small."""

    block: Block
    title: str
    note: str
    chart: Chart | None = None
    lines: tuple[Line, ...] = ()
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A preview on a page: what one may choose, the blocks at the left, right and below."""

    summary: str
    format: str
    choices: tuple[Choice, ...]
    kept: tuple[tuple[str, str], ...]
    main: tuple[Shown, ...]
    side: tuple[Shown, ...]
    wide: tuple[Shown, ...]
    spent: str
    root_url: str
    root_item: str


def of_files(info: DidInfo) -> bool:
    """Fit files."""
    return info.type is DidType.FILE


def values(asked: Asked) -> Mapping[str, Any]:
    """Return the preview of a file, the state of one that is being made, or why there is none."""
    did = asked.did
    return told(
        asked.query,
        lambda options: previews.preview(asked.user, asked.info, options),
        content_url=reverse("api:data-content", args=(did.scope, did.name)),
        copies=True,
    )


def told(
    query: Mapping[str, str],
    ask: Callable[[Options], Answer],
    *,
    content_url: str,
    copies: bool = False,
) -> dict[str, Any]:
    """Return what the template shows of a preview, whatever the file is of.

    `copies` says whether a file that can't be read now may be had by asking for a copy.
    """
    found: dict[str, Any] = {"preview_state": "none", "preview_look": None}
    try:
        options = Options.of(query)
        answer = ask(options)
    except BadOption as exc:
        return found | {"preview_title": _("This can't be shown so"), "preview_text": exc.reason,
                        "preview_reset": True}  # fmt: skip
    except PortalError as exc:
        return found | {
            "preview_title": _("There is no preview now"),
            "preview_text": exc.message,
            "preview_again": exc.retryable,
            "preview_copy": copies and isinstance(exc, Conflict),
        }
    found |= {"preview_state": str(answer.state), "preview_topic": answer.topic}
    found["preview_here"] = _address(options.changed())
    if answer.made is None:
        return found
    if (made := answer.made.preview) is None:
        title, text = words.failure(answer.made)
        reset = bool(answer.made.refused)
        return found | {"preview_title": title, "preview_text": text, "preview_reset": reset}
    return found | {"preview_look": look(answer.made, made, options, content_url=content_url)}


def _address(options: Mapping[str, str]) -> str:
    return f"?{urlencode({'tab': KEY, **options})}"


def look(made: Made, preview: Preview, options: Options, *, content_url: str) -> Look:
    """Return a preview sorted out for its page."""
    changed = options.changed()
    blocks = preview.blocks
    choices = tuple(block for block in blocks if isinstance(block, Choice))
    drawn = [_shown(block, changed) for block in blocks if not isinstance(block, Choice)]
    side = tuple(one for one in drawn if isinstance(one.block, Tree | Pairs))
    main = tuple(one for one in drawn if isinstance(one.block, Histogram | Curve | Picture | Note))
    wide = tuple(one for one in drawn if one not in side and one not in main)
    if made.format == "notebook" or not main:
        main, side, wide = (), (), tuple(drawn)
    chosen = {choice.option for choice in choices}
    is_root = made.format == "root"
    item = next((block.current for block in blocks if isinstance(block, Tree)), "")
    spent = ngettext(
        "Read for this: %(bytes)s at once.", "Read for this: %(bytes)s in %(n)s parts.", made.ranges
    )
    return Look(
        summary=words.said(preview.summary),
        format=TITLES.get(made.format, made.format),
        choices=choices,
        kept=tuple((name, value) for name, value in changed.items() if name not in chosen),
        main=main,
        side=side,
        wide=wide,
        spent=spent % {"bytes": size(made.read_bytes), "n": made.ranges},
        root_url=content_url if is_root else "",
        root_item=item if is_root else "",
    )


def _shown(block: Block, changed: Mapping[str, str]) -> Shown:
    if isinstance(block, Note):
        return Shown(block, "", words.said(block.text))
    if isinstance(block, Choice):
        return Shown(block, block.label, "")
    plain = Shown(block, _(block.title) if block.title else "", words.said(block.note))
    match block:
        case Histogram():
            chart = charts.histogram(block, (_("from"), _("to"), _("count")))
            return replace(plain, chart=chart)
        case Curve():
            chart = charts.curve(block, (_("place"), _("least"), _("greatest")))
            return replace(plain, chart=chart)
        case Tree():
            return replace(plain, lines=tuple(_lines(block, changed)))
        case _:
            small = isinstance(block, Picture) and max(block.width, block.height) < SMALL
            return replace(plain, is_small=small)


def _lines(tree: Tree, changed: Mapping[str, str]) -> list[Line]:
    return [
        Line(
            node,
            min(MAX_DEPTH, max(0, node.depth)),
            _address({**changed, tree.option: node.value}) if node.value and tree.option else "",
            bool(node.value) and node.value == tree.current,
        )
        for node in tree.nodes
    ]
