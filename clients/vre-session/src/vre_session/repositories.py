"""Fetches Git repositories into the user's folder, one at a time, bounded in size and time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from vre_session.folders import TooLong, size_of

FOLDER = "repositories"
MOST_BYTES = 2 << 30
MOST_SECONDS = 600.0
LOOK_SECONDS = 0.5
REMEMBERED = 50
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REF = re.compile(r"(?!-)[\w./+-]{0,200}")
ODD = re.compile(r"[^\w.-]+")


class WrongWish(ValueError):
    """What is asked for cannot be fetched; the text says why."""


@dataclass(frozen=True)
class Wish:
    """A repository, what of it to check out (empty: its default branch), and a file to open."""

    url: str
    ref: str = ""
    path: str = ""


@dataclass(frozen=True)
class Fetch:
    """How a fetch stands; `folder` is relative to the user's home."""

    id: str
    state: Literal["fetching", "ready", "failed"] = "fetching"
    message: str = ""
    folder: str = ""
    commit: str = ""
    path: str = ""


@dataclass(frozen=True)
class Bounds:
    """How much and how long one fetch may take."""

    size: int = MOST_BYTES
    seconds: float = MOST_SECONDS

    @classmethod
    def told(cls, variables: Mapping[str, str]) -> Bounds:
        """Return what the environment tells, as far as it does."""
        size = variables.get("VRE_REPOSITORY_MAX_BYTES", "")
        seconds = variables.get("VRE_REPOSITORY_MAX_SECONDS", "")
        return cls(
            int(size) if size.isdecimal() else MOST_BYTES,
            float(seconds) if seconds.isdecimal() else MOST_SECONDS,
        )


class Repositories:
    """The fetches of this session, the latest ones remembered."""

    def __init__(self, home: Path, bounds: Bounds | None = None) -> None:
        self._home = home.resolve()
        self._bounds = bounds or Bounds()
        self._fetches: dict[str, Fetch] = {}
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, wish: Wish) -> Fetch:
        """Begin to fetch; it waits while another one is under way."""
        fetch = Fetch(str(uuid.uuid4()))
        self._fetches[fetch.id] = fetch
        while len(self._fetches) > REMEMBERED:
            del self._fetches[next(iter(self._fetches))]
        task = asyncio.get_running_loop().create_task(self._run(fetch, wish))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fetch

    def get(self, fetch_id: str) -> Fetch | None:
        """Return how a fetch stands, None for one that there is not."""
        return self._fetches.get(fetch_id)

    async def _run(self, fetch: Fetch, wish: Wish) -> None:
        async with self._one:
            try:
                done = await self._fetched(fetch, wish)
            except OSError as exc:
                done = replace(fetch, state="failed", message=f"It can't be kept here: {exc}")
        if fetch.id in self._fetches:
            self._fetches[fetch.id] = done

    async def _fetched(self, fetch: Fetch, wish: Wish) -> Fetch:
        into = self._home / FOLDER
        into.mkdir(exist_ok=True)
        if into.resolve() != into:
            return replace(fetch, state="failed", message=f"~/{FOLDER} leads elsewhere.")
        part = into / f".fetching-{fetch.id}"
        try:
            told = await _in_a_process(wish, into, part, self._bounds)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        if "error" in told:
            return replace(fetch, state="failed", message=told["error"])
        target = Path(told["folder"])
        path, message = wish.path, told.get("message", "")
        if path and not _is_within(target, path):
            path, message = "", f"There is no file {wish.path} in it. {message}".strip()
        return replace(
            fetch,
            state="ready",
            message=message,
            folder=target.relative_to(self._home).as_posix(),
            commit=told["commit"],
            path=path,
        )


def wish_of(told: object) -> Wish:
    """Return a wish from JSON.

    Raises
    ------
    WrongWish
        It is none, or one that is not granted.
    """
    if not isinstance(told, dict):
        raise WrongWish('An object with "url" is needed.')
    values = [told.get(name) or "" for name in ("url", "ref", "path")]
    if not all(isinstance(value, str) and len(value) <= 2000 for value in values):
        raise WrongWish("url, ref and path are texts.")
    wish = Wish(*values)
    _check_url(wish.url)
    if not REF.fullmatch(wish.ref) or ".." in wish.ref:
        raise WrongWish("ref: a branch, a tag or a commit.")
    path = PurePosixPath(wish.path)
    if path.is_absolute() or any(part in {"..", ".git"} for part in path.parts):
        raise WrongWish("path: a file within the repository.")
    return wish


def too_large(size: int) -> str:
    """Return what is told of a repository beyond the bound."""
    return f"It is larger than {size >> 20} MiB. Fetch it in a terminal."


def name_of(url: str) -> str:
    """Return the name of a repository's folder."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return ODD.sub("-", last).lstrip(".-")[:80] or "repository"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, at_all = parts.hostname or "", parts.port
    except ValueError as exc:
        raise WrongWish("url: this is no address.") from exc
    del at_all
    if parts.username is not None or parts.password is not None:
        raise WrongWish("url: without a user name or a password in it.")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise WrongWish("url: an address that begins with https://.")


def _is_within(folder: Path, path: str) -> bool:
    found = (folder / path).resolve()
    return found.is_relative_to(folder.resolve()) and found.exists()


async def _in_a_process(wish: Wish, into: Path, part: Path, bounds: Bounds) -> dict[str, Any]:
    """Fetch in a process of its own, which can be ended, and return what it says at its end."""
    told = json.dumps([wish.url, wish.ref, str(into), str(part), bounds.size])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vre_session.fetch", told),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_few(os.environ),
        start_new_session=True,
    )
    answer = asyncio.ensure_future(process.communicate())
    try:
        over = await _over(answer, part, bounds)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        printed, _ = await answer
    if over:
        return {"error": over}
    try:
        found: dict[str, Any] = json.loads(printed.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"error": "The fetch ended without a word. See the session's log."}
    return found


async def _over(answer: asyncio.Future[Any], part: Path, bounds: Bounds) -> str:
    """Wait for the end; return why it has to end before, empty when it came by itself."""
    now = asyncio.get_running_loop().time
    deadline = now() + bounds.seconds
    while not (await asyncio.wait({answer}, timeout=LOOK_SECONDS))[0]:
        if now() > deadline:
            return f"It was not there after {bounds.seconds:.0f} s. Fetch it in a terminal."
        if await asyncio.to_thread(_is_larger, part, bounds.size):
            return too_large(bounds.size)
    return ""


def _is_larger(folder: Path, size: int) -> bool:
    try:
        return size_of(folder, patience=5.0) > size
    except FileNotFoundError:
        return False
    except TooLong:
        return True


def _few(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process that needs no token and heeds nobody's Git settings.

    Those may name programs that run at a checkout.
    """
    names = {"PATH", "LANG", "PYTHONPATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
    proxies = {"http_proxy", "https_proxy", "no_proxy"}
    kept = {
        name: value for name, value in variables.items() if name in names or name.lower() in proxies
    }
    return kept | {"HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
