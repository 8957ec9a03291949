"""What the documentation says of the code is true."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from pydantic import BaseModel

from accounts import providers
from accounts.providers import Claims, MembershipHelp, Provider, RoleRule
from demo.parts import components
from demo.people import PEOPLE
from scripts import matrix_doc, settings_doc
from vre_portal.errors import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ADRS = sorted((DOCS / "adr").glob("*.md"))
METHODS = {"get", "post", "put", "patch", "delete"}


@cache
def _schema_routes() -> frozenset[tuple[str, str]]:
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return frozenset(
        (method.upper(), path)
        for path, operations in schema["paths"].items()
        for method in METHODS & operations.keys()
    )


def _documented_routes() -> list[tuple[str, str]]:
    rows = re.findall(r"^\| ([A-Z, ]+) \| `(/api/v1/[^`]*)` \|", _text("api.md"), re.MULTILINE)
    return [(method, path) for methods, path in rows for method in methods.split(", ")]


def _text(name: str) -> str:
    return (DOCS / name).read_text()


def _links(page: Path) -> list[str]:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose))
    return [target for target in targets if "://" not in target]


def _anchors(page: Path) -> set[str]:
    text = page.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


def test_the_settings_page_is_what_the_generator_writes() -> None:
    written = _text("settings.md")

    assert written == settings_doc.render(), "run `python scripts/settings_doc.py`"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_stands_in_the_table_with_its_status(kind: Any) -> None:
    retryable = "yes" if kind.retryable else "no"

    row = f'| <a id="{kind.code}"></a>`{kind.code}` | {kind.status} | {retryable} |'

    assert row in _text("errors.md")


def test_the_table_of_errors_has_no_other() -> None:
    told = re.findall(r'<a id="([^"]+)">', _text("errors.md"))

    assert told == [kind.code for kind in KINDS]


def test_every_route_of_the_schema_stands_in_the_api_page() -> None:
    missing = _schema_routes() - set(_documented_routes())

    assert not missing


def test_the_api_page_names_no_route_that_there_is_not_and_none_twice() -> None:
    told = _documented_routes()

    assert set(told) <= _schema_routes()
    assert len(told) == len(set(told))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        known = target.suffix != ".md" or not anchor or anchor in _anchors(target)
        if not target.exists() or not known:
            broken.append(link)

    assert not broken


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.name)
def test_a_decision_says_context_decision_and_consequences(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)

    assert headings == ["Context", "Decision", "Consequences"]


def test_every_decision_stands_in_the_index() -> None:
    listed = re.findall(r"\(adr/([^)]+)\)", _text("index.md"))

    assert [name for name in listed if name] == [page.name for page in ADRS]


def test_every_page_stands_in_the_index() -> None:
    pages = {page.name for page in DOCS.glob("*.md")} - {"index.md"}

    assert pages <= set(_links(DOCS / "index.md"))


def test_the_demos_data_stand_with_package_and_licence() -> None:
    page = _text("demo.md")
    sources = json.loads((ROOT / "demo" / "seed" / "sources.json").read_text())

    rows = [
        f"| `{one['name']}` | {one['note']} | {one['package']} {one['version']} |"
        f" {one['licence']} |"
        for one in sources
    ]

    assert [row for row in rows if row not in page] == []


def test_the_demos_components_and_people_stand_in_its_page() -> None:
    page = _text("demo.md")

    names = [each.name for each in components()] + [each.username for each in PEOPLE]

    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_test_that_the_security_page_names_is_there() -> None:
    named = re.findall(r"`((?:unit|contract|e2e)/[\w/]+\.py)(?:::(\w+))?`", _text("security.md"))

    missing = [
        (file, test)
        for file, test in named
        if (test and f"def {test}(") not in (ROOT / "tests" / file).read_text()
    ]

    assert len(named) > 30
    assert missing == []


def test_the_sign_in_matrix_is_what_the_generator_writes() -> None:
    written = _text("sign-in-matrix.md")

    assert written == matrix_doc.render(), "run `python scripts/matrix_doc.py`"


@pytest.mark.parametrize("part", [Provider, Claims, RoleRule, MembershipHelp])
def test_every_key_of_the_providers_file_is_documented(part: type[BaseModel]) -> None:
    page = _text("identity.md").partition("### INDIGO IAM")[0]

    assert [key for key in part.model_fields if f"`{key}`" not in page] == []


def test_the_worked_examples_of_providers_can_be_read(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(- slug: .*?)```", _text("identity.md"), re.DOTALL)
    secret = tmp_path / "secret"
    secret.write_text("x")
    file = tmp_path / "providers.yaml"
    told = re.sub(r"client_secret_file: \S+", f"client_secret_file: {secret}", "".join(examples))
    file.write_text(told)

    assert list(providers.read(file)) == ["escape", "checkin", "cern", "federation", "certified"]


def test_no_page_names_a_path_of_a_machine() -> None:
    forbidden = re.compile("(?<![a-z0-9.])/(work|root|home|tmp)/")

    assert [page.name for page in PAGES if forbidden.search(page.read_text())] == []
