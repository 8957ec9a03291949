"""Records an analysis: runs it on a runner and keeps its outputs with their checksums.

    REANA_SERVER_URL=http://127.0.0.1:8807 REANA_ACCESS_TOKEN=... \\
        .demo/envs/reana/bin/python -m demo.analyses.record SLUG --data FOLDER [--check]

FOLDER holds the input files, which the portal fetches by DID. With `--check` nothing is written:
the outputs are compared with the recorded ones. Runs in the environment `reana`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ENDED = {"finished", "failed", "stopped"}


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner, called as a person."""

    url: str
    token: str

    def call(self, method: str, path: str, body: bytes = b"", **query: str) -> bytes:
        """Return the answer's bytes."""
        address = f"{self.url}/api/workflows{path}?{urllib.parse.urlencode(query)}"
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(address, body or None, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Return the answer's JSON."""
        sent = json.dumps(body).encode() if body is not None else b""
        return json.loads(self.call(method, path, sent, **query))


def run(runner: Runner, folder: Path, data: Path | None) -> Iterator[tuple[str, bytes]]:
    """Run the analysis of a folder and yield the path and content of each output."""
    specification = yaml.safe_load((folder / "reana.yaml").read_text())
    made = runner.ask("POST", "", specification, workflow_name=folder.name)
    workflow = f"/{made['workflow_id']}"
    for path, file in inputs(specification, folder, data):
        runner.call("POST", f"{workflow}/workspace", file.read_bytes(), file_name=path)
    runner.ask("POST", f"{workflow}/start", {})
    status = wait(runner, workflow)
    if status != "finished":
        logs = json.loads(runner.ask("GET", f"{workflow}/logs")["logs"])
        sys.exit(f"{made['workflow_name']} {status}:\n{json.dumps(logs, indent=1)}")
    for path in specification["outputs"]["files"]:
        yield path, runner.call("GET", f"{workflow}/workspace/{path}")


def inputs(
    specification: Mapping[str, Any], folder: Path, data: Path | None
) -> Iterator[tuple[str, Path]]:
    """Yield each input's path in the workspace and where it lies here."""
    for path in specification["inputs"]["files"]:
        yield path, folder / path
    for file in sorted(data.iterdir()) if data else []:
        yield f"data/{file.name}", file


def wait(runner: Runner, workflow: str) -> str:
    """Return the state in which a workflow ends."""
    while (status := runner.ask("GET", f"{workflow}/status")["status"]) not in ENDED:
        time.sleep(1)
    return str(status)


def record(folder: Path, outputs: Mapping[str, bytes]) -> None:
    """Write the outputs, and their checksums into the manifest."""
    manifest = json.loads((folder / "analysis.json").read_text())
    declared = {one["path"]: one["tolerance"] for one in manifest["outputs"] if "tolerance" in one}
    manifest["outputs"] = [
        {
            "path": path,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            **({"tolerance": declared[path]} if path in declared else {}),
        }
        for path, content in outputs.items()
    ]
    for path, content in outputs.items():
        target = folder / "recorded" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (folder / "analysis.json").write_text(json.dumps(manifest, indent=2) + "\n")


def differing(folder: Path, outputs: Mapping[str, bytes]) -> list[str]:
    """Return the outputs that are not what was recorded."""
    manifest = json.loads((folder / "analysis.json").read_text())
    recorded = {one["path"]: one["sha256"] for one in manifest["outputs"]}
    return [
        path
        for path, content in outputs.items()
        if hashlib.sha256(content).hexdigest() != recorded.get(path)
    ]


def main() -> int:
    """Record or check one analysis."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("slug")
    parser.add_argument("--data", type=Path, help="the folder of input files, if it reads any")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    folder = HERE / options.slug
    runner = Runner(os.environ["REANA_SERVER_URL"], os.environ["REANA_ACCESS_TOKEN"])
    outputs = dict(run(runner, folder, options.data))
    if not options.check:
        record(folder, outputs)
        print(f"{options.slug}: {len(outputs)} outputs recorded")
        return 0
    wrong = differing(folder, outputs)
    print(f"{options.slug}: {len(outputs) - len(wrong)} of {len(outputs)} outputs bit-identical")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
