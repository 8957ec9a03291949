"""What the runner refuses, each kind with the status that REANA's clients expect."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus


class RunnerError(Exception):
    """A refusal with a text for the person who asked; answered as `{"message": ...}`."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class Malformed(RunnerError):
    """The request cannot be understood or names something that is not allowed."""

    status = HTTPStatus.BAD_REQUEST


class SignInRequired(RunnerError):
    """No token came with the request."""

    status = HTTPStatus.UNAUTHORIZED


class TokenRefused(RunnerError):
    """The token is expired, forged, or meant for another service."""

    status = HTTPStatus.FORBIDDEN


class Forbidden(RunnerError):
    """The person may read this, but not change it."""

    status = HTTPStatus.FORBIDDEN


class QuotaExceeded(RunnerError):
    """The person has taken all that they may take."""

    status = HTTPStatus.FORBIDDEN


class NotFound(RunnerError):
    """There is no such thing, or it is another person's."""

    status = HTTPStatus.NOT_FOUND


class Conflict(RunnerError):
    """The workflow is in a state that does not allow this."""

    status = HTTPStatus.CONFLICT


class TooLarge(RunnerError):
    """The request is larger than the runner takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooManyCalls(RunnerError):
    """The person makes more calls a second than the runner answers."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SecretsMissing(NotFound):
    """Secrets do not exist; REANA's clients expect their names alone as the answer."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


class NotOffered(RunnerError):
    """REANA has this, the runner does not."""

    status = HTTPStatus.NOT_IMPLEMENTED


class ProviderUnavailable(RunnerError):
    """A provider's signing keys cannot be fetched now."""
