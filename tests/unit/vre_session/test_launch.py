"""Before the server: tokens are fetched, files written, and nothing of it can stop a start."""

from __future__ import annotations

import configparser
import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.broker import FakeBroker
from vre_session import launch, surroundings, tokens


def test_tokens_are_asked_with_the_hub_token(portal: FakeBroker, variables: dict[str, str]) -> None:
    portal.lend("first")

    launch.fetch(variables, patience=5)

    assert portal.asked == [("token hub-token", "rucio")]
    assert tokens.read(variables, "rucio") == "first"


def test_each_service_gets_its_own(portal: FakeBroker, variables: dict[str, str]) -> None:
    variables["VRE_AUDIENCES"] = "rucio,reana,mlflow"
    for audience in ("rucio", "reana", "mlflow"):
        portal.lend(f"for-{audience}", audience=audience)

    launch.fetch(variables, patience=5)

    found = {name: tokens.read(variables, name) for name in ("rucio", "reana", "mlflow")}
    assert found == {name: f"for-{name}" for name in found}


def test_a_refusal_is_told_and_does_not_hold_the_start_up(
    portal: FakeBroker, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    portal.refuse(409, "Sign in to the portal again.")

    launch.fetch(variables, patience=60)

    assert tokens.loan(variables, "rucio") is None
    assert len(portal.asked) == 1
    assert "Sign in to the portal again." in capsys.readouterr().out


def test_one_service_without_a_token_leaves_the_others_alone(
    portal: FakeBroker, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    variables["VRE_AUDIENCES"] = "rucio,reana"
    portal.lend("first")
    portal.refuse(503, "REANA's provider rests.", audience="reana")

    launch.fetch(variables, patience=5)

    assert tokens.read(variables, "rucio") == "first"
    assert "Going on without workflows. The portal answers 503" in capsys.readouterr().out


def test_an_answer_that_breaks_off_does_not_hold_the_start_up(
    portal: FakeBroker, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    portal.lend("half")
    portal.breaks = 1

    launch.fetch(variables, patience=0)

    assert tokens.loan(variables, "rucio") is None
    assert "Going on without the data catalogue" in capsys.readouterr().out


@pytest.mark.parametrize("status", [429, 503])
def test_a_portal_that_recovers_gives_the_first_token(
    portal: FakeBroker, variables: dict[str, str], status: int
) -> None:
    portal.refuse(status, "Starting")
    portal.lend("late")

    launch.fetch(variables, patience=10)

    assert tokens.read(variables, "rucio") == "late"


def test_a_portal_that_is_down_is_waited_for_only_so_long(
    variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    variables |= {"VRE_BROKER_URL": "http://127.0.0.1:1/", "VRE_AUDIENCES": "rucio,reana,mlflow"}
    began = time.monotonic()

    launch.fetch(variables, patience=0.1)

    assert time.monotonic() - began < 5
    assert "Going on without the data catalogue" in capsys.readouterr().out


def test_rucio_and_jupyter_are_configured_for_the_account(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    portal.lend()

    launch.prepare(variables, patience=5)

    rucio = configparser.ConfigParser()
    rucio.read(variables["RUCIO_CONFIG"])
    folder = Path(variables["VRE_SESSION_DIR"], "jupyter")
    server = json.loads((folder / "jupyter_server_config.json").read_text())
    overrides = json.loads((folder / "lab" / "overrides.json").read_text())
    assert rucio["client"]["account"] == "ann-x1y2z"
    assert rucio["client"]["auth_token_file_path"] == f"{variables['VRE_TOKEN_DIR']}/rucio"
    assert server["RucioConfig"]["instances"][0]["rucio_base_url"] == "http://rucio.example"
    assert server["KernelManager"]["transport"] == "ipc"
    assert server["LabApp"]["app_settings_dir"] == str(folder / "lab")
    assert server["ServerApp"]["authorizer_class"] == "vre_session.authorizer.GuestList"
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_without_a_portal_there_is_a_session_all_the_same(variables: dict[str, str]) -> None:
    variables |= {"VRE_BROKER_URL": "http://127.0.0.1:1/", "VRE_RUCIO_URL": "http://rucio.site"}

    launch.prepare(variables, patience=0)

    rucio = configparser.ConfigParser()
    rucio.read(variables["RUCIO_CONFIG"])
    assert rucio["client"]["rucio_host"] == "http://rucio.site"


def test_what_was_said_is_kept_for_the_log(portal: FakeBroker, variables: dict[str, str]) -> None:
    portal.refuse(409, "Sign in to the portal again.")

    launch.prepare(variables, patience=0)

    said = Path(variables["VRE_SESSION_DIR"], "start.log").read_text()
    assert "Fetching your tokens" in said
    assert "Sign in to the portal again." in said


def test_paths_need_not_be_told() -> None:
    given = {"HOME": "/home/ann", "JUPYTERHUB_SERVER_NAME": "s-1", "PATH": "/usr/bin"}

    found = surroundings.defaults(given)

    assert found["VRE_TOKEN_DIR"] == "/home/ann/.vre/s-1/tokens"
    assert found["PATH"] == "/home/ann/.vre/s-1/bin:/usr/bin"
    assert found["JUPYTER_CONFIG_PATH"] == "/home/ann/.vre/s-1/jupyter"
    assert surroundings.defaults(found | given)["VRE_SESSION_DIR"] == "/home/ann/.vre/s-1"


def test_programs_find_services_by_addresses_and_paths(
    portal: FakeBroker, variables: dict[str, str]
) -> None:
    variables["VRE_AUDIENCES"] = "rucio,reana,mlflow,object-storage"
    for audience in ("rucio", "reana", "mlflow", "object-storage"):
        portal.lend(f"for-{audience}", audience=audience)

    launch.prepare(variables, patience=5)

    assert variables["REANA_SERVER_URL"] == "http://reana.example"
    assert variables["MLFLOW_TRACKING_URI"] == "http://mlflow.example"
    assert variables["AWS_ENDPOINT_URL"] == "http://object-storage.example"
    assert variables["AWS_WEB_IDENTITY_TOKEN_FILE"].endswith("/tokens/object-storage")
    assert len(variables["AWS_ROLE_ARN"]) >= 20
    carried = [name for name, value in variables.items() if value.startswith("for-")]
    assert carried == ["REANA_ACCESS_TOKEN"], "REANA's tools read no file"


def test_no_token_goes_to_amazon_for_lack_of_an_address(variables: dict[str, str]) -> None:
    variables["VRE_AUDIENCES"] = "object-storage"

    assert surroundings.of_services(variables) == {}


def test_reanas_client_gets_the_token_of_now_at_each_call(
    portal: FakeBroker, variables: dict[str, str], tmp_path: Path
) -> None:
    client = tmp_path / "real client"
    client.write_text('#!/bin/sh\necho "$REANA_ACCESS_TOKEN $*"\n')
    client.chmod(0o700)
    variables |= {"VRE_AUDIENCES": "rucio,reana", "VRE_REANA_CLIENT": str(client)}
    portal.lend("rucios")
    portal.lend("one", audience="reana")
    launch.prepare(variables, patience=5)

    def run() -> str:
        found = subprocess.run(
            ["/bin/sh", "-c", "reana-client list 'a b'"],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()

    first = run()
    tokens.write_private(tokens.path_of(variables, "reana"), "two")

    assert (first, run()) == ("one list a b", "two list a b")


def test_a_client_that_is_not_there_yet_says_so(variables: dict[str, str], tmp_path: Path) -> None:
    variables |= {
        "VRE_REANA_CLIENT": str(tmp_path / "none"),
        "VRE_BROKER_URL": "http://127.0.0.1:1",
    }
    launch.prepare(variables, patience=0)

    done = subprocess.run(
        ["/bin/sh", "-c", "reana-client ping"], env=variables, capture_output=True, check=False
    )

    assert done.returncode == 127
    assert b"not installed" in done.stderr
