"""Whom the hub lets in: those whom the portal lets in now, not only when they signed in.

Needs jupyterhub and oauthenticator only: a site may put this file beside its own configuration.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import new_token
from oauthenticator.generic import GenericOAuthenticator
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

#: What the portal answers for tokens that it has ended.
REFUSALS = frozenset({400, 401, 403})
#: So long running work goes on while the portal does not answer at all.
PATIENCE_SECONDS = 600.0
#: What the tokens of a session's own server open, and those that the portal makes for one session.
NARROW = ("access:servers!server=", "users:activity!", "read:users:")

# JupyterHub 6.1.1 reads it of every refused request, and sets it for those with a token only.
BaseHandler._token_authenticated = False


class PortalAuthenticator(GenericOAuthenticator):  # type: ignore[misc]  # ships no types
    """The portal's OpenID client, which asks again whether people may still come in.

    Signing out at the portal and a suspension end the tokens that the hub got at the sign-in. The
    hub then forgets the person's browsers; sessions keep the tokens of their own servers.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._vouched_at: dict[str, float] = {}

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> Any:
        """Return the person's renewed sign-in, or False when they have to sign in again."""
        # One at a time: the portal takes a refresh token once, and a second use ends them all.
        async with self._turns[user.name]:
            state = await user.get_auth_state()
            if not state:
                return _refused(_closes(user, handler))
            try:
                fresh = await self._renewed(user, state)
            except (HTTPClientError, HTTPError, OSError) as exc:
                vouched_at = self._vouched_at.get(user.name, -math.inf)
                if time.monotonic() - vouched_at < PATIENCE_SECONDS:
                    return True
                raise HTTPError(503, "The portal does not answer. Try again soon.") from exc
            if fresh is None or fresh["name"] != user.name:
                await user.save_auth_state(None)
                is_closed = _closes(user, handler)  # asked before its token is gone
                _forget_browsers(user)
                return _refused(is_closed)
            await user.save_auth_state(fresh["auth_state"])
            self._vouched_at[user.name] = time.monotonic()
            return fresh

    async def get_authenticated_user(self, handler: Any, data: Any) -> Any:
        """Let somebody in; what an ended sign-in of theirs left open does not open again."""
        model = await super().get_authenticated_user(handler, data)
        user = handler.find_user(model["name"]) if model else None
        if user is not None and not await self.refresh_user(user):
            _forget_browsers(user)
        return model

    async def _renewed(self, user: Any, state: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the portal says of the tokens' owner now; None when it has ended them."""
        try:
            return dict(await self._token_to_auth_model(state["token_response"]))
        except HTTPClientError as exc:
            if exc.code not in REFUSALS:
                raise
        try:
            wish = self.build_refresh_token_request_params(state["refresh_token"])
            tokens = await self.get_token_info(None, wish)
            # Saved before anything else can fail: the old refresh token is used up.
            tokens.setdefault("refresh_token", state["refresh_token"])
            kept = {"token_response": tokens, "refresh_token": tokens["refresh_token"]}
            await user.save_auth_state({**state, **kept})
            return dict(await self._token_to_auth_model(tokens))
        except HTTPClientError as exc:
            if exc.code not in REFUSALS:
                raise
            return None


def _closes(user: Any, handler: Any) -> bool:
    """Whether a refused request shows a token of the person's that ends with their sign-in.

    Those of their running sessions do not, nor the portal's for one of these; those of browsers do.
    """
    token = handler.get_token() if handler is not None else None
    if token is None or token.user is None or token.user.name != user.name:
        return False
    return bool(token.session_id) or not all(scope.startswith(NARROW) for scope in token.scopes)


def _refused(is_closed: bool) -> bool:
    """Return False, with which the hub turns cookies away; it lets tokens in if nobody raises."""
    if is_closed:
        raise HTTPError(403, "Sign in to the portal again.")
    return False


def _forget_browsers(user: Any) -> None:
    """End every cookie of a person's: those of the hub, and those of their sessions' pages."""
    user._auth_refreshed = None
    user.orm_user.cookie_id = new_token()
    tokens = user.db.query(orm.APIToken).filter(orm.APIToken.user_id == user.id)
    for token in tokens.filter(orm.APIToken.session_id.is_not(None)):
        user.db.delete(token)
    user.db.commit()
