"""Crates that are made to do harm: nothing is fetched, run or followed without a bound."""

from __future__ import annotations

import json
import socket
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from reproducibility.capture.values import FoundFile
from reproducibility.crate import entities
from reproducibility.crate.entities import Entities, Unreadable
from reproducibility.services import recorded_files
from reproducibility.services.captures import crate_outputs, crates
from tests.unit.reproducibility.capturing.conftest import SCRIPT
from tests.unit.reproducibility.crate.making import document, entity, found, graph, ref
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

#: What reading may take at the worst, on a machine that does other things, too.
SECONDS, BYTES = 10.0, 160 << 20
SPECIFICATION = b"""version: 0.9.0
workflow:
  type: serial
  resources: {kerberos: true}
  specification:
    steps:
      - {kubernetes_uid: 0, compute_backend: slurmcern, voms_proxy: true, commands: [id]}
      - {kubernetes_uid: 1000, compute_backend: kubernetes, voms_proxy: false, commands: [id]}
"""


def analysis(*more: dict[str, Any], **members: Any) -> list[Any]:
    """Return the graph of an analysis of a portal; `members` are its workflow's."""
    told = {"programmingLanguage": ref("#reana"), **members}
    return graph(
        entity("reana.yaml", "File", "ComputationalWorkflow", **told),
        entity("#reana", "ComputerLanguage", name="REANA"),
        *more,
        mainEntity=ref("reana.yaml"),
    )


def file_of(metadata: bytes) -> FoundFile:
    return FoundFile("ro-crate-metadata.json", len(metadata), content=metadata)


def unread(metadata: bytes) -> str:
    """Return why metadata can't be read."""
    with pytest.raises(InvalidRequest) as refused:
        crates.described([file_of(metadata)])
    return refused.value.message


def refusal(folder: Path, metadata: bytes) -> str:
    with pytest.raises(InvalidRequest) as refused:
        found(folder, metadata, {"reana.yaml": b"version: 0.9.0\n", "fit.py": SCRIPT})
    return refused.value.message


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b'{"@graph": ' + b"[" * 100_000, "it is no JSON."),
        (b"[" * 500_000, "it is longer than any that is read here."),
        (b'{"@graph": [' + b"{}," * 400_001 + b"{}]}", "it is longer than any that is read here."),
        (b" " * (entities.MOST_BYTES + 1), "it is longer than any that is read here."),
        (b'{"@graph": [' + b"9" * 5_000 + b"]}", "it is no JSON."),
        (b"\xff\xfe{\x00", "it is no JSON."),
        (b'{"@graph": {"@id": "./"}}', "it has no list of entities, called @graph."),
        (b'{"@graph": [{"@id": 7}, {"@id": ["./"]}]}', "it has no list of entities"),
        (b'{"@graph": [{"@id": "#x"}]}', "it does not say what the crate is"),
    ],
    ids=["deep", "brackets", "many", "long", "digits", "half", "mapping", "nameless", "rootless"],
)
def test_metadata_that_can_not_be_read_are_refused_with_the_reason(
    metadata: bytes, reason: str
) -> None:
    assert reason in unread(metadata)


def test_metadata_that_the_archive_has_no_room_for_are_too_long() -> None:
    large = FoundFile("ro-crate-metadata.json", 100 << 20, sha256="ab" * 32)

    with pytest.raises(InvalidRequest, match="longer than any"):
        crates.described([large])


def shared_parts() -> bytes:
    """Return metadata in which each of many outputs has the same many properties."""
    values = [{"@id": "#v"}] * 60_000
    formals = [entity(f"#f{n}", "FormalParameter", workExample=ref("o.json")) for n in range(9_000)]
    output = {"@id": "o.json", "@type": "File", "additionalProperty": values}
    outputs = ref(*(f"#f{n}" for n in range(9_000)))
    return document(analysis(output, {"@id": "#v", "name": "x" * 500}, *formals, output=outputs))


def shared_nothing() -> bytes:
    """Return metadata in which many outputs share a list of what is no reference at all."""
    formals = [entity(f"#f{n}", "FormalParameter", workExample=ref("o.json")) for n in range(9_000)]
    output = {"@id": "o.json", "@type": "File", "additionalProperty": [0] * 1_000_000}
    return document(analysis(output, *formals, output=ref(*(f"#f{n}" for n in range(9_000)))))


def parts_again_and_again() -> bytes:
    """Return metadata that name one part, of a long checksum, as often as they can."""
    part = {"@id": "a", "@type": "File", "sha256": "\u202e" * 300_000}
    several = [{"@id": "a"}] * 120_000
    return document(analysis(part, hasPart=several, input=several, output=several))


@pytest.mark.parametrize("make", [shared_parts, shared_nothing])
def test_short_metadata_that_are_a_long_way_are_not_followed_to_the_end(
    make: Callable[[], bytes],
) -> None:
    metadata = make()
    assert len(metadata) < entities.MOST_BYTES
    began = time.perf_counter()

    told = unread(metadata)

    assert "its entities refer to one another too often" in told
    assert time.perf_counter() - began < SECONDS


def test_a_part_that_is_named_again_and_again_takes_a_bounded_time() -> None:
    metadata = parts_again_and_again()
    assert len(metadata) < entities.MOST_BYTES
    began = time.perf_counter()

    crate = crates.described([file_of(metadata)])

    assert crate is not None
    assert crate.analysis is not None
    assert set(crate.analysis.files) == {"reana.yaml", "a"}
    assert time.perf_counter() - began < SECONDS


@pytest.mark.parametrize("piece", [b"{},", b'{"@id":"a"},', b'"ab",'])
def test_metadata_take_a_bounded_memory(piece: bytes) -> None:
    head, tail = b'{"@graph": [', b"0]}"
    most = entities.MOST_OBJECTS - 10 if b"{" in piece else entities.MOST_BYTES
    metadata = head + piece * min(most, (entities.MOST_BYTES - 100) // len(piece)) + tail
    tracemalloc.start()

    with pytest.raises(Unreadable):
        Entities(metadata)

    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES


def test_parts_that_go_round_in_circles_end(tmp_path: Path) -> None:
    circle = [entity(f"{n}/", "Dataset", hasPart=ref(f"{(n + 1) % 3}/", "./")) for n in range(3)]

    taken, _notes = found(tmp_path, document(graph(*circle, name="Round", hasPart=ref("0/"))))

    assert taken.title == "Round"


def test_of_entities_with_one_id_the_first_says_what_it_is() -> None:
    told = graph({"@id": "./", "name": "Second", "license": "MIT"}, name="First")

    read = Entities(document(told))

    assert (read.root["name"], read.root["license"]) == ("First", "MIT")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_of_json_are_read(tmp_path: Path, encoding: str) -> None:
    text = document(graph(name="\N{GREEK SMALL LETTER MU} pairs")).decode()

    taken, _notes = found(tmp_path, text.encode(encoding))

    assert taken.title == "\N{GREEK SMALL LETTER MU} pairs"


def test_what_is_no_number_in_json_is_read_as_nothing(tmp_path: Path) -> None:
    value = entity("#rtol", "PropertyValue", name="rtol", value=float("nan"))
    output = entity("fit.py", "File", additionalProperty=ref("#rtol"))
    formal = entity("#out", "FormalParameter", workExample=ref("fit.py"))
    told = document(analysis(output, formal, value, output=ref("#out")))
    assert b"NaN" in told

    taken, _notes = found(tmp_path, told, {"reana.yaml": b"", "fit.py": SCRIPT})

    assert taken.recorded is not None
    assert taken.recorded.tolerances == {}


@pytest.mark.parametrize("kind", [None, 7, [], [None], {"@id": "File"}, ["File", 3, ["x"]]])
def test_odd_types_are_survived(tmp_path: Path, kind: object) -> None:
    told = graph({"@id": "lost.csv", "@type": kind, "name": {"deep": []}}, name="Odd")

    taken, _notes = found(tmp_path, document(told))

    assert taken.title == "Odd"


@pytest.mark.parametrize(
    "key",
    ["file:///etc/passwd", "http://169.254.169.254/latest", "//evil.test/x", "data:,x", "C:/x"],
)
def test_a_file_elsewhere_is_neither_read_nor_fetched(tmp_path: Path, key: str) -> None:
    told = refusal(tmp_path, document(analysis(entity(key, "File"), hasPart=ref(key))))

    assert told == (
        f"The crate names {key} as one of its files. Nothing is fetched: put the file into the "
        "crate."
    )


def test_no_address_of_a_crate_is_ever_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        site = f"http://127.0.0.1:{server.getsockname()[1]}"
        part = entity(f"{site}/part.csv", "File", contentUrl=f"{site}/part.csv")
        told = graph(
            part, license=ref(f"{site}/licence"), author=ref(f"{site}/ada"),
            conformsTo=ref(f"{site}/profile"), hasPart=ref(f"{site}/part.csv"),
        )  # fmt: skip

        found(tmp_path, document(told, context=[f"{site}/context", {"@base": site}]))

        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("licence", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_licence_is_no_address_that_does_something(tmp_path: Path, licence: str) -> None:
    for told in (licence, ref(licence)):
        crate = crates.described([file_of(document(graph(license=told)))])

        assert crate is not None
        assert crate.licence == ""


@pytest.mark.parametrize("other", ["Results/Fit.json", unicodedata.normalize("NFD", "é.json")])
def test_a_name_that_packing_changed_is_told_from_one_that_is_missing(
    tmp_path: Path, other: str
) -> None:
    named = "results/fit.json" if other.isascii() else unicodedata.normalize("NFC", other)
    told = document(analysis(entity(named, "File"), hasPart=ref(named)))

    with pytest.raises(InvalidRequest) as refused:
        found(tmp_path, told, {"reana.yaml": b"", other: b"1"})

    assert f"holds a file of another spelling, {other}" in refused.value.message


def test_what_a_specification_would_take_of_a_person_is_said(tmp_path: Path) -> None:
    told = document(analysis())

    _found, notes = found(tmp_path, told, {"reana.yaml": SPECIFICATION})

    assert notes == [
        "Its steps ask for your secrets at REANA: Kerberos, VOMS. Whoever wrote them gets what "
        "they open: save it only if you trust them.",
        "Its steps set where or as whom they run: kubernetes_uid: 0, compute_backend: slurmcern. "
        "REANA may refuse that.",
    ]


def test_a_large_output_is_not_taken_from_a_folder_that_was_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_RECORDED_FOLDER", str(tmp_path / "recorded"))
    get_config.cache_clear()
    content = b"0" * 1_000
    output = FoundFile("big.root", len(content), sha256(content).hexdigest())
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("a-crate/ro-crate-metadata.json", b"{}")
        packed.writestr(".git/ro-crate-metadata.json", b"{}")
        packed.writestr(".git/big.root", content)
    (tmp_path / "crate.zip").write_bytes(target.getvalue())

    crate_outputs.keep(tmp_path / "crate.zip", [output])

    assert recorded_files.find(output.sha256, output.size) is None


def test_a_key_that_stands_twice_counts_the_last_time() -> None:
    told = json.dumps(graph()[0])
    root = '{"@id": "./", "name": "One", "name": "Two"}'

    read = Entities(f'{{"@graph": [{told}, {root}]}}'.encode())

    assert read.root["name"] == "Two"
