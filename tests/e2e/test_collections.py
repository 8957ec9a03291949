"""A dataset of the group: made from a pasted list, kept for the group, and shut to others."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from tests.e2e.conftest import Person

GROUP_SCOPE = "group.cms"
SECONDS = 20


def test_a_dataset_of_the_group_is_shut_to_others(
    researcher: Person, people: Callable[[str], Person]
) -> None:
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    other = people("colleague")
    other.faults.clear()

    page = researcher.open("/data/collections/new")
    page.select_option("#id_scope", GROUP_SCOPE)
    page.fill("#id_name", name)
    page.fill("#id_dids", "cms:dimuon_synthetic_2026_1.root, cms:not-there")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("done in part").wait_for()
    page.get_by_text("As group /escape/cms, by").wait_for()
    researcher.look("change of a collection")

    researcher.open(f"/data/manage?did={GROUP_SCOPE}:{name}")
    page.select_option("#id_group", "/escape/cms")
    page.fill("#id_until", (datetime.now(UTC) + timedelta(days=30)).date().isoformat())
    page.get_by_role("button", name="Set the embargo").click()
    deadline = time.monotonic() + SECONDS
    while not page.get_by_text("Under embargo").count():
        assert time.monotonic() < deadline, "the embargo is not shown"
        researcher.open(f"/data/{GROUP_SCOPE}:{name}")
    researcher.look("under embargo")

    did = quote(f"{GROUP_SCOPE}:{name}")
    other.open(f"/sessions/new?dataset={did}")
    other.page.get_by_role("button", name="Launch", exact=True).click()
    other.page.get_by_text("is proprietary to /escape/cms").first.wait_for()
    other.open(f"/data/{GROUP_SCOPE}:{name}")
    other.page.get_by_text("Ask a member of /escape/cms").wait_for()
    other.look("proprietary")
    assert other.faults == []
