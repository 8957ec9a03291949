"""The command line answers in sentences."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from demo import record
from demo.__main__ import main
from demo.bootstrap import BuildError, Environments, fingerprint
from demo.people import PEOPLE
from demo.portal.component import variables, write_configuration
from demo.stack import PORT_OFFSETS, Stack


def test_status_of_a_stack_that_does_not_run(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["status", "--json", "--state", str(stack.state)])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert {each["state"] for each in document["components"]} == {"stopped"}
    assert [each["username"] for each in document["people"]] == [one.username for one in PEOPLE]
    assert set(document) >= {"portal", "components", "people", "storages"}


def test_down_of_a_stack_that_does_not_run_is_no_error(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["down", "--state", str(stack.state)])

    assert code == 0
    assert capsys.readouterr().out == "The demo does not run.\n"


def test_an_unknown_component_is_refused_with_the_known_ones(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["up", "--only", "grafana", "--state", str(stack.state)])

    assert code == 1
    assert "no component 'grafana'; there are: postgres" in capsys.readouterr().err


def test_a_busy_port_that_was_asked_for_is_refused(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        base = str(taker.getsockname()[1] - PORT_OFFSETS["valkey"])

        code = main(["up", "--detach", "--state", str(stack.state), "--port", base])

    assert code == 1
    assert "(valkey, taken by" in capsys.readouterr().err
    assert record.saved_port(stack.state) is None


def test_a_second_up_names_the_running_one(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    record.save_port(stack.state, 9440)
    lock = record.take_lock(stack.state)

    code = main(["up", "--state", str(stack.state)])

    assert lock is not None
    assert code == 0
    assert capsys.readouterr().out == "The demo runs already: http://127.0.0.1:9440/\n"


def test_a_log_that_is_not_there_is_said(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["logs", "rucio", "--state", str(stack.state)])

    assert code == 1
    assert "no log of rucio" in capsys.readouterr().err


def test_doctor_names_a_busy_port_of_a_known_stack(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        record.save_port(stack.state, taker.getsockname()[1])

        code = main(["doctor", "--state", str(stack.state)])

    assert code == 1
    assert "Busy port" in capsys.readouterr().out


def test_an_environment_is_stale_when_its_requirements_change(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1\n")
    home = tmp_path / "envs" / "one"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").touch()
    (home / ".stamp").write_text(fingerprint(requirements))
    environments = Environments(tmp_path / "envs", {"one": requirements}, print)
    assert environments.fresh("one")

    requirements.write_text("one==2\n")

    assert not environments.fresh("one")


def test_an_environment_that_cannot_be_made_is_told_and_not_compiled(tmp_path: Path) -> None:
    class Unbuildable(Environments):
        def build(self, name: str) -> None:
            raise BuildError(f"{name} could not be installed")

    environments = Unbuildable(tmp_path, {"one": tmp_path / "requirements.txt"}, print)
    environments.start(["one"])

    with pytest.raises(BuildError, match="one could not"):
        environments.wait(["one"], lambda: False)
    environments.compile(lambda: False)

    assert not (tmp_path / "one" / ".compiled").exists()
    environments.close()


def test_the_portal_is_told_of_both_providers_and_the_hub(stack: Stack) -> None:
    for name in ("issuer-key.pem", "signing-key.pem"):
        (stack.folder("portal") / name).write_text("made before")

    write_configuration(stack)

    entries = json.loads((stack.state / "portal" / "providers.yaml").read_text())
    satellites = json.loads((stack.state / "portal" / "satellites.json").read_text())
    assert [each["slug"] for each in entries] == ["escape", "checkin"]
    assert satellites[0]["redirect_uris"] == [stack.url("hub", "/hub/oauth_callback")]
    assert len(variables(stack)["VRE_VAULT_KEYS"]) == 44
