"""The errors that may leave a service or an adapter; each says what the user can do."""

from __future__ import annotations

from typing import Any, ClassVar


class PortalError(Exception):
    """A failure that may be shown to the user.

    `message` is a sentence for people: what happened and what to do. `service` names the backend
    that it came from. A foreign exception is kept as ``__cause__`` and never shown. What is
    `retryable` is tried again a few times; for the end of what `waits` work under way waits.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    def __init__(self, message: str, *, service: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.service = service

    def members(self) -> dict[str, Any]:
        """Return the extension members of the problem document (RFC 9457, section 3.2)."""
        return {}

    def as_problem(self) -> dict[str, Any]:
        """Return the error as an RFC 9457 problem document."""
        problem: dict[str, Any] = {
            "type": f"/docs/errors#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            "retryable": self.retryable,
        }
        if self.service:
            problem["service"] = self.service
        return problem | self.members()


class SignInRequired(PortalError):
    """Nobody is signed in."""

    code, title, status = "sign-in-required", "Sign in first", 401


class CredentialExpired(PortalError):
    """The user's sign-in no longer opens a backend; signing in at `provider` again mends it."""

    code, title, status = "credential-expired", "Sign in again", 401

    def __init__(self, message: str, *, provider: str, service: str | None = None) -> None:
        super().__init__(message, service=service)
        self.provider = provider

    def members(self) -> dict[str, Any]:
        """Name the provider to sign in at."""
        return {"provider": self.provider}


class TokenWanted(CredentialExpired):
    """A backend wants a token that the user pastes once; work under way waits for it."""

    title, waits = "A token is needed", True

    def __init__(self, message: str, *, service: str) -> None:
        super().__init__(message, provider="", service=service)


class Forbidden(PortalError):
    """The user may not do this."""

    code, title, status = "forbidden", "Not allowed", 403


class NotFound(PortalError):
    """There is no such thing, or it is not the user's to see."""

    code, title, status = "not-found", "Not found", 404


class Conflict(PortalError):
    """It exists already, or is in a state that does not allow this."""

    code, title, status = "conflict", "Not possible in this state", 409


class InvalidRequest(PortalError):
    """What was sent can't be used; `field` names the part."""

    code, title, status = "invalid-request", "Please check what was entered", 422

    def __init__(
        self, message: str, *, field: str | None = None, service: str | None = None
    ) -> None:
        super().__init__(message, service=service)
        self.field = field

    def members(self) -> dict[str, Any]:
        """Name the field, where there is one."""
        return {"field": self.field} if self.field else {}


class TooLarge(PortalError):
    """What was sent has more bytes than this address takes."""

    code, title, status = "too-large", "Too large", 413

    def __init__(
        self, message: str = "This is more than the portal takes at once. Send less than 1 MiB."
    ) -> None:
        super().__init__(message)


class RangeNotSatisfiable(PortalError):
    """A part of a file was asked for that begins behind its end."""

    code, title, status = "range-not-satisfiable", "There is no such part", 416


class Locked(PortalError):
    """Somebody else is at it just now; soon they will not be."""

    code, title, status, retryable = "locked", "In use at the moment", 423, True


class NoRoom(PortalError):
    """The portal's own disk is full; what it has is kept, and the rest may come later."""

    code, title, status, retryable = "no-room", "No room at the moment", 507, True


class QuotaExceeded(PortalError):
    """A limit is reached: `need`, `limit` and `used` in one unit (bytes unless the text says)."""

    code, title, status = "quota-exceeded", "Limit reached", 429

    def __init__(
        self,
        message: str,
        *,
        need: int | None = None,
        limit: int | None = None,
        used: int | None = None,
        service: str | None = None,
    ) -> None:
        super().__init__(message, service=service)
        self.need, self.limit, self.used = need, limit, used

    def members(self) -> dict[str, Any]:
        """Give the three numbers."""
        return {"need": self.need, "limit": self.limit, "used": self.used}


class TooManyRequests(PortalError):
    """Something was tried too often; it may be tried again after `retry_after` seconds."""

    code, title, status, retryable = "too-many-requests", "Too many tries", 429, True

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def members(self) -> dict[str, Any]:
        """Say when to come back."""
        return {"retry_after": self.retry_after}


class UpstreamRefused(PortalError):
    """A backend answered in a way that makes no sense to the portal."""

    code, title, status = "upstream-refused", "A service refused", 502


class UpstreamUnavailable(PortalError):
    """A backend does not answer, or says that it can't at the moment.

    Where it says when to come back, that is `retry_after`, in seconds.
    """

    code, title, status, retryable = "upstream-unavailable", "A service is down", 503, True

    def __init__(
        self, message: str, *, service: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message, service=service)
        self.retry_after = retry_after

    def members(self) -> dict[str, Any]:
        """Say when to come back, where the backend does."""
        return {} if self.retry_after is None else {"retry_after": self.retry_after}


class UpstreamTimeout(PortalError):
    """A backend took too long."""

    code, title, status, retryable = "upstream-timeout", "A service is slow", 504, True


KINDS: tuple[type[PortalError], ...] = (
    SignInRequired, CredentialExpired, Forbidden, NotFound, Conflict, InvalidRequest,
    TooLarge, RangeNotSatisfiable, Locked, NoRoom, QuotaExceeded, TooManyRequests,
    UpstreamRefused, UpstreamUnavailable, UpstreamTimeout,
)  # fmt: skip
