"""A Git server on real HTTP, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Served:
    """A repository with its address and newest commit."""

    url: str
    commit: str


@contextmanager
def served(folder: Path, files: Mapping[str, str]) -> Iterator[Served]:
    """Serve a repository with these files on its branch `main`."""
    repository = Repo.init(str(folder), mkdir=True, default_branch=b"main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    porcelain.add(repository, [str(folder / name) for name in files])
    commit = porcelain.commit(
        repository, message=b"made", author=b"a <a@b.test>", committer=b"a <a@b.test>"
    )
    repositories: dict[str, Any] = {"/analysis": repository}
    application = make_wsgi_chain(DictBackend(repositories))
    server = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}/analysis", commit.decode())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        repository.close()
