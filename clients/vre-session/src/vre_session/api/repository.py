"""`POST vre/repository` and `GET vre/repository/<id>`: a Git repository into the user's folder."""

from __future__ import annotations

from dataclasses import asdict

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from vre_session.api.base import Handler
from vre_session.repositories import WrongWish, wish_of


class RepositoryHandler(Handler):
    """Fetches one."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Begin, and tell where to ask how it goes."""
        try:
            wish = wish_of(self.body())
        except WrongWish as exc:
            raise HTTPError(400, str(exc)) from exc
        self.answer({"id": self.state.repositories.begin(wish).id}, 202)


class FetchHandler(Handler):
    """How one goes."""

    @authenticated
    @authorized
    def get(self, fetch_id: str) -> None:
        """Answer with its state, and where it is once it is there."""
        fetch = self.state.repositories.get(fetch_id)
        if fetch is None:
            raise HTTPError(404, "There is no such fetch.")
        told = asdict(fetch)
        del told["id"]
        self.answer(told)
