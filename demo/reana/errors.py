"""What the runner refuses, each kind with the status that REANA's clients expect."""

from __future__ import annotations

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


class NotFound(RunnerError):
    """There is no such thing, or it is another person's."""

    status = HTTPStatus.NOT_FOUND


class Conflict(RunnerError):
    """The workflow is in a state that does not allow this."""

    status = HTTPStatus.CONFLICT


class NotOffered(RunnerError):
    """REANA has this, the runner does not."""

    status = HTTPStatus.NOT_IMPLEMENTED


class ProviderUnavailable(RunnerError):
    """A provider's signing keys cannot be fetched now."""
