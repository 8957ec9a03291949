"""MLflow's plug-in: the token of now, to the lent address and to no other."""

from __future__ import annotations

from datetime import UTC, datetime

from vre_session import broker, tokens
from vre_session.mlflow_headers import FreshToken

OURS = "https://mlflow.example"


def lent(variables: dict[str, str], text: str = "one") -> FreshToken:
    token = broker.Token(text, datetime(2026, 11, 22, tzinfo=UTC), "ann", OURS)
    tokens.save(variables, token, audience="mlflow")
    return FreshToken(variables)


def test_each_request_carries_the_token_of_now(variables: dict[str, str]) -> None:
    plug_in = lent(variables | {"MLFLOW_TRACKING_URI": f"{OURS}/"})
    first = plug_in.request_headers()
    lent(variables, "two")

    assert plug_in.in_context()
    assert first == {"Authorization": "Bearer one"}
    assert plug_in.request_headers() == {"Authorization": "Bearer two"}


def test_another_server_gets_nothing(variables: dict[str, str]) -> None:
    for other in ("https://evil.example", f"{OURS}.evil.example", "", "file:///tmp/mlruns"):
        assert not lent(variables | {"MLFLOW_TRACKING_URI": other}).in_context()


def test_outside_a_session_it_stays_silent() -> None:
    assert not FreshToken({"MLFLOW_TRACKING_URI": OURS}).in_context()
