"""A description as InvenioRDM wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reproducibility.backends.deposits import Creator, Description, Related, Relation, Scheme
from reproducibility.backends.invenio_shapes import metadata_of
from tests.fakes.invenio_rules import faults_of

PLAIN = Description(
    title="Dimuon spectrum",
    summary="Selects muons.",
    creators=(Creator("Ada Lovelace"),),
    licence="Apache-2.0",
    published_on=date(2026, 11, 27),
    version="3",
    related=(),
    marker="urn:uuid:00000000-0000-0000-0000-000000000007",
)


def told(**changes: Any) -> dict[str, Any]:
    """Return the metadata of a description with some of it changed."""
    return metadata_of(replace(PLAIN, **changes), publisher="Zenodo")


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Ada Lovelace", {"type": "personal", "family_name": "Lovelace", "given_name": "Ada"}),
        ("Hopper, Grace", {"type": "personal", "family_name": "Hopper", "given_name": "Grace"}),
        ("Plato", {"type": "personal", "family_name": "Plato"}),
        (
            "Maria Goeppert Mayer",
            {"type": "personal", "family_name": "Mayer", "given_name": "Maria Goeppert"},
        ),
        ("CMS Collaboration", {"type": "organizational", "name": "CMS Collaboration"}),
    ],
)
def test_a_name_has_the_parts_that_are_wanted(name: str, person: dict[str, str]) -> None:
    metadata = told(creators=(Creator(name),))

    assert metadata["creators"] == [{"person_or_org": person}]
    assert faults_of(metadata) == []


@pytest.mark.parametrize(
    ("licence", "rights"),
    [
        ("Apache-2.0", [{"id": "apache-2.0"}]),
        ("MIT", [{"id": "mit"}]),
        ("LicenseRef-mine", [{"title": {"en": "LicenseRef-mine"}}]),
        ("ask the authors", [{"title": {"en": "ask the authors"}}]),
    ],
)
def test_a_licence_is_the_vocabularys_or_its_own_title(
    licence: str, rights: list[dict[str, Any]]
) -> None:
    metadata = told(licence=licence)

    assert metadata["rights"] == rights
    assert faults_of(metadata) == []


def test_without_a_licence_none_is_told() -> None:
    assert "rights" not in told(licence="")


def test_a_summary_is_text_and_no_markup() -> None:
    metadata = told(summary="a < b & <script>\n\nmore")

    assert metadata["description"] == "<p>a &lt; b &amp; &lt;script&gt;</p><p>more</p>"


def test_relations_have_the_ids_of_the_vocabulary() -> None:
    metadata = told(related=(Related("10.5072/zenodo.1", Scheme.DOI, Relation.NEW_VERSION_OF),))

    assert metadata["related_identifiers"] == [
        {
            "identifier": "10.5072/zenodo.1",
            "scheme": "doi",
            "relation_type": {"id": "isnewversionof"},
        }
    ]
    assert faults_of(metadata) == []
