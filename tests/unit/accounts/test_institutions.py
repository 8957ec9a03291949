"""Finding one's institution however it is typed, and the feeds that it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import feeds, institutions, providers
from accounts.models import Institution
from tests.fakes.provider import FakeProvider

pytestmark = pytest.mark.django_db
HEADER = "entity_id,name,other_names,abbreviations,domains,country,error_url"


class Forms(HTMLParser):
    """The forms of a page, as a browser without a script sends them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, and its fields."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((told, {}))
        elif tag == "input" and self.found:
            self.found[-1][1][told.get("name", "")] = told.get("value", "")


@pytest.fixture(autouse=True)
def _reachable(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the provider know a parameter that leads straight to an institution."""
    entry = providers.registry()["escape"].model_copy(update={"hint_parameter": "aarc_idp_hint"})
    monkeypatch.setattr(providers, "registry", lambda: {"escape": entry})


def make(name: str, **more: Any) -> Institution:
    """Keep an institution as a feed would give it."""
    entity_id = more.pop("entity_id", f"https://idp.test/{name}")
    entry = {"provider": "escape", "hint": entity_id, "entity_id": entity_id, "name": name, **more}
    row = institutions.row_of(entry)
    row.save()
    return row


def found(query: str) -> list[str]:
    return [each.name for each in institutions.search(query)]


def feed(folder: Path, *lines: str, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def load(path: Path, *more: str) -> tuple[list[str], list[str]]:
    """Return what the command says, and what it complains of."""
    out, complaints = StringIO(), StringIO()
    call_command(
        "load_institutions", str(path), "--provider", "escape", *more, stdout=out, stderr=complaints
    )
    return out.getvalue().splitlines(), complaints.getvalue().splitlines()


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("Georg-August-Universität Göttingen", ["gottingen", "Göttingen", "goettingen", "GÖTT"]),
        ("Uniwersytet Łódzki", ["lodzki", "Łódzki", "łódzki", "LODZ"]),
        ("Ærø Universitet", ["aero", "ærø", "AERO universitet"]),
        ("Université de Genève", ["geneve", "universite geneve", "de genève", "geneve universite"]),
        (
            "İstanbul Üniversitesi",
            ["istanbul", "\N{LATIN SMALL LETTER DOTLESS I}stanbul", "universitesi"],
        ),
        ("L'Aquila: Laboratori", ["aquila", "l'aquila", "laboratori, l'aquila"]),
    ],
)
def test_a_name_is_found_as_people_type_it(name: str, queries: list[str]) -> None:
    make(name)
    make("Somewhere Else")

    for query in queries:
        assert found(query) == [name], query


def test_an_abbreviation_comes_first() -> None:
    make("Institute of CERNing")
    make("European Organization for Nuclear Research", abbreviations=["CERN"])

    assert found("cern") == ["European Organization for Nuclear Research", "Institute of CERNing"]


def test_names_in_other_languages_are_found() -> None:
    make("Universität Wien", names={"en": "University of Vienna"})

    assert found("vienna") == ["Universität Wien"]


@pytest.mark.parametrize(
    "query",
    [
        "ada@physik.uni-goettingen.de",
        "uni-goettingen.de",
        "ADA@Uni-Goettingen.DE",
        "ada@uni-goettingen.de.",
    ],
)
def test_an_email_domain_is_found_below_the_institutions_own(query: str) -> None:
    make("Georg-August-Universität", domains=["uni-goettingen.de"])
    make("Another of Germany", domains=["uni-other.de"])

    assert found(query) == ["Georg-August-Universität"]


def test_a_country_alone_is_no_domain() -> None:
    make("Georg-August-Universität", domains=["de"])

    assert found("ada@elsewhere.de") == []


@pytest.mark.parametrize("query", ["", "   ", "!?", "\0", "%", "…"])
def test_nothing_typed_finds_nothing(query: str) -> None:
    make("Georg-August-Universität Göttingen")

    assert found(query) == []


@pytest.mark.parametrize("query", ["'; DROP", "_", "a" * 5000, "\\", "{}"])
def test_odd_queries_are_only_queries(client: Client, query: str) -> None:
    make("Georg-August-Universität Göttingen")

    assert client.get("/accounts/login/", {"q": query}).status_code == 200


@pytest.mark.parametrize("query", ["gottignen", "univrsitat gottingen", "goetingen"])
def test_a_slip_of_the_fingers_is_forgiven(query: str) -> None:
    make("Georg-August-Universität Göttingen")
    make("Uniwersytet Łódzki")

    assert found(query) == ["Georg-August-Universität Göttingen"]


def test_an_address_that_nobody_has_is_not_taken_for_a_slip() -> None:
    make("Georg-August-Universität Göttingen", domains=["uni-goettingen.de"])

    assert found("ada@uni-gottinger.de") == []


def test_those_that_no_provider_reaches_are_not_offered() -> None:
    make("Georg-August-Universität Göttingen")
    Institution.objects.update(provider="gone")

    assert found("gottingen") == []
    assert found("gottignen") == []
    assert institutions.find("https://idp.test/Georg-August-Universität Göttingen") is None


def test_six_thousand_are_searched(client: Client) -> None:
    Institution.objects.bulk_create(
        institutions.row_of(
            {
                "provider": "escape", "hint": f"h{n}", "entity_id": f"https://idp.test/{n}",
                "name": f"University of Place {n}", "domains": [f"place-{n}.test"],
            }
        )
        for n in range(6000)
    )  # fmt: skip
    make("Georg-August-Universität Göttingen")

    assert len(found("university")) == institutions.MOST_SHOWN
    assert len(found("univrsity")) == institutions.MOST_SHOWN
    assert found("place 4711") == ["University of Place 4711"]
    assert found("somebody@a.place-17.test") == ["University of Place 17"]
    assert found("gottignen") == ["Georg-August-Universität Göttingen"]
    assert found("zzqxwvkp zzqxwvkp") == []
    assert "Göttingen" in client.get("/accounts/login/", {"q": "gottingen"}).content.decode()


def test_the_page_leads_there_without_a_script(client: Client) -> None:
    make("Georg-August-Universität Göttingen", entity_id="https://idp.goe.test/saml")
    page = client.get("/accounts/login/", {"next": "/data/"}).content.decode()
    how, fields = next(form for form in Forms(page).found if "q" in form[1])
    assert (how["method"], how["action"]) == ("get", "/accounts/login/")

    page = client.get(how["action"], {**fields, "q": "gottingen"}).content.decode()
    how, fields = next(form for form in Forms(page).found if form[1].get("idp"))
    answer = client.post(how["action"], fields)

    assert "aarc_idp_hint=https%3A%2F%2Fidp.goe.test%2Fsaml" in answer["Location"]
    assert fields["next"] == "/data/"


def test_while_typing_only_the_list_is_sent(client: Client) -> None:
    make("Georg-August-Universität Göttingen")

    page = client.get("/accounts/login/", {"q": "gottingen", "fragment": "found"}).content.decode()

    assert "Göttingen" in page
    assert "1 institution fits" in page
    assert "<html" not in page


def test_a_query_that_fits_nothing_says_what_to_do(client: Client) -> None:
    make("Georg-August-Universität Göttingen")

    page = client.get("/accounts/login/", {"q": "zzqxwvkp"}).content.decode()

    assert "No institution fits" in page


def test_without_institutions_there_is_no_search(client: Client) -> None:
    assert 'name="q"' not in client.get("/accounts/login/").content.decode()


def test_a_csv_is_loaded_whole(tmp_path: Path) -> None:
    path = feed(
        tmp_path,
        f"\ufeff{HEADER}",
        "https://a.test/,Universität A,University A|Université A,ua|UNIA,A.test|b.test,DE,https://a.test/help",
        '"https://b.test/","Comma, University of",,,,,',
    )  # fmt: skip

    said, complaints = load(path, "--hint-prefix", "saml:")

    assert said == ["2 added, 0 changed, 0 removed, 0 as before, 0 left out"]
    assert complaints == []
    row = Institution.objects.get(entity_id="https://a.test/")
    assert (row.hint, row.country, row.error_url) == (
        "saml:https://a.test/", "DE", "https://a.test/help",
    )  # fmt: skip
    assert (row.abbreviations, row.domains) == (["UA", "UNIA"], ["a.test", "b.test"])
    assert found("université a") == ["Universität A"]
    assert found("comma") == ["Comma, University of"]


def thiss(*entries: object) -> str:
    return json.dumps(entries)


def test_a_discovery_feed_is_loaded_whole(tmp_path: Path) -> None:
    entry = {
        "entityID": "https://idp.ox.test/saml", "title": "University of Oxford",
        "title_langs": {"en": "University of Oxford", "fr": "Université d'Oxford"},
        "scope": "ox.ac.uk,oxford.test", "domain": "ox.ac.uk", "keywords": "Oxon, OU",
        "type": "idp", "auth": "saml", "hidden": "false",
    }  # fmt: skip
    path = feed(tmp_path, thiss(entry), name="feed.json")

    said, _complaints = load(path)

    assert said == ["1 added, 0 changed, 0 removed, 0 as before, 0 left out"]
    row = Institution.objects.get()
    assert (row.country, row.domains) == ("UK", ["ox.ac.uk", "oxford.test"])
    assert found("oxon") == found("ada@physics.ox.ac.uk") == ["University of Oxford"]


def test_loading_again_changes_what_changed_and_removes_what_is_gone(tmp_path: Path) -> None:
    other = make("Of another provider")
    Institution.objects.filter(pk=other.pk).update(provider="checkin")
    first = feed(tmp_path, HEADER, *(f"https://{n}.test/,Institute {n},,,,," for n in "abc"))
    load(first)
    kept = Institution.objects.get(entity_id="https://a.test/").pk
    second = feed(
        tmp_path, HEADER, "https://a.test/,Institute a,,,,,",
        "https://b.test/,Institute B of b,,,,,", "https://d.test/,Institute d,,,,,",
        name="second.csv",
    )  # fmt: skip

    dry, _ = load(second, "--dry-run")
    assert Institution.objects.filter(entity_id="https://c.test/").exists()
    said, _ = load(second)

    assert dry == said == ["1 added, 1 changed, 1 removed, 1 as before, 0 left out"]
    assert Institution.objects.get(entity_id="https://a.test/").pk == kept
    assert found("B of b") == ["Institute B of b"]
    assert not Institution.objects.filter(entity_id="https://c.test/").exists()
    assert Institution.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",Institute,,,,,", "entity_id: it is missing"),
        ("https://x.test/,,,,,,", "name: it is missing"),
        ("https://ok.test/,Twice,,,,,", "entity_id: it is there twice"),
        (f"https://x.test/,{'n' * 301},,,,,", "name: a text of at most 300 characters"),
        ("https://x.test/,Name,,,,DEU,", "country: a text of at most 2 characters"),
        (f"https://x.test/,Name,,{'A' * 61},,,", "abbreviations: each of at most 60 characters"),
        (f"https://x.test/,Name,,,{'d' * 201},,", "domains: each of at most 200 characters"),
        ("https://x.test/,Name,,,,,http://x.test/", "error_url: an https address"),
        ("https://x.test/,Na\0me,,,,,", "a NUL character"),
    ],
)
def test_a_fault_is_named_by_file_and_line_and_the_rest_is_loaded(
    tmp_path: Path, line: str, fault: str
) -> None:
    path = feed(tmp_path, HEADER, "https://ok.test/,Good,,,,,", line)

    said, complaints = load(path)

    assert complaints == [f"left out: feed.csv, line 3, {fault}"]
    assert said == ["1 added, 0 changed, 0 removed, 0 as before, 1 left out"]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"title": "T"}, "entity_id: it is missing"),
        ("text", "entity_id: it is missing"),
        ({"entityID": "https://x.test/", "title": ["T"]}, "name: it is missing"),
        ({"entityID": "https://x.test/", "title": "T", "title_langs": {"en": 1}}, "names: texts"),
        ({"entityID": "https://x.test/", "title": "T\0"}, "a NUL character"),
    ],
)
def test_a_fault_of_a_discovery_feed_is_named_by_its_entry(
    tmp_path: Path, entry: object, fault: str
) -> None:
    good = {"entityID": "https://ok.test/", "title": "Good"}
    path = feed(tmp_path, thiss(good, entry), name="feed.json")

    _said, complaints = load(path)

    assert len(complaints) == 1
    assert complaints[0].startswith(f"left out: feed.json, entry 2, {fault}")
    assert found("good") == ["Good"]


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("feed.json", ["{not json"], "feed.json is no JSON"),
        ("feed.json", ['{"a": 1}'], "a list of entries is needed"),
        ("feed.json", ["[]"], "feed.json holds no institution"),
        ("feed.csv", ["id,title", "1,2"], "feed.csv, line 1: no column entity_id, name"),
        ("feed.csv", [""], "no column entity_id, name"),
        ("feed.csv", [HEADER, ",,,,,,"], "feed.csv, line 2, entity_id: it is missing"),
        ("feed.csv", [HEADER, f"https://x.test/,{'n' * 200_000},,,,,"], "feed.csv, line 1"),
    ],
)
def test_what_is_no_feed_changes_nothing(
    tmp_path: Path, name: str, lines: Sequence[str], says: str
) -> None:
    make("Institute of before")

    with pytest.raises(CommandError, match=says):
        load(feed(tmp_path, *lines, name=name))

    assert found("before") == ["Institute of before"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.csv can't be read"):
        load(tmp_path / "missing.csv")


def test_an_unknown_provider_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="one of escape"):
        call_command("load_institutions", str(tmp_path / "x.csv"), "--provider", "nobody")


def test_a_provider_that_leads_nowhere_takes_no_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = providers.registry()["escape"].model_copy(update={"hint_parameter": ""})
    monkeypatch.setattr(providers, "registry", lambda: {"escape": entry})
    path = feed(tmp_path, HEADER, "https://a.test/,A,,,,,")

    with pytest.raises(CommandError, match="hint_parameter"):
        load(path)


@pytest.mark.parametrize("name", ["escape.csv", "checkin.csv"])
def test_the_demos_own_feeds_have_no_fault(name: str) -> None:
    path = Path(__file__).parents[3] / "demo" / "institutions" / name

    done = feeds.load(path, provider="escape")

    assert done.faults == []
    assert done.added > 50
