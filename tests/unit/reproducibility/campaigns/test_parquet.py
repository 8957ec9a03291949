"""The table of results as Parquet: written in the cage, with types and with what made it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.previews.cage import Limits
from reproducibility.models import Analysis
from reproducibility.points import files
from reproducibility.services.campaigns import exporting, making, parquet
from tests.factories import sign_in
from tests.fakes.previews import previews_python
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end
from vre_portal.config import get_config

READ = """
import json, sys
import pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
types = {field.name: str(field.type) for field in table.schema}
told = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
print(json.dumps({"types": types, "rows": table.to_pylist(), "metadata": told}))
"""


def read(content: bytes, folder: Path) -> dict[str, Any]:
    """Return what another program finds in a Parquet file: types, rows and metadata."""
    path = folder / "table.parquet"
    path.write_bytes(content)
    done = subprocess.run(
        [str(previews_python()), "-c", READ, str(path)], check=True, capture_output=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def written(names: list[str], rows: Sequence[Sequence[Any]]) -> bytes:
    out = BytesIO()
    parquet.write(out, rows, names, {"title": "Bins"}, python=previews_python())
    return out.getvalue()


def test_columns_have_the_types_of_their_values(tmp_path: Path) -> None:
    names = ["whole", "number", "truth", "text", "mixed", "huge", "none"]
    rows: list[list[object]] = [
        [-(2**63), 1, True, "ü", "x", 2**63, None],
        [None, 0.5, None, None, 1.5, 1, None],
        [2**63 - 1, None, False, "", True, None, None],
    ]

    found = read(written(names, rows), tmp_path)

    assert found["types"] == {
        "whole": "int64", "number": "double", "truth": "bool", "text": "string",
        "mixed": "string", "huge": "string", "none": "double",
    }  # fmt: skip
    assert [list(row.values()) for row in found["rows"]] == [
        [-(2**63), 1.0, True, "ü", "x", str(2**63), None],
        [None, 0.5, None, None, "1.5", "1", None],
        [2**63 - 1, None, False, "", "true", None, None],
    ]


def test_the_same_table_gives_the_same_bytes() -> None:
    rows = [[n, n / 7] for n in range(1000)]

    assert written(["n", "x"], rows) == written(["n", "x"], rows)


def test_a_table_of_several_groups_of_rows_comes_whole_and_in_order() -> None:
    out = BytesIO(written(["n"], [[n] for n in range(45_000)]))

    with files.opened(out, python=previews_python()) as table:
        assert [cells[0] for _number, cells in table.rows] == list(range(45_000))


def test_a_cage_that_is_too_small_is_told_and_breaks_nothing() -> None:
    rows = [["x" * 1000, n] for n in range(50_000)]
    limits = Limits(memory_bytes=64 << 20)

    with pytest.raises(parquet.NotWritten, match="Take it as CSV"):
        parquet.write(BytesIO(), rows, ["a", "b"], {}, python=previews_python(), limits=limits)


def test_a_campaign_comes_as_parquet_with_what_made_it(
    make: Make, alice: User, client: Client, analysis: Analysis, tmp_path: Path
) -> None:
    made = make(3, source={"kind": "random", "seed": 17})
    campaign = to_its_end(making.go_on(alice, made.pk))
    sign_in(client, alice)

    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/results?format=parquet")

    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    assert f"campaign-{campaign.pk}.parquet" in answer["Content-Disposition"]
    found = read(answer.getvalue(), tmp_path)
    assert [(row["point"], row["bins"], row["mass"]) for row in found["rows"]] == [
        (1, 10, 91.19), (2, 20, 91.19), (3, 30, 91.19),
    ]  # fmt: skip
    assert found["types"]["bins"] == "int64"
    assert found["types"]["mass"] == "double"
    told = found["metadata"]
    assert (told["campaign"], told["title"]) == (str(campaign.pk), "Bins")
    assert (told["analysis"], told["analysis_version"]) == ("dimuon", "1")
    assert json.loads(told["source"])["seed"] == 17
    assert json.loads(told["results"])[0]["path"] == "results/fit.json"


def test_csv_can_be_named_and_another_format_is_refused_by_its_field(
    make: Make, alice: User, client: Client
) -> None:
    campaign = make(2)
    sign_in(client, alice)
    where = f"/api/v1/campaigns/{campaign.pk}/results"

    named, refused = client.get(f"{where}?format=csv"), client.get(f"{where}?format=xlsx")

    assert named.getvalue() == client.get(where).getvalue()
    assert refused.status_code == 422
    assert refused.json()["field"] == "format"


def test_without_the_cage_only_csv_is_offered(
    make: Make, alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make(2)
    sign_in(client, alice)
    monkeypatch.delenv("VRE_PREVIEW_PYTHON")
    get_config.cache_clear()

    answer = client.get(f"/api/v1/campaigns/{campaign.pk}/results?format=parquet")

    assert exporting.formats() == [exporting.Format.CSV]
    assert answer.status_code == 422
    assert answer.json()["field"] == "format"
