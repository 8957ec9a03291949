"""Citation files: what they name, and what they leave out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from reproducibility.capture.describing import described
from reproducibility.capture.values import Author, FoundFile
from reproducibility.crate.citation import Citation, written
from reproducibility.crate.licences import spdx_id


def told(**parts: Any) -> dict[str, Any]:
    asked = Citation(**{"title": "Z peak", "authors": (Author("Ada Lovelace"),), **parts})
    return dict(yaml.safe_load(written(asked)))


def test_it_names_all_that_is_known() -> None:
    found = told(
        version="3", released=date(2026, 11, 27), abstract="Fits the Z peak.", licence="MIT",
        url="https://portal.test/analyses/z", doi="10.5281/zenodo.1",
    )  # fmt: skip

    assert found["cff-version"] == "1.2.0"
    assert found["date-released"] == date(2026, 11, 27)
    assert (found["version"], found["license"], found["doi"]) == ("3", "MIT", "10.5281/zenodo.1")


def test_it_leaves_out_what_is_not_known() -> None:
    assert set(told()) == {"cff-version", "message", "type", "title", "authors"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", {"given-names": "Ada", "family-names": "Lovelace"}),
        ("Lovelace, Ada King", {"given-names": "Ada King", "family-names": "Lovelace"}),
        ("María José García López", {"name": "María José García López"}),
        ("CMS Collaboration", {"name": "CMS Collaboration"}),
        ("Plato", {"name": "Plato"}),
        ("a, b, c", {"name": "a, b, c"}),
    ],
)
def test_a_name_is_parted_only_where_that_is_certain(name: str, expected: dict[str, str]) -> None:
    assert told(authors=(Author(name),))["authors"] == [expected]


def test_an_orcid_is_an_address() -> None:
    (author,) = told(authors=(Author("Ada Lovelace", "0000-0002-1825-0097"),))["authors"]

    assert author["orcid"] == "https://orcid.org/0000-0002-1825-0097"


@pytest.mark.parametrize("title", ["yes", "a: b # c", "- x", "<script>", "{x}\n---\n", "1.0"])
def test_odd_titles_stay_what_they_are(title: str) -> None:
    assert told(title=title)["title"] == title


@pytest.mark.parametrize("licence", ["", "proprietary", "MIT OR Apache-2.0", "LicenseRef-own"])
def test_only_one_listed_licence_has_an_spdx_id(licence: str) -> None:
    assert spdx_id(licence) == ""


def test_a_capture_reads_what_was_written() -> None:
    text = written(Citation("Z peak", (Author("Lovelace, Ada", "0000-0002-1825-0097"),)))

    found = described([FoundFile("CITATION.cff", len(text), content=text.encode())])

    assert found.title == "Z peak"
    assert found.authors == (Author("Ada Lovelace", "0000-0002-1825-0097"),)
