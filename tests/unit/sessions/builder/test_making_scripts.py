"""Commands of an environment run with its own interpreter, wherever that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sessions.builder import making

BY_SHELL = "#!/bin/sh\n'''exec' '/the base/bin/python' \"$0\" \"$@\"\n' '''\n"


@pytest.mark.parametrize("head", ["#!/base/bin/python3.11\n", BY_SHELL], ids=["line", "shell"])
@pytest.mark.parametrize("place", ["made", "a place with spaces", "deep/" * 30], ids=len)
def test_a_command_of_the_base_runs_in_the_environment(
    tmp_path: Path, head: str, place: str
) -> None:
    home, base = tmp_path / place, tmp_path / "base"
    for folder in (home, base):
        (folder / "bin").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(sys.executable)
    command = base / "bin" / "tell"
    command.write_text(f"{head}import sys\nprint(sys.argv[1], sys.executable)\n")
    command.chmod(0o755)
    (base / "bin" / "other").write_bytes(b"#!/bin/sh\necho no Python\n")

    making._scripts(home, base, home)

    ran = subprocess.run(
        [home / "bin" / "tell", "hello"], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == f"hello {home / 'bin' / 'python'}"
    assert not (home / "bin" / "other").exists()
