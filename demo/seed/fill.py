"""Put the demo's data into Rucio: scopes, files, datasets, containers, metadata and copies."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from demo.rucio.configuration import ACCOUNT, configuration_file
from demo.rucio.rest import Rest, segment, service
from demo.seed.catalogue import HERE, Container, Dataset, containers, datasets, samples
from demo.seed.samples import fetch
from demo.stack import REPOSITORY, Stack, write_private

SCOPES = ("cms", "astro")
BULK_SCOPES = ("bulk", "wide")
#: Counts up when the large scopes change.
LARGE = 2
#: What the formats of the synthetic files are called in their metadata.
FORMATS = {
    ".root": "ROOT", ".parquet": "Parquet", ".fits": "FITS", ".h5": "HDF5", ".csv": "CSV",
    ".png": "PNG", ".pdf": "PDF", ".json": "JSON", ".yaml": "YAML", ".log": "text",
    ".ipynb": "notebook",
}  # fmt: skip
SYNTHETIC = {"instrument": "synthetic", "energy_tev": 13.0, "licence": "CC0-1.0"}
COPIES_SECONDS = 120
POLL_SECONDS = 0.5


class SeedIncomplete(Exception):
    """A step of the seed failed; its text says which."""


def fill(stack: Stack, *, large: bool) -> None:
    """Put everything there that is not; a second call costs a file comparison."""
    marker = stack.state / "rucio" / "seeded.json"
    wanted = {"catalogue": _digest()}
    done = json.loads(marker.read_text()) if marker.exists() else {}
    if done.get("catalogue") != wanted["catalogue"]:
        _fill_open_samples(stack, service(stack))
        done = {**done, **wanted}
        write_private(marker, json.dumps(done))
    if large and done.get("large") != LARGE:
        for scope in BULK_SCOPES:
            service(stack).ensure(f"/scopes/{ACCOUNT}/{scope}", None)
        _run_in_rucio(stack, "demo.seed.bulk", "registering the large scopes")
        write_private(marker, json.dumps({**done, "large": LARGE}))


def _fill_open_samples(stack: Stack, rucio: Rest) -> None:
    for scope in SCOPES:
        rucio.ensure(f"/scopes/{ACCOUNT}/{scope}", None)
    paths = {**fetch(stack), **_synthetic_files(stack)}
    missing = [each for dataset in datasets() for each in _missing(rucio, dataset, paths)]
    if missing:
        _upload(stack, missing)
    for dataset in datasets():
        _describe_and_close(rucio, dataset)
    for container in containers():
        _make_container(rucio, container)
    rules = [rule for dataset in datasets() for rule in _copy(rucio, dataset)]
    _wait_until_there(rucio, rules)


def _synthetic_files(stack: Stack) -> dict[str, Path]:
    folder = stack.folder("seed", "synthetic")
    expected = {name for each in datasets() for name in each.files if "_synthetic_" in name}
    absent = expected - {path.name for path in folder.iterdir()}
    if any(name.startswith("preview_") for name in absent):
        command = [str(stack.python("previews")), "-m", "demo.seed.formats", str(folder)]
        _run(command, "making the samples of the formats")
    if any(not name.startswith("preview_") for name in absent):
        command = [str(stack.python("physics")), "-m", "demo.seed.synthetic", str(folder)]
        _run(command, "making the synthetic sample")
    return {name: folder / name for name in expected}


def _missing(rucio: Rest, dataset: Dataset, paths: Mapping[str, Path]) -> Iterator[object]:
    """Yield upload items of the files that the dataset does not hold."""
    search = f"/dids/{dataset.scope}/dids/search?type=dataset&name={segment(dataset.name)}"
    there = set()
    if any(True for _ in rucio.rows(search)):
        there = {row["name"] for row in rucio.rows(_did(dataset) + "/files")}
    for name in dataset.files:
        if name not in there:
            yield {
                "path": str(paths[name]),
                "rse": dataset.storage,
                "did_scope": dataset.scope,
                "did_name": name,
                "dataset_scope": dataset.scope,
                "dataset_name": dataset.name,
                "register_after_upload": True,
            }


def _upload(stack: Stack, items: list[object]) -> None:
    _run_in_rucio(stack, "demo.seed.upload", "uploading", text=json.dumps(items))


def _describe_and_close(rucio: Rest, dataset: Dataset) -> None:
    known = {sample.name: sample.described() for sample in samples()}
    for name in dataset.files:
        note = {"format": FORMATS[Path(name).suffix], **SYNTHETIC} if name not in known else {}
        _set_metadata(rucio, f"/dids/{dataset.scope}/{segment(name)}", known.get(name, note))
    licences = {known[name]["licence"] for name in dataset.files if name in known}
    licence = " AND ".join(sorted(map(str, licences))) or SYNTHETIC["licence"]
    _set_metadata(rucio, _did(dataset), {**dataset.metadata, "licence": licence})
    if rucio.call("GET", _did(dataset))["open"]:
        rucio.call("PUT", f"{_did(dataset)}/status", {"open": False})


def _make_container(rucio: Rest, container: Container) -> None:
    rucio.ensure(_did(container), {"type": "CONTAINER"})
    there = {row["name"] for row in rucio.rows(f"{_did(container)}/dids")}
    absent = [name for name in container.datasets if name not in there]
    if absent:
        dids = [{"scope": container.scope, "name": name} for name in absent]
        rucio.call("POST", f"{_did(container)}/dids", {"dids": dids})
    _set_metadata(rucio, _did(container), container.metadata)


def _copy(rucio: Rest, dataset: Dataset) -> Iterator[str]:
    """Ask for the dataset's further copies and yield their rules, new or not."""
    wanted = {(dataset.name, storage) for storage in dataset.copies}
    wanted.update(dataset.partial_copies.items())
    for name, storage in sorted(wanted):
        rules = rucio.rows(f"/dids/{dataset.scope}/{segment(name)}/rules")
        found = [row["id"] for row in rules if row["rse_expression"] == storage]
        yield found[0] if found else _add_rule(rucio, dataset.scope, name, storage)


def _add_rule(rucio: Rest, scope: str, name: str, storage: str) -> str:
    wish = {
        "dids": [{"scope": scope, "name": name}],
        "account": ACCOUNT,
        "copies": 1,
        "rse_expression": storage,
        "grouping": "DATASET",
        "activity": "User Subscriptions",
        "comment": "copy of the demo",
        "asynchronous": True,
    }
    (rule,) = rucio.call("POST", "/rules/", wish)
    return str(rule)


def _wait_until_there(rucio: Rest, rules: Iterable[str]) -> None:
    deadline = time.monotonic() + COPIES_SECONDS
    for rule in rules:
        while (state := rucio.call("GET", f"/rules/{rule}")["state"]) != "OK":
            if state == "STUCK" or time.monotonic() > deadline:
                raise SeedIncomplete(f"the copy by rule {rule} is {state}")
            time.sleep(POLL_SECONDS)


def _set_metadata(rucio: Rest, did: str, metadata: Mapping[str, object]) -> None:
    rucio.call("POST", f"{did}/meta", {"meta": dict(metadata), "recursive": False})


def _did(collection: Dataset | Container) -> str:
    return f"/dids/{collection.scope}/{segment(collection.name)}"


def _run_in_rucio(stack: Stack, module: str, what: str, *, text: str = "") -> None:
    variables = {"RUCIO_CONFIG": str(configuration_file(stack))}
    _run([str(stack.python("rucio")), "-m", module], what, variables=variables, text=text)


def _run(
    command: list[str], what: str, *, variables: Mapping[str, str] | None = None, text: str = ""
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **(variables or {})}
    done = subprocess.run(
        command, input=text, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SeedIncomplete(f"{what} failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _digest() -> str:
    texts = [(HERE / name).read_bytes() for name in ("sources.json", "collections.json")]
    return hashlib.sha256(b"".join(texts)).hexdigest()
