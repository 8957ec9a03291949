"""What others read and judge crates with, unmodified and without a network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.bootstrap import Environments
from demo.stack import Stack
from reproducibility.crate.terms import CONTEXT

HERE = Path(__file__).with_name("crates")
#: Environments of their own: nothing that the portal or the demo runs is in them.
TOOLS, OLDER = "crates", "crate-context"
REQUIREMENTS: Mapping[str, Path] = {
    TOOLS: HERE / "requirements.txt",
    OLDER: HERE / "context" / "requirements.txt",
}
PROFILE = "workflow-run-crate"


class CrateTools:
    """The validator of the RO-Crate community, and `runcrate`, which reads runs."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        environments = Environments(stack.environments, REQUIREMENTS, print)
        for name in REQUIREMENTS:
            environments.build(name)

    def report(self, crate: Path) -> str:
        """Return what `runcrate report` prints of an unpacked crate."""
        done = self._run("runcrate", "report", str(crate))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def faults(self, crate: Path) -> list[str]:
        """Return which REQUIRED checks an unpacked crate does not pass, each with its reason."""
        answer = self._folder / "answer.json"
        done = self._run(
            "rocrate-validator", "--no-interactive", "--disable-color", "validate",
            "--offline", "--cache-path", str(self._cache),
            "--profile-identifier", PROFILE, "--requirement-severity", "required",
            "--output-format", "json", "--output-file", str(answer), str(crate),
        )  # fmt: skip
        # 0 and 1 are verdicts; anything else, such as a context that is not there, is none.
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(answer.read_text())
        assert told["statistics"]["total_checks"] > 50
        assert told["passed"] is (done.returncode == 0)
        assert not told["skipped_checks"]
        return [f"{each['check']['identifier']}: {each['message']}" for each in told["issues"]]

    @cached_property
    def _cache(self) -> Path:
        """Return the validator's cache with the context, which an older `rocrate` has with it."""
        cache = self._folder / "contexts"
        context = self._stack.packages(OLDER) / "rocrate" / "data" / "ro-crate.jsonld"
        done = self._run("python", str(HERE / "seed.py"), str(cache), CONTEXT, str(context))
        assert done.returncode == 0, done.stderr
        return cache

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._stack.binary(TOOLS, program)), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
