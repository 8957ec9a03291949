"""FITS: what is in it, headers, images with a stretch, the first rows of tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.io import fits
from astropy.visualization import (
    AsinhStretch,
    LinearStretch,
    LogStretch,
    PercentileInterval,
    ZScaleInterval,
)

from data_mgmt.previews import plots
from data_mgmt.previews.options import SCALES, STRETCHES, Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import (
    NOTHING,
    TIMES,
    Block,
    Choice,
    Column,
    Note,
    Pairs,
    Preview,
    Refused,
    Said,
    Table,
    TooMuch,
    said,
    told,
)

LATER = (*plots.LATER, "astropy.io.fits.hdu.compressed._codecs", "astropy.utils.console")
MAX_HDUS = 200
MAX_CARDS = 300
MAX_COLUMNS = 30
MAX_IMAGE_BYTES = 24 << 20
MAX_ROW_BYTES = 4 << 20
_STRETCHED = {"asinh": AsinhStretch, "linear": LinearStretch, "log": LogStretch}
_WORDS = {"asinh": "asinh", "linear": "linear", "log": "logarithmic"}
_SCALED = {"zscale": "zscale", "percentile": "99 % of the values", "full": "all values"}


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return the parts of a FITS file and a look at one."""
    opened = fits.open(Opened(file), mode="readonly", memmap=False, lazy_load_hdus=True)
    hdus = _hdus(opened)
    number = _chosen(hdus, options)
    hdu = hdus[number]
    blocks: list[Block] = []
    if len(hdus) > 1:
        names = tuple((str(at), f"{at} {each.name}".strip()) for at, each in enumerate(hdus))
        blocks.append(Choice("hdu", "Part", str(number), names))
    blocks += _look(file, hdu, options)
    blocks.append(_header(hdu))
    if len(hdus) > 1:
        blocks.append(_listed(hdus))
    return Preview("fits", said("Parts (HDUs): %(n)s", n=len(hdus)), tuple(blocks))


def _hdus(opened: Any) -> list[Any]:
    found: list[Any] = []
    while len(found) < MAX_HDUS:
        try:
            found.append(opened[len(found)])
        except IndexError:
            break
    return found


def _chosen(hdus: list[Any], options: Options) -> int:
    if options.hdu:
        if int(options.hdu) >= len(hdus):
            raise Refused("hdu", said("This file has the parts 0 to %(n)s.", n=len(hdus) - 1))
        return int(options.hdu)
    filled = (at for at, hdu in enumerate(hdus) if hdu.header.get("NAXIS", 0))
    return next(filled, 0)


def _look(file: Reader, hdu: Any, options: Options) -> list[Block]:
    if not hdu.header.get("NAXIS", 0) or 0 in _shape(hdu):
        return [Note(said("This part has a header only, no data."))]
    if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not _is_compressed(hdu):
        return [_table(file, hdu, options.rows)]
    if len(_shape(hdu)) == 1:
        length = min(_shape(hdu)[0], 500_000)
        note = said("%(n)s of %(all)s values read.", n=length, all=_shape(hdu)[0])
        return [plots.curve(hdu.section[:length], "Values", hdu.name, note)]
    return [
        Choice("stretch", "Stretch", options.stretch, tuple((s, _WORDS[s]) for s in STRETCHES)),
        Choice("scale", "Scale", options.scale, tuple((s, _SCALED[s]) for s in SCALES)),
        *_image(hdu, options),
    ]


def _is_compressed(hdu: Any) -> bool:
    return isinstance(hdu, fits.CompImageHDU)


def _shape(hdu: Any) -> tuple[int, ...]:
    """Return the lengths of the axes, the slowest first."""
    header = hdu.header
    return tuple(int(header.get(f"NAXIS{n}", 0)) for n in range(header.get("NAXIS", 0), 0, -1))


def _image(hdu: Any, options: Options) -> list[Block]:
    shape = _shape(hdu)
    pixels, note = _pixels(hdu, shape)
    values = np.asarray(pixels, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return [Note(said("No pixel of this image has a value."))]
    low, high = _limits(finite, options.scale)
    scaled = (values - low) / ((high - low) or 1.0)
    stretched = _STRETCHED[options.stretch]()(np.clip(scaled, 0.0, 1.0), clip=True)
    ends = {"low": f"{low:.6g}", "high": f"{high:.6g}"}
    told_too = Said(f"{note.text} Black is %(low)s, white %(high)s.", {**note.values, **ends})
    drawn = plots.gray(stretched[::-1], "Image", hdu.name, told_too)
    return [drawn, plots.histogram(finite, "Pixels", hdu.name)]


def _limits(values: Any, scale: str) -> tuple[float, float]:
    if scale == "full":
        return float(values.min()), float(values.max())
    interval = ZScaleInterval() if scale == "zscale" else PercentileInterval(99.0)
    low, high = interval.get_limits(values)
    return float(low), float(high)


def _pixels(hdu: Any, shape: tuple[int, ...]) -> tuple[Any, Said]:
    """Return an image of at most some hundred rows and columns, of rows spread over the whole."""
    height, width = shape[-2:]
    wide = width * abs(int(hdu.header.get("BITPIX", 8))) // 8
    if wide > MAX_ROW_BYTES:
        raise TooMuch
    most = max(1, min(plots.MAX_SIDE, MAX_IMAGE_BYTES // max(1, wide)))
    step = -(-height // most)
    across = -(-width // plots.MAX_SIDE)
    plane = (0,) * (len(shape) - 2)
    if step == 1:
        rows = hdu.section[(*plane, slice(None), slice(None))]
    else:
        rows = np.stack([hdu.section[(*plane, at)] for at in range(0, height, step)])
    shown = rows[:, ::across]
    if step > across:  # fewer rows than columns: each is drawn several times
        shown = np.repeat(shown, round(step / across), axis=0)
    size = {"width": width, "height": height}
    if step == across == 1:
        return shown, said("%(width)s by %(height)s pixels.", **size)
    text = "%(width)s by %(height)s pixels; one of %(step)s rows is read."
    return shown, said(text, **size, step=step)


def _header(hdu: Any) -> Pairs:
    cards = list(hdu.header.cards[:MAX_CARDS])
    rows = tuple((told(card.keyword or " "), _card(card)) for card in cards if str(card).strip())
    note = Said()
    if len(hdu.header) > MAX_CARDS:
        note = said("The first %(n)s of %(all)s cards.", n=MAX_CARDS, all=len(hdu.header))
    return Pairs("Header", rows, hdu.name, note)


def _card(card: Any) -> str:
    try:
        value = told(card.value)
    except (fits.VerifyError, ValueError):
        return told(card.image)
    return f"{value}  / {told(card.comment)}" if card.comment else value


def _listed(hdus: list[Any]) -> Table:
    rows = tuple(
        (
            str(number),
            told(hdu.name or NOTHING),
            type(hdu).__name__.removesuffix("HDU"),
            TIMES.join(map(str, reversed(_shape(hdu)))) or NOTHING,
        )
        for number, hdu in enumerate(hdus)
    )
    columns = (Column("Part", numeric=True), Column("Name"), Column("Kind"), Column("Axes"))
    return Table("Parts", columns, rows)


def _table(file: Reader, hdu: Any, rows: int) -> Table:
    header = hdu.header
    width, total = int(header["NAXIS1"]), int(header["NAXIS2"])
    shown = min(rows, total)
    held = file.read_at(hdu.fileinfo()["datLoc"], width * shown)
    alone = header.copy()
    alone["NAXIS2"], alone["PCOUNT"] = shown, 0
    text = alone.tostring().encode("ascii", "replace")
    made = type(hdu).fromstring(text + held + bytes(-len(held) % 2880))
    columns = list(made.columns)[:MAX_COLUMNS]
    cells = [_cells(made, column, shown) for column in columns]
    heads = tuple(
        Column(told(c.name), _kind(c), c.format.lstrip("0123456789")[:1] in "BIJKEDF")
        for c in columns
    )
    note = said("%(n)s of %(all)s rows.", n=shown, all=total)
    if len(made.columns) > MAX_COLUMNS:
        note = said(
            "%(n)s of %(all)s rows, %(columns)s of %(wide)s columns.",
            n=shown, all=total, columns=MAX_COLUMNS, wide=len(made.columns),
        )  # fmt: skip
    return Table("First rows", heads, tuple(zip(*cells, strict=True)), hdu.name, note)


def _kind(column: Any) -> str:
    return told(f"{column.format} {column.unit}" if column.unit else column.format, 40)


def _cells(made: Any, column: Any, rows: int) -> tuple[str, ...]:
    if column.format.lstrip("0123456789")[:1] in "PQ":
        return ("(of varying length)",) * rows
    return tuple(told(value, 60) for value in made.data.field(column.name)[:rows])
