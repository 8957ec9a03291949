"""Pictures: what differs in them is seen, however large they are."""

from __future__ import annotations

import struct
import zlib

import pytest

from reproducibility.compare import ImageFigure, Level
from tests.unit.reproducibility.compare.conftest import Ask, Compared

WIDTH, HEIGHT = 1300, 900


def gray(pixels: bytes, width: int = WIDTH, *, level: int = 1) -> bytes:
    """Return a gray picture as PNG."""
    height = len(pixels) // width
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
        for kind, held in parts
    )


@pytest.mark.parametrize("place", [(0, 0), (899, 1299), (450, 7)])
def test_one_pixel_of_a_million_is_seen_in_the_figure(
    compared: Compared, ask: Ask, place: tuple[int, int]
) -> None:
    plain = bytes(WIDTH * HEIGHT)
    at = place[0] * WIDTH + place[1]

    verdict = compared("a.png", gray(plain), gray(plain[:at] + b"\1" + plain[at + 1 :]))

    assert verdict.comparison is not None
    assert "in 1 of 1,170,000 pixels" in verdict.detail
    assert f"[row {place[0]}, column {place[1]}, R]" in str(verdict.comparison.differences)
    (figure,) = verdict.comparison.figures
    assert isinstance(figure, ImageFigure)
    assert max(figure.width, figure.height) <= 400
    assert ask("brightest", png=figure.png) == 255


def test_pictures_of_other_sizes_are_different(compared: Compared) -> None:
    pixels = bytes(range(100))

    verdict = compared("a.png", gray(pixels, 10), gray(pixels, 20))

    assert verdict.level is Level.DIFFERENT
    assert verdict.detail == "pixels is 20 by 5 instead of 10 by 10."


def test_a_picture_packed_otherwise_is_content_identical(compared: Compared) -> None:
    pixels = bytes(range(200))

    verdict = compared("a.png", gray(pixels, 20), gray(pixels, 20, level=9) + b"more")

    assert verdict.level is Level.CONTENT_IDENTICAL
