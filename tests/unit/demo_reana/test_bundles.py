"""A bundle is read with its limits, and nothing in it leads out of a workspace."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from demo.reana.errors import Malformed, TooLarge
from demo.reana.services import bundles
from demo.reana.services.bundles import load_yaml, open_bundle

SPECIFICATION = "workflow: {type: serial, specification: {steps: []}}\n"


def bundle(members: Mapping[str, str], **attributes: int) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes.get("mode", stat.S_IFREG | 0o600) << 16
            archive.writestr(member, content)
    stream.seek(0)
    return stream


def unfolding(first: str, many: str, one: str) -> bytes:
    """A short text in which each line stands for nine of the line before."""
    names = "abcdefghi"
    lines = [
        f"{name}: &{name} " + many.format(",".join([one.format(before)] * 9))
        for before, name in pairwise(names)
    ]
    return "\n".join([f"a: &a {first}", *lines]).encode()


def test_a_bundle_tells_its_specification_and_hands_over_its_files(tmp_path: Path) -> None:
    taken = {}

    with open_bundle(bundle({"reana.yaml": SPECIFICATION, "code/run.py": "pass"})) as opened:
        opened.unpack(tmp_path, lambda name, part: taken.update({name: part.read_text()}))

    assert opened.specification["workflow"]["type"] == "serial"
    assert taken == {"reana.yaml": SPECIFICATION, "code/run.py": "pass"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", "a/.."])
def test_a_path_out_of_the_bundle_is_refused(name: str) -> None:
    with pytest.raises(Malformed), open_bundle(bundle({"reana.yaml": SPECIFICATION, name: "x"})):
        pass


def test_a_link_in_a_bundle_is_refused() -> None:
    with pytest.raises(Malformed), open_bundle(bundle({"reana.yaml": "x"}, mode=stat.S_IFLNK)):
        pass


@pytest.mark.parametrize("stream", [b"", b"no zip at all", bundle({"other": "x"}).getvalue()])
def test_what_is_no_bundle_is_refused(stream: bytes) -> None:
    with pytest.raises(Malformed), open_bundle(io.BytesIO(stream)):
        pass


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_whose_unpacking_has_no_bound_is_refused(way: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", way) as archive:
        archive.writestr("reana.yaml", SPECIFICATION)

    with pytest.raises(Malformed, match="not a plain file"), open_bundle(stream):
        pass


def test_a_list_of_members_is_not_read_when_it_is_too_long() -> None:
    length = bundles.MOST_DIRECTORY_BYTES + 1
    end = b"PK\x05\x06" + bytes(8) + struct.pack("<II", length, 0) + bytes(2)

    with pytest.raises(TooLarge), open_bundle(io.BytesIO(bytes(length) + end)):
        pass


def test_a_list_of_members_with_a_second_length_is_refused() -> None:
    content = bundle({"reana.yaml": SPECIFICATION}).getvalue()
    locator = b"PK\x06\x07" + bytes(16)

    with (
        pytest.raises(TooLarge),
        open_bundle(io.BytesIO(content[:-22] + locator + content[-22:])),
    ):
        pass


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    content = bundle({"reana.yaml": SPECIFICATION, "data": "some bytes"}).getvalue()
    damaged = io.BytesIO(content.replace(b"some bytes", b"same bytes", 1))

    with pytest.raises(Malformed), open_bundle(damaged) as opened:
        opened.unpack(tmp_path, lambda name, part: None)


def test_a_bundle_has_a_limit_of_files() -> None:
    members = {"reana.yaml": SPECIFICATION} | {f"f{n}": "" for n in range(bundles.MOST_FILES)}

    with pytest.raises(TooLarge), open_bundle(bundle(members)):
        pass


def test_a_bundle_has_a_limit_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 100)

    with pytest.raises(TooLarge), open_bundle(bundle({"reana.yaml": "x" * 101})):
        pass


@pytest.mark.parametrize(
    ("engine", "named"),
    [
        ("cwl", "inputs: {parameters: {input: values.yaml}}"),
        ("snakemake", "inputs: {parameters: {input: ./values.yaml}}"),
    ],
)
def test_parameters_may_stand_in_a_file_of_their_own(engine: str, named: str) -> None:
    members = {
        "reana.yaml": f"workflow: {{type: {engine}, file: main}}\n{named}\n",
        "values.yaml": "events: 100\n",
    }

    with open_bundle(bundle(members)) as opened:
        assert opened.specification["inputs"]["parameters"] == {"events": 100}


def test_a_serial_parameter_may_be_called_input() -> None:
    text = f"{SPECIFICATION}inputs: {{parameters: {{input: values.yaml}}}}\n"

    with open_bundle(bundle({"reana.yaml": text})) as opened:
        assert opened.specification["inputs"]["parameters"] == {"input": "values.yaml"}


def test_yaml_becomes_what_json_can_hold() -> None:
    assert load_yaml(b"day: 2026-11-27\n1: one\n") == {"day": "2026-11-27", "1": "one"}


@pytest.mark.parametrize(
    "text",
    [
        b"{unclosed",
        b"value: .nan",
        b"!!python/object/apply:os.system [id]",
        b"\xff\xfe\x00",
        unfolding("[x]", "[{}]", "*{}"),
        b"a: &a [*a]",
        b"a: &a [" + b"x," * 20_000 + b"*a]",
        b"a: &a " + b"x" * 300_000 + b"\nb: [" + b"*a," * 1000 + b"]",
        b"a: &a " + b"x" * 1000 + b"\nb: [" + b"{*a : 1}," * 5000 + b"]",
        b"a: &a " + b"9" * 4000 + b"\nb: [" + b"*a," * 1000 + b"]",
        unfolding("!!pairs [k: x]", "!!pairs [{}]", "k: *{}"),
        unfolding("{k: x}", "{{<<: [{}]}}", "*{}"),
    ],
)
def test_yaml_that_cannot_be_kept_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        load_yaml(text)
