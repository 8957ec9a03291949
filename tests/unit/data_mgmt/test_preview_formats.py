"""Each format shows what is in its sample, by the real worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_mgmt.previews import maker
from data_mgmt.previews.detect import detect
from data_mgmt.previews.maker import Failure, Made
from data_mgmt.previews.options import BadOption, Options
from tests.fakes.previews import Held, previews_python


def made_of(samples: Path, ending: str, **options: str) -> Made:
    file = samples / f"preview_synthetic_2026.{ending}"
    return maker.make(
        Held(file.read_bytes()), file.name, Options.of(options), python=previews_python()
    )


@pytest.mark.parametrize(
    ("ending", "options", "kinds", "words"),
    [
        ("root", {}, ["histogram", "tree"], ["events/mass", "400 of 400", "monitoring"]),
        ("root", {"branch": "monitoring/hits"}, ["histogram", "tree"], ["As it lies"]),
        ("root", {"branch": "monitoring/plane"}, ["picture", "tree"], []),
        ("fits", {}, ["choice"] * 3 + ["picture", "histogram", "pairs", "table"], ["EXPTIME"]),
        ("fits", {"hdu": "2", "rows": "3"}, ["choice", "table", "pairs", "table"], ["star 2"]),
        ("fits", {"stretch": "log", "scale": "full"}, ["choice"] * 3
         + ["picture", "histogram", "pairs", "table"], []),
        ("h5", {"branch": "/strain/H1"}, ["curve", "histogram", "pairs", "tree", "pairs"],
         ["sampling_hz", "synthetic strain"]),
        ("h5", {"branch": "/images/sky"}, ["picture", "histogram", "pairs", "tree", "pairs"],
         ["%(height)s by %(width)s values."]),
        ("h5", {"branch": "/events"}, ["table", "pairs", "tree", "pairs"], ["count"]),
        ("parquet", {}, ["choice", "histogram", "table", "table"], ["500", "energy"]),
        ("csv", {"branch": "day"}, ["choice", "histogram", "table", "table"], ["commas", "44.5"]),
        ("png", {}, ["picture", "pairs"], ["160"]),
        ("pdf", {"page": "4"}, ["choice", "picture", "pairs"], ["Report"]),
        ("json", {}, ["tree"], ["detectors"]),
        ("yaml", {}, ["tree"], ["threshold"]),
        ("log", {}, ["text"], ["step 3"]),
        ("ipynb", {}, ["text", "text", "text", "picture"], ["60 stars", "Python 3"]),
    ],
)  # fmt: skip
def test_a_format_shows_what_is_in_it(
    samples: Path, ending: str, options: dict[str, str], kinds: list[str], words: list[str]
) -> None:
    made = made_of(samples, ending, **options)

    assert made.preview is not None, made
    assert [block.kind for block in made.preview.blocks] == kinds
    text = str(made.preview)
    told = text.replace("%(n)s of %(all)s", "400 of 400") if ending == "root" else text
    assert not [word for word in words if word not in told]


@pytest.mark.parametrize(
    ("ending", "options", "field"),
    [
        ("root", {"branch": "nothing"}, "branch"),
        ("fits", {"hdu": "9"}, "hdu"),
        ("h5", {"branch": "/elsewhere"}, "branch"),
        ("csv", {"branch": "station"}, "branch"),
        ("pdf", {"page": "9"}, "page"),
    ],
)
def test_what_a_file_does_not_have_is_named(
    samples: Path, ending: str, options: dict[str, str], field: str
) -> None:
    made = made_of(samples, ending, **options)

    assert (made.preview, made.refused) == (None, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"rows": "0"}, "rows"),
        ({"rows": "many"}, "rows"),
        ({"page": "-1"}, "page"),
        ({"hdu": "x"}, "hdu"),
        ({"stretch": "sqrt"}, "stretch"),
        ({"scale": "9"}, "scale"),
        ({"branch": "a" * 501}, "branch"),
    ],
)
def test_an_option_that_no_file_has_is_refused(query: dict[str, str], field: str) -> None:
    with pytest.raises(BadOption) as refused:
        Options.of(query)

    assert refused.value.option == field


def test_a_large_image_is_read_by_some_rows_only() -> None:
    width, height = 4000, 6000
    cards = ["SIMPLE  =                    T", "BITPIX  =                   16",
             "NAXIS   =                    2",
             f"NAXIS1  = {width:20d}", f"NAXIS2  = {height:20d}", "END"]  # fmt: skip
    head = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    file = Held(head + bytes(width * height * 2))

    made = maker.make(file, "a.fits", Options(), python=previews_python())

    assert made.preview is not None
    assert file.read < file.size / 4
    assert any(block.kind == "picture" for block in made.preview.blocks)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"root\0\0\xf6", "a", "root"),
        (b"rooted in text", "a.txt", "text"),
        (b"BM is how this begins", "a", "text"),
        (b"PAR1", "a.csv", "parquet"),
        (b"a,b\n1,2\n", "A.CSV", "csv"),
        (b'{"a": 1}', "a", "json"),
        (b"[section]\nkey=1", "a.ini", "text"),
        (b"\x7fELF\0\0", "a.json", ""),
        ("\ufeffsm\xf8rebr\xf8d".encode("utf-16"), "a", "text"),
    ],
)
def test_the_first_bytes_tell_more_than_the_name(head: bytes, name: str, kind: str) -> None:
    assert detect(head, name) == kind


def test_no_worker_is_started_for_what_nobody_can_show() -> None:
    empty = maker.make(Held(b""), "a.root", Options(), python=Path("/nowhere"))
    unknown = maker.make(Held(b"\x7fELF\0"), "a", Options(), python=Path("/nowhere"))

    assert (empty.failure, unknown.failure) == (Failure.EMPTY, Failure.UNKNOWN)
