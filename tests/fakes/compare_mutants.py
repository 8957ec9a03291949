"""Compares broken and hostile files with whole ones in the cage; run by the previews' interpreter.

Each format has a process of its own, which is begun again behind the file that ended it. A line of
JSON a file tells what came of it.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MUTANTS = 100
MEMORY = 1 << 30
CPU_SECONDS = 25
File = tuple[str, bytes, bytes]


class Held:
    """A file in memory."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return a range."""
        return self.content[offset : offset + length]


def mutants(content: bytes, seed: int) -> Iterator[bytes]:
    """Yield truncations, flipped bits, runs of 0xFF or 0, doubled and lost parts."""
    chance = random.Random(seed)
    yield content[: len(content) // 2]
    yield content[:-1]
    yield content[:64] + bytes(2000)
    for number in range(MUTANTS - 3):
        held = bytearray(content)
        at = chance.randrange(8, len(held))
        for _ in range(1 + number % 12):
            held[chance.randrange(8, len(held))] ^= 1 << chance.randrange(8)
        if number % 4 == 1:
            held[at : at + 8] = b"\xff" * len(held[at : at + 8])
        if number % 4 == 2:
            held[at:at] = held[max(0, at - 200) : at]
        if number % 4 == 3:
            del held[at : at + chance.randrange(1, 300)]
        yield bytes(held)


def bombs() -> Iterator[tuple[str, str, bytes]]:
    """Yield format, name and content of files that mean harm."""
    nasty = "\u202egnp.exe<script>alert(1)</script>\u0000\x1b[31m"
    yield "json", "deep", b"[" * 200_000
    yield "json", "nasty", json.dumps({nasty: [nasty]}).encode()
    yield (
        "json",
        "long",
        json.dumps({"\U0001f600" * 5000 + str(n): "\U0001f600" for n in range(99)}).encode(),
    )
    yield "json", "number", b"[" + b"9" * 5000 + b"]"
    yield "json", "huge", json.dumps({"first": 10**4000}).encode()
    yield "json", "twice", b'{"a": 1, "a": 2}'
    yield "yaml", "deep", b"[" * 50_000
    laughs = ["a: &a [x, x, x, x, x, x, x, x]"]
    laughs += [
        f"{n}: &{n} [{', '.join([f'*{p}'] * 8)}]"
        for p, n in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)
    ]
    yield "yaml", "laughs", "\n".join(laughs).encode()
    yield "yaml", "object", b"!!python/object/apply:os.system ['true']"
    yield "yaml", "itself", b"&a [*a, *a]"
    yield "csv", "line", b'"' + b"a," * 600_000
    yield "csv", "wide", (b"1," * 50_000 + b"\n") * 3
    yield "csv", "nasty", f"{nasty},b\n{nasty},1\n".replace("\0", "").encode()
    yield "text", "line", "\u202e<b>".encode() * 3_000_000
    yield "text", "digits", b"1" * 3_000_000
    cells = [{"cell_type": "markdown", "source": nasty}, {"cell_type": "code", "outputs": 7}]
    yield "notebook", "nasty", json.dumps({"cells": [*cells, None]}).encode()
    yield "notebook", "outputs", json.dumps({"cells": [*cells, {"outputs": [1]}]}).encode()
    size = (60_000).to_bytes(4, "big")
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size * 2 + b"\x08\x02\0\0\0\xab\xcd\xef\x01"
    yield "image", "bomb", png
    cards = ["SIMPLE  =                    T", "BITPIX  =                  -64"]
    cards += ["NAXIS   =                    2"]
    cards += ["NAXIS1  =         999999999999", "NAXIS2  =         999999999999", "END"]
    yield "fits", "huge", "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }"
    npy = b"\x93NUMPY\x01\0" + (len(head) + 1).to_bytes(2, "little") + head + b"\n"
    yield "npy", "huge", npy
    yield "npy", "objects", npy.replace(b"'<f8'", b"'|O' ")
    yield "npz", "bomb", _zipped(npy + bytes(300 << 20))


def _zipped(content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mass.npy", content)
    return held.getvalue()


def files(folder: Path) -> dict[str, list[File]]:
    """Return name, recorded and found content by format; either may be the broken one."""
    from reproducibility.compare.formats import BEGINNING, detect

    found: dict[str, list[File]] = {}
    whole: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        kind = detect(content[:BEGINNING], path.name)
        whole[kind] = content
        for number, mutant in enumerate(mutants(content, len(content))):
            pair = (content, mutant) if number % 2 else (mutant, content)
            found.setdefault(kind, []).append((f"{path.name} {number}", *pair))
    for kind, name, content in bombs():
        found[kind].append((name, whole[kind], content))
        found[kind].append((f"{name} recorded", content, whole[kind]))
        found[kind].append((f"{name} twice", content, content))
    return found


def run(kind: str, wanted: list[File], begin: int, out: int) -> None:
    """Compare the files of one format in the cage, and say each answer."""
    from data_mgmt.previews import cage
    from data_mgmt.previews.reading import Blocks
    from data_mgmt.previews.worker import prepare
    from reproducibility.compare import worker
    from reproducibility.compare.formats import MODULES

    module: Any = importlib.import_module(f"reproducibility.compare.{MODULES[kind]}")
    prepare((*worker.LATER, *module.LATER))
    cage.lock(cage.Limits(memory_bytes=MEMORY, cpu_seconds=CPU_SECONDS))
    declared = [{}, {"rtol": 1e-6, "atol": 1e-9}, {"statistical": True}]
    for number, (name, recorded, found) in enumerate(wanted[begin:], begin):
        job = {"format": kind, "tolerance": declared[number % 3]}
        started = time.monotonic()
        answer = worker.compared(module, Blocks(Held(recorded)), Blocks(Held(found)), job)
        took = time.monotonic() - started
        line = {"format": kind, "number": number, "name": name, "seconds": took, "answer": answer}
        os.write(out, json.dumps(line).encode() + b"\n")


def main(repository: str, folder: str) -> None:
    """Run each format in a process of its own."""
    sys.path.insert(0, repository)
    for kind, wanted in files(Path(folder)).items():
        begin = 0
        while begin < len(wanted):
            begin = _one(kind, wanted, begin)


def _one(kind: str, wanted: list[File], begin: int) -> int:
    """Run until the process ends; return where the next one has to go on."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        try:
            run(kind, wanted, begin, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    done = begin
    with os.fdopen(ours, "rb") as answers:
        for line in answers:
            sys.stdout.buffer.write(line)
            done = json.loads(line)["number"] + 1
    _pid, status = os.waitpid(child, 0)
    if done < len(wanted):
        told = {"format": kind, "number": done, "name": wanted[done][0], "died": status}
        sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
        done += 1
    sys.stdout.flush()
    return done


if __name__ == "__main__":
    main(*sys.argv[1:])
