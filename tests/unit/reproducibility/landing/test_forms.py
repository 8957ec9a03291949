"""The other forms of a public page: JSON-LD, citations, and signposts in the header."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from django.test import Client

from accounts.models import User
from reproducibility.capture.values import Author
from reproducibility.crate.citation import Citation
from reproducibility.crate.cited import bibtex, sentence
from reproducibility.landing_metadata import MORE_TERMS, SCHEMA
from reproducibility.models import Analysis, AnalysisVersion
from tests.unit.reproducibility.landing.conftest import DOI, ORCID, PAGE, deposited
from tests.unit.reproducibility.test_badges import a_verdict
from vre_portal.config import get_config

HOSTILE = '</script><script>alert(1)</script> & "quoted" \u2028 {TeX} %'


class Blocks(HTMLParser):
    """Finds script elements as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag == "script"
        if self._open:
            self.kinds.append(dict(attrs))
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[-1] += data


def block_of_page() -> Any:
    """Return the data block of the page, which is the only script without an address."""
    found = Blocks()
    found.feed(Client().get(PAGE).content.decode())
    pairs = zip(found.kinds, found.texts, strict=True)
    inline = [(kind, text) for kind, text in pairs if not kind.get("src")]
    assert [kind for kind, _text in inline] == [{"type": "application/ld+json"}]
    return json.loads(inline[0][1])


def entities(told: Any) -> list[dict[str, Any]]:
    """Return every object of a document with a type or an id."""
    if isinstance(told, list):
        return [entity for each in told for entity in entities(each)]
    if not isinstance(told, dict):
        return []
    parts = [each for name, each in told.items() if name != "@context"]
    return [told, *entities(parts)]


def kinds_of(entity: dict[str, Any]) -> list[str]:
    """Return the types of an entity; a reference has none."""
    told = entity.get("@type", [])
    return [told] if isinstance(told, str) else told


@pytest.mark.django_db
class TestMetadata:
    """What programs read."""

    def test_page_address_and_negotiation_give_the_same(self, dimuon: Analysis) -> None:
        by_address = Client().get(f"{PAGE}/metadata.jsonld")
        negotiated = Client().get(PAGE, headers={"accept": "application/ld+json, text/html;q=0.5"})

        assert by_address.json() == negotiated.json() == block_of_page()
        assert negotiated["Content-Type"] == by_address["Content-Type"] == "application/ld+json"
        assert "Accept" in negotiated["Vary"]

    @pytest.mark.parametrize("accept", ["text/html", "*/*", "text/html,application/xml;q=0.9"])
    def test_browsers_get_the_page(self, dimuon: Analysis, accept: str) -> None:
        answer = Client().get(PAGE, headers={"accept": accept})

        assert answer["Content-Type"].startswith("text/html")

    def test_it_is_a_dataset_whose_main_entity_is_the_workflow(
        self, dimuon: Analysis, bob: User
    ) -> None:
        a_verdict(dimuon.newest, bob)
        told = block_of_page()

        workflow, site = told["mainEntity"], get_config().public_url
        assert (told["@type"], told["@id"]) == ("Dataset", f"{site}{PAGE}")
        assert workflow["@type"] == ["SoftwareSourceCode", "ComputationalWorkflow"]
        assert told["license"] == "https://spdx.org/licenses/Apache-2.0"
        assert told["creator"] == [
            {"@id": f"https://orcid.org/{ORCID}", "@type": "Person", "name": "Ada Lovelace"},
            {"@type": "Organization", "name": "ATLAS Collaboration"},
        ]
        assert [each["identifier"] for each in told["isBasedOn"]] == ["cms:dimuon"]
        assert [each["name"] for each in workflow["input"]] == [
            "bins", "low", "label", "quick", "cms:dimuon",
        ]  # fmt: skip
        assert [each["name"] for each in workflow["output"]] == [
            "results/fit.json", "results/mass.png",
        ]  # fmt: skip
        assert [each["@type"] for each in told["mentions"]] == ["CreateAction"]
        assert told["mentions"][0]["instrument"]["@id"] == workflow["@id"]

    def test_every_term_is_schema_orgs_or_is_mapped(self, dimuon: Analysis, bob: User) -> None:
        a_verdict(dimuon.newest, bob)
        deposited(dimuon.newest)
        told = block_of_page()

        assert told["@context"] == [f"{SCHEMA}/", MORE_TERMS]
        names = {name for each in entities(told) for name in each if not name.startswith("@")}
        kinds = {kind for each in entities(told) for kind in kinds_of(each)}
        assert names - MORE_TERMS.keys() <= PROPERTIES
        assert kinds - MORE_TERMS.keys() <= TYPES
        assert "" not in [value for each in entities(told) for value in each.values()]

    def test_a_doi_is_an_identifier_and_its_crate_a_download(self, dimuon: Analysis) -> None:
        deposited(dimuon.newest)

        told = block_of_page()

        assert told["identifier"]["value"] == f"doi:{DOI}"
        assert told["sameAs"] == f"https://doi.org/{DOI}"
        assert told["distribution"]["contentUrl"].endswith("/records/1000/files/dimuon-1.crate.zip")

    def test_a_hostile_title_ends_no_block_and_stays_what_it_is(self, dimuon: Analysis) -> None:
        Analysis.objects.update(
            title=HOSTILE, summary=HOSTILE, authors=[{"name": HOSTILE, "orcid": ""}]
        )
        spec = json.dumps({"inputs": {"parameters": {"</script>": "<!--", "half": "\ud83d"}}})
        AnalysisVersion.objects.update(specification=spec, code={"commit": HOSTILE})

        told = block_of_page()

        assert told["name"] == HOSTILE
        assert b"<script>alert" not in Client().get(PAGE).content
        assert Client().get(f"{PAGE}/metadata.jsonld").json() == told
        cff = yaml.safe_load(Client().get(f"{PAGE}/CITATION.cff").content)
        assert cff["title"].startswith("</script>")


#: What of schema.org 28 is used here.
PROPERTIES = {
    "name", "description", "url", "version", "dateCreated", "license", "creator", "publisher",
    "identifier", "sameAs", "creditText", "conditionsOfAccess", "isBasedOn", "distribution",
    "mainEntity", "mentions", "sdPublisher", "programmingLanguage", "codeRepository",
    "softwareRequirements", "additionalType", "defaultValue", "encodingFormat", "instrument",
    "endTime", "actionStatus", "propertyID", "value", "contentUrl",
}  # fmt: skip
TYPES = {
    "Dataset", "SoftwareSourceCode", "Person", "Organization", "ComputerLanguage",
    "PropertyValue", "DataDownload", "CreateAction",
}  # fmt: skip


@pytest.mark.django_db
class TestSignposts:
    """What the header says to programs that read no page."""

    def links(self) -> list[tuple[str, str]]:
        """Return relation and address of each."""
        header = Client().get(PAGE)["Link"]
        return [(found[2], found[1]) for found in re.finditer(r'<([^>]*)>; rel="([^"]+)"', header)]

    def test_they_say_how_to_cite_it_whose_it_is_and_what_describes_it(
        self, dimuon: Analysis
    ) -> None:
        address = f"{get_config().public_url}{PAGE}"

        assert self.links() == [
            ("cite-as", address),
            ("author", f"https://orcid.org/{ORCID}"),
            ("license", "https://spdx.org/licenses/Apache-2.0"),
            ("describedby", f"{address}/metadata.jsonld"),
            ("describedby", f"{address}/CITATION.cff"),
            ("describedby", f"{address}/citation.bib"),
            ("type", "https://schema.org/AboutPage"),
            ("type", "https://schema.org/Dataset"),
        ]

    def test_a_doi_is_what_is_cited_and_the_crate_an_item(self, dimuon: Analysis) -> None:
        deposited(dimuon.newest)

        links = dict(self.links())

        assert links["cite-as"] == f"https://doi.org/{DOI}"
        assert links["item"] == "https://zenodo.test/records/1000/files/dimuon-1.crate.zip"

    def test_a_name_from_elsewhere_adds_no_link(self, dimuon: Analysis) -> None:
        orcid = '0000>; rel="canonical", <https://attacker.test/'
        Analysis.objects.update(authors=[{"name": "Eve", "orcid": orcid}])

        assert len(self.links()) == 8

    @pytest.mark.parametrize("form", ["metadata.jsonld", "CITATION.cff", "citation.bib"])
    def test_each_form_says_what_it_describes(self, dimuon: Analysis, form: str) -> None:
        header = Client().get(f"{PAGE}/{form}")["Link"]

        assert header == f'<{get_config().public_url}{PAGE}>; rel="describes"; type="text/html"'

    def test_forms_of_an_older_version_stay_with_it(self, dimuon: Analysis) -> None:
        answer = Client().get(f"{PAGE}?version=1")

        assert f"{PAGE}/citation.bib?version=1>" in answer["Link"]


CITED = Citation(
    title="Limits & 100 % of {μ}_x", authors=(Author("Ada Lovelace"),), version="2", doi=DOI
)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Lovelace", "Lovelace, Ada"),
        ("Lovelace, Ada King", "Lovelace, Ada King"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("ATLAS Collaboration", "{ATLAS Collaboration}"),
        ("CMS", "{CMS}"),
        ("Research and Development", "{Research and Development}"),
        ("", "{}"),
    ],
)
def test_bibtex_reads_a_name_as_it_is_meant(name: str, written: str) -> None:
    cited = Citation(title="T", authors=(Author(name),), version="1")

    assert f"  author = {{{written}}},\n" in bibtex(cited, key="t", publisher="P")


def test_bibtex_shows_signs_that_are_its_own() -> None:
    text = bibtex(CITED, key="dimuon-fit", publisher="Zenodo")

    assert text.startswith("@misc{dimuon_fit_2,\n")
    assert r"title = {{Limits \& 100 \% of \{μ\}\_x}}" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_a_citation_without_a_doi_leads_to_the_page() -> None:
    cited = Citation(title="Fit", authors=(), version="1", url="https://portal.test/public/fit")

    assert sentence(cited, publisher="Portal").endswith(
        "Fit (Version 1). Portal. https://portal.test/public/fit"
    )
