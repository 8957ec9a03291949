"""Starts each session as an unprivileged process in a sandbox, and says in words how it goes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyterhub.spawner import Spawner, SpawnException
from jupyterhub.utils import random_port
from traitlets import Dict, List, Unicode

from demo import sandbox
from demo.jupyterhub import profiles, volumes
from demo.jupyterhub.users import uid_of
from sessions.definitions import Launch

#: Lines of a session's log that begin so are meant for the user.
SAID = "[session] "
#: Names of environments that people made begin so.
BUILT = "built-"
GIB = 1 << 30
PROCESSES = 1000
LOG_LINES = 12
STOP_SECONDS = 3.0
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class SandboxSpawner(Spawner):  # type: ignore[misc]  # jupyterhub ships no types
    """Runs a session in the virtual environment that the user chose, seen by nobody else."""

    state_folder = Unicode(config=True, help="Homes, logs and user ids are kept below it.")
    environments = Unicode(config=True, help="Where the virtual environments are.")
    built_environments = Unicode(config=True, help="Where those are that people made.")
    build_base = Unicode(config=True, help="The environment that these are laid over.")
    profiles_file = Unicode(config=True, help="The environments file, read at each start.")
    session_code = Unicode(config=True, help="The folder of the package `vre_session`.")
    read_only = List(Unicode(), config=True, help="Folders that every session may read.")
    session_variables = Dict(config=True, help="Variables that every session gets.")

    means: sandbox.Means
    launch: Launch | None = None
    pid = 0
    began = 0.0
    _ticks = 0
    _child: subprocess.Popen[bytes] | None = None

    async def start(self) -> tuple[str, int]:
        """Start the session and wait until it listens.

        Raises
        ------
        SpawnException
            The session ended at once or does not listen; the text has the end of its log.
        """
        launch = self.launch or self.chosen(self.user_options)
        self._take(launch)
        self.port = random_port()
        uid = uid_of(Path(self.state_folder, "uids.json"), self.user.name)
        home = sandbox.give(self._home, uid)
        folders = self._project_folders(home, uid)
        environment = self._environment(launch)
        argv = [*self._pinned(launch), str(environment / "bin" / "python")]
        argv += ["-m", "vre_session.launch", *self.get_args()]
        box = self._sandbox(launch, environment, home, uid, folders)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                sandbox.command(box, argv, means=self.means),
                cwd=home,
                env=self._variables(environment, home) | self._of_folders(folders),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # signals for the hub are not for its sessions
            )
        self.pid, self.began = self._child.pid, time.time()
        self._ticks = _start_ticks(self.pid)
        await self._until_it_listens()
        return ("127.0.0.1", self.port)

    async def poll(self) -> int | None:
        """Return None while the session runs, else its exit code; end what is overdue."""
        if not self.pid:
            return 0
        if self._child is not None:
            code = self._child.poll()
        else:
            code = None if _start_ticks(self.pid) == self._ticks else 0
        if code is not None:
            self.clear_state()
        elif (reason := self._over()) is not None:
            self.log.info("Stopping %s: %s", self._log_name, reason)
            await self.stop()
            code = 0
        return code

    async def stop(self, now: bool = False) -> None:
        """End the session and all that runs in it."""
        pid = self.pid
        if not pid:
            return
        signals = (signal.SIGKILL,) if now else (signal.SIGTERM, signal.SIGKILL)
        for number in signals:
            sandbox.kill_all(pid, number)
            if await self._is_gone(STOP_SECONDS):
                break
        self.clear_state()

    def get_state(self) -> dict[str, Any]:
        """Return what a restarted hub needs to find the session again."""
        state: dict[str, Any] = super().get_state()
        if self.pid:
            state |= {"pid": self.pid, "ticks": self._ticks, "began": self.began}
        if self.launch:
            state["launch"] = self.launch.as_state()
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a session that an earlier hub started."""
        super().load_state(state)
        self.pid, self._ticks = state.get("pid", 0), state.get("ticks", 0)
        self.began = state.get("began", 0.0)
        self.launch = Launch.from_state(state["launch"]) if "launch" in state else None

    def clear_state(self) -> None:
        """Forget a session that has ended."""
        super().clear_state()
        self.pid, self._ticks, self.began, self._child = 0, 0, 0.0, None
        self.launch = None

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the session says about its start."""
        if self.means.isolation is not sandbox.Isolation.SANDBOX:
            yield {"progress": 5, "message": self.means.sentence}
        yield {"progress": 10, "message": "Preparing your folder"}
        told = 0
        while True:
            lines = [line for line in self._log_text().splitlines() if line.startswith(SAID)]
            for line in lines[told:]:
                told += 1
                yield {"progress": min(20 + 20 * told, 90), "message": line.removeprefix(SAID)}
            await asyncio.sleep(0.2)

    def chosen(self, user_options: Mapping[str, Any] | None) -> Launch:
        """Return how to start what the user asks for.

        Raises
        ------
        SpawnException
            400: an environment, an option or a choice that there is not. 403: it is for others.
            500: the file has faults, or the hub can't do what it says.
        """
        groups = {group.name for group in self.user.groups}
        handle, path = self.user.name, Path(self.profiles_file)
        made = Path(self.built_environments, "definitions")
        wish = user_options or {}
        try:
            return profiles.choose(path, wish, handle=handle, groups=groups, made=made)
        except profiles.ProfileError as exc:
            raise SpawnException(str(exc), reason="options", status_code=exc.status) from exc

    def _take(self, launch: Launch) -> None:
        """Keep what was chosen; the session sees its limits as MEM_LIMIT and CPU_LIMIT."""
        self.launch = launch
        self.mem_limit = int(launch.memory_gb * GIB) if launch.memory_gb else None
        self.cpu_limit = launch.cpu
        self.default_url = f"/{launch.default_url}"

    def _pinned(self, launch: Launch) -> list[str]:
        """Return what keeps the session on its processors; it holds who means no harm."""
        if launch.cpu is None:
            return []
        taskset = shutil.which("taskset") or "/usr/bin/taskset"
        mine = profiles.processors(launch.cpu, os.sched_getaffinity(0), turn=self.port)
        return [taskset, "--cpu-list", ",".join(map(str, mine))]

    def _environment(self, launch: Launch) -> Path:
        name = str(launch.local)
        if name.startswith(BUILT):
            return Path(self.built_environments, name.removeprefix(BUILT))
        return Path(self.environments, name)

    @property
    def _home(self) -> Path:
        return Path(self.state_folder, "homes", self.user.name)

    @property
    def _log(self) -> Path:
        return Path(self.state_folder, "sessions", self.user.name, f"{self.name or 'default'}.log")

    def _log_text(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _project_folders(self, home: Path, uid: int) -> list[volumes.Folder]:
        """Return the folders of the user's projects; without a sandbox nobody has any."""
        folders = []
        if self.means.isolation is sandbox.Isolation.SANDBOX:
            groups = {group.name for group in self.user.groups}
            known = profiles.read(Path(self.profiles_file)).volumes.projects_of(groups)
            folders = volumes.prepared(Path(self.state_folder, "projects"), known)
        volumes.link(home, folders, uid=uid)
        return folders

    def _of_folders(self, folders: Iterable[volumes.Folder]) -> dict[str, str]:
        quota = profiles.read(Path(self.profiles_file)).volumes.home_quota_gb
        return volumes.variables(folders, home_quota_gb=quota)

    def _sandbox(
        self,
        launch: Launch,
        environment: Path,
        home: Path,
        uid: int,
        folders: Iterable[volumes.Folder],
    ) -> sandbox.Sandbox:
        folder = Path(self.state_folder, "identities", self.user.name)
        memory = int(launch.memory_gb * GIB) if launch.memory_gb else None
        read_only = [Path(self.session_code), *filter(Path.exists, map(Path, self.read_only))]
        if environment.parent == Path(self.built_environments):
            # Strangers' packages fill it, so nothing that it says of itself opens another folder.
            read_only.append(environment)
            environment = Path(self.environments, self.build_base)
        return sandbox.Sandbox(
            home,
            environments=(environment,),
            read_only=tuple(read_only),
            read_write=tuple(folder.path for folder in folders),
            uid=uid,
            network=True,
            limits=sandbox.Limits(memory_bytes=memory, processes=PROCESSES),
            identity=sandbox.write_identity(folder, name=self.user.name, uid=uid, home=home),
            outlives=True,
        )

    def _variables(self, environment: Path, home: Path) -> dict[str, str]:
        boxed = self.means.isolation is sandbox.Isolation.SANDBOX
        own = home / ".vre" / (self.name or "default")
        variables = {
            **self.get_env(),
            **self.session_variables,
            "PATH": f"{environment / 'bin'}:{SYSTEM_PATH}",
            "PYTHONPATH": self.session_code,
            "HOME": str(home),
            "USER": self.user.name,
            "LOGNAME": self.user.name,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "VRE_SESSION_DIR": str(own),
            "VRE_TOKEN_DIR": str(own / "tokens"),
            "RUCIO_CONFIG": str(own / "rucio.cfg"),
            "RUCIO_CACHE_DIR": str(own / "catalogue"),
            "JUPYTER_CONFIG_PATH": str(own / "jupyter"),
            # A socket's path is short in the sandbox's own /tmp; elsewhere others could reach it.
            "JUPYTER_RUNTIME_DIR": "/tmp/jupyter" if boxed else str(own / "runtime"),
            "VRE_KERNEL_TRANSPORT": "ipc" if boxed else "tcp",
        }
        return {name: str(value) for name, value in variables.items()}

    def _over(self) -> str | None:
        """Return why the session has to end, None when it may go on."""
        if self.launch is None or not self.began:
            return None
        return profiles.overdue(self.launch, began=self.began, now=time.time())

    async def _until_it_listens(self) -> None:
        deadline = time.monotonic() + self.start_timeout - 5
        while True:
            assert self._child is not None
            if (code := self._child.poll()) is not None:
                self._refuse(f"The session ended at once (exit code {code}).")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
            if time.monotonic() > deadline:
                self._refuse(f"The session did not come up in {self.start_timeout:g} s.")

    def _refuse(self, what: str) -> None:
        said = "\n".join(self._log_text().strip().splitlines()[-LOG_LINES:])
        raise SpawnException(
            f"{what} The end of its log:\n{said}", reason="session-failed", status_code=500
        )

    async def _is_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child is not None:
                self._child.poll()  # else the ended child stays in the table
            if _start_ticks(self.pid) != self._ticks:
                return True
            await asyncio.sleep(0.05)
        return False


def apply_options(spawner: SandboxSpawner, user_options: Mapping[str, Any]) -> None:
    """Check a user's choices before anything is made for the session."""
    spawner.launch = spawner.chosen(user_options)


def _start_ticks(pid: int) -> int:
    """Return when a living process was started; 0 when it is gone. Pids are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
