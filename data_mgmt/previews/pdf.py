"""PDF: some of its pages as pictures, and what it says of itself."""

from __future__ import annotations

import pypdfium2 as pdfium

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import (
    DASH,
    Block,
    Choice,
    Pairs,
    Preview,
    Refused,
    Unreadable,
    said,
    told,
)

SHOWN_PAGES = 3
MAX_CHOICES = 200
SIDE = 900


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return three pages of a PDF."""
    try:
        opened = pdfium.PdfDocument(Opened(file), autoclose=False)
    except pdfium.PdfiumError as exc:
        if "password" in str(exc).lower():
            raise Unreadable(said("It is locked by a password.")) from exc
        raise
    pages = len(opened)
    if options.page > pages:
        raise Refused("page", said("It has %(n)s pages.", n=pages))
    first = options.page
    blocks: list[Block] = []
    if pages > SHOWN_PAGES:
        starts = range(1, min(pages, MAX_CHOICES) + 1, SHOWN_PAGES)
        values = tuple((str(at), f"{at}{DASH}{min(pages, at + SHOWN_PAGES - 1)}") for at in starts)
        blocks.append(Choice("page", "Pages", str(first), values))
    last = min(pages, first + SHOWN_PAGES - 1)
    blocks += [_page(opened, at, pages) for at in range(first, last + 1)]
    about = opened.get_metadata_dict(skip_empty=True)
    if about:
        rows = tuple((told(name), told(value)) for name, value in about.items())
        blocks.append(Pairs("About", rows))
    return Preview("pdf", said("Pages: %(n)s", n=pages), tuple(blocks))


def _page(opened: pdfium.PdfDocument, number: int, pages: int) -> Block:
    page = opened[number - 1]
    width, height = page.get_size()
    scale = SIDE / max(width, height, 1.0)
    drawn = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    note = said("Page %(n)s of %(all)s.", n=number, all=pages)
    return plots.picture(drawn, "Page", str(number), note, side=SIDE)
