"""Names of any signs and of 250 characters, on every page on which data is found and looked at."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from django.core.cache import cache
from django.test import Client

from data_mgmt.backends import Did
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.indexed import read_all

pytestmark = pytest.mark.django_db
NAMES = {
    "long": "a" * 250,
    "long path": "/".join("b" * 24 for _ in range(10)),
    "html": "<b>bold</b><script>alert(1)</script>",
    "attribute": "x\" onmouseover='y' &amp;",
    "right to left": "\u202egnp.exe",
    "hebrew": "שלום",
    "address": "a#b?c=d&e+f%2Fg",
    "dots": "a..b...c",
    "percent": "100%",
    "query": "type:dataset OR (x=",
    "template": "{{ 7|add:7 }}{% now %}",
    "spaces": "two  words ",
    "backslash": "a\\b",
    "emoji": "🛰" * 20,
}
TABS = ("", "where", "contents", "files", "metadata", "rules", "used", "preview")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_odd_name_stands_on_each_page_and_is_nothing_but_a_name(
    browser: Client, data_backend: FakeDataBackend, name: str
) -> None:
    file = data_backend.add_file(f"cms:{name}", at=["CERN-DISK"])
    dataset = data_backend.add_dataset(f"odd:{name}", file, note=name)
    data_backend.add_container("cms:box", dataset, file)
    read_all()
    cache.clear()
    browser.post("/data/basket/add", {"did": [str(file), str(dataset)]})
    browser.post("/data/favourites/", {"did": str(file), "star": "on"})
    browser.post("/data/searches/", {"name": name[:100], "query": urlencode({"q": f'"{file}"'})})

    for address in addresses(file, dataset):
        answer = browser.get(address, follow=True)
        assert answer.status_code == 200, address
        text = answer.text
        assert "<b>bold" not in text, address
        assert "<script>alert" not in text, address
        assert 'x" onmouseover' not in text, address
        assert "{{ 14" not in text, address


def addresses(file: Did, dataset: Did) -> list[str]:
    quoted = quote(file.name, safe="")
    of_file, of_dataset = f"/data/cms:{quoted}", f"/data/odd:{quoted}"
    folder = file.name[: file.name.rfind("/") + 1]
    return [
        "/data/",
        "/data/?q=*",
        "/data/?q=type:file",
        f"/data/?{urlencode({'f': 'note', 'o': '=', 'v': file.name})}",
        f"/data/?{urlencode({'scope': 'cms', 'name': file.name[:60]})}",
        "/data/?scope=cms",
        "/data/basket/",
        "/data/favourites/",
        "/data/searches/",
        "/data/scopes/cms/",
        f"/data/scopes/cms/?{urlencode({'path': folder})}",
        f"/data/cms:box?{urlencode({'tab': 'contents', 'via': str(dataset)})}",
        *(f"{of_file}?tab={tab}" for tab in TABS),
        *(f"{of_dataset}?tab={tab}" for tab in TABS),
        f"{of_dataset}?tab=files&view=path",
        f"{of_file}?{urlencode({'via': str(dataset)})}",
    ]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_odd_name_is_found_by_itself(
    browser: Client, data_backend: FakeDataBackend, name: str
) -> None:
    file = data_backend.add_file(f"odd:{name}")
    read_all()
    cache.clear()
    asked = file.name.replace("\\", "\\\\").replace('"', '\\"')

    found = browser.get("/api/v1/data/dids", {"q": f'name="{asked}" scope:odd'}).json()

    assert [row["name"] for row in found["items"]] == [file.name]
