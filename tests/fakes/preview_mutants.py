"""Makes previews of broken and hostile files in the cage; run by the interpreter of the previews.

Each format has a process of its own, which is begun again behind the file that ended it. A line of
JSON a file tells what came of it.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MUTANTS = 8
MEMORY = 1 << 30


class Held:
    """A file in memory."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return a range."""
        return self.content[offset : offset + length]


def mutants(content: bytes, seed: int) -> Iterator[bytes]:
    """Yield truncations, flipped bits, runs of 0xFF, doubled and lost parts."""
    chance = random.Random(seed)
    yield content
    yield content[: len(content) // 2]
    yield content[:-1]
    yield content[:64] + bytes(2000)
    for number in range(MUTANTS):
        held = bytearray(content)
        for _ in range(1 + number * 2):
            held[chance.randrange(8, len(held))] ^= 1 << chance.randrange(8)
        if number % 3 == 1:
            at = chance.randrange(8, len(held))
            held[at : at + 8] = b"\xff" * len(held[at : at + 8])
        if number % 3 == 2:
            at = chance.randrange(8, len(held))
            held[at:at] = held[max(0, at - 200) : at]
        yield bytes(held)


def bombs() -> Iterator[tuple[str, str, bytes]]:
    """Yield format, name and content of files that mean harm."""
    nasty = "\u202egnp.exe<script>alert(1)</script>\u0000\x1b[31m"
    yield "json", "deep", b"[" * 200_000
    yield "json", "nasty", json.dumps({nasty: [nasty]}).encode()
    yield "json", "number", b"[" + b"9" * 5000 + b"]"
    yield "yaml", "deep", b"[" * 50_000
    laughs = ["a: &a [x, x, x, x, x, x, x, x]"]
    laughs += [
        f"{n}: &{n} [{', '.join([f'*{p}'] * 8)}]"
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    yield "yaml", "laughs", "\n".join(laughs).encode()
    yield "yaml", "object", b"!!python/object/apply:os.system ['true']"
    yield "yaml", "itself", b"&a [*a, *a]"
    yield "csv", "line", b'"' + b"a," * 600_000
    yield "csv", "wide", (b"1," * 50_000 + b"\n") * 3
    yield "csv", "nasty", f"{nasty},b\n{nasty},1\n".replace("\0", "").encode()
    yield "text", "line", "\u202e<b>".encode() * 300_000
    cells = [{"cell_type": "markdown", "source": nasty}, {"cell_type": "code", "outputs": 7}, None]
    shown = {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}}
    cells += [{"cell_type": "code", "source": [1], "outputs": [shown, {"output_type": "stream"}]}]
    cells += [{"cell_type": "code", "source": "", "outputs": [{"data": {"image/png": "AAAA"}}]}]
    yield "notebook", "nasty", json.dumps({"cells": cells, "metadata": []}).encode()
    size = (60_000).to_bytes(4, "big")
    yield (
        "image",
        "bomb",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size * 2 + b"\x08\x02\0\0\0\xab\xcd\xef\x01",
    )
    yield (
        "image",
        "wide",
        b"BM" + bytes(8) + b"\x36\0\0\0\x28\0\0\0\xff\xff\xff\x7f\x01\0\0\0\x01\0\x18\0",
    )
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                  -64",
        "NAXIS   =                    2",
    ]
    cards += ["NAXIS1  =         999999999999", "NAXIS2  =         999999999999", "END"]
    yield "fits", "huge", "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    cards[3:5] = ["NAXIS1  =                   10", "NAXIS2  =         999999999999"]
    yield "fits", "long", "".join(card.ljust(80) for card in cards).ljust(2880).encode()


def files(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Return every file by its format."""
    from data_mgmt.previews.detect import HEAD, detect

    found: dict[str, list[tuple[str, bytes]]] = {}
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        kind = detect(content[:HEAD], path.name)
        for number, mutant in enumerate(mutants(content, len(content))):
            found.setdefault(kind, []).append((f"{path.name} {number}", mutant))
    for kind, name, content in bombs():
        found[kind].append((name, content))
    return found


def run(kind: str, wanted: list[tuple[str, bytes]], begin: int, out: int) -> None:
    """Preview the files of one format in the cage, and say each answer."""
    from data_mgmt.previews import cage, worker
    from data_mgmt.previews.reading import Blocks

    module = importlib.import_module(f"data_mgmt.previews.{worker.MODULES[kind]}")
    for name in (*worker.LATER, *getattr(module, "LATER", ())):
        importlib.import_module(name)
    cage.lock(cage.Limits(memory_bytes=MEMORY, cpu_seconds=60))
    for number, (name, content) in enumerate(wanted[begin:], begin):
        started = time.monotonic()
        answer: dict[str, Any] = worker._made(
            module.preview, Blocks(Held(content)), {"format": kind, "options": {}}
        )
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


def _one(kind: str, wanted: list[tuple[str, bytes]], begin: int) -> int:
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
