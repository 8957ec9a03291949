"""Title, summary, licence and authors come from what a repository says about itself."""

from __future__ import annotations

import json

import pytest

from reproducibility.capture.describing import described
from reproducibility.capture.licences import named, spdx
from reproducibility.capture.values import Author
from tests.unit.reproducibility.capture.making import file

CITATION = """
cff-version: 1.2.0
title: "A dimuon spectrum"
abstract: How the peak was fitted.
license: Apache-2.0
authors:
  - {given-names: Ada, name-particle: van, family-names: Rossi,
     orcid: "https://orcid.org/0000-0002-1825-009x"}
  - {name: The Collaboration}
  - 7
"""


def test_a_citation_tells_all_of_it() -> None:
    told = described([file("CITATION.cff", CITATION), file("README.md", "# Other\n\nOther words.")])

    assert told.title == "A dimuon spectrum"
    assert told.summary == "How the peak was fitted."
    assert told.licence == "Apache-2.0"
    assert told.authors == (
        Author("Ada van Rossi", "0000-0002-1825-009X"), Author("The Collaboration"),
    )  # fmt: skip


def test_codemeta_tells_all_of_it() -> None:
    author = {
        "givenName": "Ada",
        "familyName": "Rossi",
        "@id": "https://orcid.org/0000-0002-1825-0097",
    }
    told = described([
        file("codemeta.json", json.dumps({
            "name": "Spectrum", "description": "What it is.", "author": author,
            "license": "https://spdx.org/licenses/MIT",
        })),
    ])  # fmt: skip

    assert (told.title, told.summary, told.licence) == ("Spectrum", "What it is.", "MIT")
    assert told.authors == (Author("Ada Rossi", "0000-0002-1825-0097"),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "README.md",
            "[![x](y)](z)\n# The *fit*  #\n\n<img src=x>\n\nIt fits [a peak](u) to data.\n",
        ),
        ("readme.rst", "The fit\n=======\n\n.. image:: x\n\nIt fits a peak to data.\n\nMore.\n"),
    ],
)
def test_a_readme_gives_its_heading_and_first_words(name: str, text: str) -> None:
    told = described([file(name, text), file("docs/README.md", "# Elsewhere")])

    assert told.title == "The fit"
    assert told.summary == "It fits a peak to data."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("Permission is hereby granted, free of charge, to any ... without restriction", "MIT"),
        ("Redistribution and use in source and binary forms; Neither the name", "BSD-3-Clause"),
        ("Redistribution and use in source and\n binary forms, with", "BSD-2-Clause"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE Version 3 ... GNU General Public", "LGPL-3.0-only"),
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("CC0 1.0 Universal", "CC0-1.0"),
        ("SPDX-License-Identifier: GPL-2.0-or-later", "GPL-2.0-or-later"),
        ("All rights reserved.", ""),
    ],
)  # fmt: skip
def test_a_licence_is_known_by_what_only_it_says(text: str, name: str) -> None:
    assert spdx(text) == name


def test_a_licence_is_read_from_its_file() -> None:
    assert described([file("LICENSE", "CC0 1.0 Universal")]).licence == "CC0-1.0"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (["MIT", "Apache-2.0"], "MIT OR Apache-2.0"),
        ({"@id": "https://spdx.org/licenses/CC-BY-4.0.html"}, "CC-BY-4.0"),
        ("Apache 2.0", "Apache-2.0"),
        (7, ""),
    ],
)
def test_a_licence_is_named_in_many_ways(told: object, name: str) -> None:
    assert named(told) == name


@pytest.mark.parametrize("text", ["", "title: [", "- 1", "title: 7\nauthors: x\nlicense: {}"])
def test_a_broken_citation_tells_nothing(text: str) -> None:
    told = described([file("CITATION.cff", text), file("codemeta.json", text)])

    assert (told.title, told.summary, told.licence, told.authors) == ("", "", "", ())
