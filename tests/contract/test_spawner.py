"""The demo's spawner in the hub's own environment: what of the machine a session is to see."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

from demo.stack import REPOSITORY
from tests.signin import running_stack

SCRIPT = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from demo import sandbox
from demo.jupyterhub.spawner import SandboxSpawner
from sessions.definitions import Launch

told = json.loads(sys.argv[1])
spawner = SandboxSpawner(_mock=True, user=SimpleNamespace(name="ann", url="/user/ann"), **told)
launch = Launch("own", "Own", local="built-abc")
environment, home = spawner._environment(launch), Path(told["state_folder"], "home")
box = spawner._sandbox(launch, environment, home, 12345, ())
means = sandbox.Means(sandbox.Isolation.SANDBOX, "", Path("/bwrap"))
print(json.dumps(sandbox.command(box, ["true"], means=means)))
"""


def test_what_an_environment_that_somebody_made_says_of_its_home_opens_no_folder(
    tmp_path: Path,
) -> None:
    stack = running_stack()
    made, base = tmp_path / "built" / "abc", stack.environments / "physics"
    made.mkdir(parents=True)
    own = (base / "pyvenv.cfg").read_text()
    (made / "pyvenv.cfg").write_text(f"home = {tmp_path}/secret/bin\n{own}")
    told = {
        "state_folder": str(tmp_path / "state"),
        "environments": str(stack.environments),
        "built_environments": str(made.parent),
        "build_base": base.name,
        "session_code": str(tmp_path / "code"),
    }

    done = subprocess.run(
        [str(stack.python("hub")), "-c", SCRIPT, json.dumps(told)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    command = json.loads(done.stdout)
    bound = {path for option, path in pairwise(command) if "bind" in option}
    assert {str(made), str(base)} <= bound
    assert not [path for path in bound if "secret" in path]
