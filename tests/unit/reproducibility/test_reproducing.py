"""A run on services in memory: from its inputs to its verdict, or to a reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.credentials import credential_for
from accounts.models import AudienceToken, TokenGrant, User
from activity.models import Event
from data_mgmt.backends import Did
from reproducibility import services
from reproducibility.backends import AUDIENCE
from reproducibility.models import KEPT, Analysis, Run, RunState
from reproducibility.services import staging
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import (
    RECORDED,
    finish,
    operation_of,
    work,
    write_analysis,
)
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, InvalidRequest, NotFound, UpstreamUnavailable

DOWN = UpstreamUnavailable("REANA does not answer.", service="reana")


def levels_of(run: Run) -> dict[str, str]:
    assert run.verdict is not None
    return {output["path"]: output["level"] for output in run.verdict["outputs"]}


def states_of(run: Run) -> list[tuple[str, str]]:
    return [(entry["name"], entry["state"]) for entry in run.steps]


def test_a_run_is_saved_before_anything_is_asked(
    run: Run, workflow_backend: FakeWorkflows, data_backend: FakeDataBackend
) -> None:
    assert (run.number, run.state, run.message) == (1, RunState.PREPARING, "Starting.")
    assert [name for name, _ in states_of(run)] == ["inputs", "select", "fit", "compare"]
    assert not workflow_backend.calls
    assert data_backend.calls["download"] == 0
    assert operation_of(run).state == "waiting"


def test_runs_of_an_analysis_are_numbered(alice: User, bob: User, analysis: Analysis) -> None:
    numbers = [services.start_run(user, analysis).number for user in (alice, bob, alice)]

    assert numbers == [1, 2, 3]


def test_the_workspace_gets_specification_code_and_inputs(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)

    made = workflow_backend.only()
    assert sorted(made.files) == [
        "code/fit.py", "data/muons_1.root", "data/muons_2.root", "reana.yaml",
    ]  # fmt: skip
    assert made.files["data/muons_2.root"] == b"muonmuon"
    assert (made.owner, made.starts) == (run.user.handle, 1)
    assert made.workflow.name == f"{run.remote_name}.1"


def test_inputs_are_noted_with_their_checksums_and_not_left_behind(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)

    assert [(entry["did"], entry["bytes"], entry["verified"]) for entry in run.inputs] == [
        ("cms:muons_1.root", 4, True),
        ("cms:muons_2.root", 8, True),
    ]
    assert run.inputs[0]["adler32"]
    assert not staging.work_folder(run).exists()


def test_parameters_reach_the_service(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    work(services.start_run(alice, analysis, parameters={"bins": 30}))

    assert workflow_backend.only().parameters == {"bins": 30}


def test_a_queued_run_waits_and_a_running_one_names_its_step(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run, 2)
    queued = (run.state, run.message)
    workflow_backend.run(1)
    work(run)

    assert queued == (RunState.QUEUED, "Waiting for its turn.")
    assert (run.state, run.message) == (RunState.RUNNING, "Step 2 of 2, fit, is running.")
    assert states_of(run) == [
        ("inputs", "done"), ("select", "done"), ("fit", "running"), ("compare", "waiting"),
    ]  # fmt: skip
    assert run.steps[1]["seconds"] == 20.0
    assert run.logs[0]["text"] == "select says hello\n"


def test_the_environment_is_noted_with_its_packages(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)

    assert run.environment["substituted"] is True
    assert run.environment["used"] == "Physics 2026.11"
    assert run.environment["packages"] == ["numpy==2.3.5", "uproot==5.6.8"]


def test_equal_outputs_give_the_best_verdict(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True

    finish(run)

    assert run.state == RunState.FINISHED
    assert run.verdict is not None
    assert run.verdict["level"] == "bit-identical"
    assert (run.verdict["environment"], run.verdict["inputs"]) == ("substituted", "verified")
    assert set(levels_of(run).values()) == {"bit-identical"}
    assert all(state == "done" for _, state in states_of(run))
    assert run.finished_at is not None
    assert {row.path: bytes(row.content) for row in run.outputs.all()} == RECORDED


def test_another_output_is_different_with_the_value(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    changed = RECORDED["results/fit.json"].replace(b"91.19", b"91.20")
    workflow_backend.gives({**RECORDED, "results/fit.json": changed})

    finish(run)

    assert run.verdict is not None
    assert run.verdict["level"] == "different"
    assert levels_of(run)["results/mass.png"] == "bit-identical"
    detail = run.verdict["outputs"][0]["detail"]
    assert detail.startswith('1 of 2 values differs; mass was "91.19", is "91.2"')
    assert run.message == "1 of 2 outputs bit-identical, 1 different."


def test_an_output_that_is_not_given_is_missing(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({"results/fit.json": RECORDED["results/fit.json"]})

    finish(run)

    assert run.state == RunState.FINISHED
    assert levels_of(run) == {"results/fit.json": "bit-identical", "results/mass.png": "missing"}
    assert run.verdict is not None
    assert run.verdict["level"] == "missing"


def test_a_huge_output_is_compared_but_not_kept(run: Run, workflow_backend: FakeWorkflows) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, "results/fit.json": b"x" * (KEPT + 1)})

    finish(run)

    kept = run.outputs.get(path="results/fit.json")
    assert levels_of(run)["results/fit.json"] == "different"
    assert (kept.size, bytes(kept.content), kept.kept) == (KEPT + 1, b"", False)


@pytest.mark.parametrize(
    ("given", "level"), [(RECORDED, "ok"), ({}, "warning")], ids=["reproduced", "not"]
)
def test_the_end_is_one_line_on_the_timeline(
    run: Run, workflow_backend: FakeWorkflows, given: dict[str, bytes], level: str
) -> None:
    workflow_backend.runs_by_itself = True
    workflow_backend.gives(given)

    finish(run)
    finish(run)

    line = Event.objects.get(verb="run.finished")
    assert line.text == f"Dimuon spectrum, run 1: {run.message}"
    assert (line.level, line.url) == (level, f"/runs/{run.pk}")


def test_a_failed_step_gives_the_last_line_of_its_log_as_the_reason(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.fail_step(1, "reading\nTraceback\nValueError: no \0 events\n")

    finish(run)

    assert run.state == RunState.FAILED
    assert run.message == "Step fit failed: ValueError: no ␀ events"
    assert states_of(run) == [
        ("inputs", "done"), ("select", "done"), ("fit", "failed"), ("compare", "skipped"),
    ]  # fmt: skip
    assert run.verdict is None
    assert Event.objects.filter(verb="run.failed").count() == 1


def test_a_workflow_that_fails_without_a_step_gives_the_runners_words(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.fail_step(0, "")
    made = workflow_backend.only()
    made.logs, made.reason = [], "No node has the memory."

    finish(run)

    assert run.message == "The runner says that the workflow failed: No node has the memory."


def test_a_workflow_stopped_at_the_runner_ends_the_run(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.run(1)
    made = workflow_backend.only()
    workflow_backend.cancel(credential_for(run.user, AUDIENCE), made.workflow)

    finish(run)

    assert (run.state, run.message) == (
        RunState.STOPPED, "Stopped at the runner, not by the portal.",
    )  # fmt: skip


def test_an_unknown_input_fails_with_what_is_wrong(
    run: Run, data_backend: FakeDataBackend, workflow_backend: FakeWorkflows
) -> None:
    data_backend.fail_on("download", NotFound("There is no dataset cms:dimuon.", service="rucio"))

    finish(run)

    assert (run.state, run.message) == (RunState.FAILED, "There is no dataset cms:dimuon.")
    assert states_of(run)[0] == ("inputs", "failed")
    assert states_of(run)[-1] == ("compare", "skipped")
    assert workflow_backend.only().workflow.state == "deleted"
    assert not workflow_backend.only().starts


def test_a_refused_specification_fails_with_the_services_words(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.fail_on("create", InvalidRequest("REANA says: unknown image."))

    finish(run)

    assert (run.state, run.message) == (RunState.FAILED, "REANA says: unknown image.")


@pytest.mark.parametrize("turns", [0, 2], ids=["before it starts", "while it runs"])
def test_an_expired_sign_in_fails_and_says_to_sign_in_again(
    run: Run, workflow_backend: FakeWorkflows, turns: int
) -> None:
    work(run, turns)
    AudienceToken.objects.all().delete()
    TokenGrant.objects.all().delete()

    finish(run)

    assert run.state == RunState.FAILED
    assert "Sign in again" in run.message


@pytest.mark.parametrize("turns", [0, 1, 2, 3], ids=["new", "queued", "running", "comparing"])
def test_a_service_that_is_down_for_long_is_waited_for(
    run: Run, workflow_backend: FakeWorkflows, turns: int
) -> None:
    work(run, turns)
    if turns:
        workflow_backend.run()
    before = run.state

    with workflow_backend.down(DOWN):
        work(run, 12)
        waiting = (run.state, run.message)
    workflow_backend.runs_by_itself = True
    finish(run)

    assert waiting == (
        before, "Waiting for REANA, which does not answer at the moment; it goes on by itself.",
    )  # fmt: skip
    assert run.state == RunState.FINISHED
    assert workflow_backend.only().starts == 1


def test_a_service_that_is_down_for_a_day_is_given_up(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    Run.objects.update(created_at=timezone.now() - timedelta(hours=25))
    workflow_backend.fail_on("*", DOWN)

    finish(run)

    assert (run.state, run.message) == (RunState.FAILED, "REANA does not answer.")


def test_rucio_down_is_waited_for_by_name(
    run: Run, data_backend: FakeDataBackend, workflow_backend: FakeWorkflows
) -> None:
    with data_backend.down(UpstreamUnavailable("Rucio does not answer.", service="rucio")):
        work(run, 3)

    assert run.state == RunState.PREPARING
    assert run.message.startswith("Waiting for Rucio")


def test_nothing_new_is_not_told_again(run: Run, workflow_backend: FakeWorkflows) -> None:
    work(run)
    workflow_backend.run(1)
    work(run)
    saved, looked = run.updated_at, run.checked_at

    work(run)

    assert run.updated_at == saved
    assert run.checked_at is not None
    assert looked is not None
    assert run.checked_at > looked


def test_the_longer_a_run_takes_the_rarer_the_look(
    run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=20))

    work(run)

    wait = (operation_of(run).due_at - timezone.now()).total_seconds()
    assert 15 < wait <= 20


def test_a_run_goes_on_with_its_version_when_a_newer_one_is_published(
    run: Run, workflow_backend: FakeWorkflows, analysis_folder: Path
) -> None:
    work(run, 2)
    (analysis_folder / "code" / "fit.py").write_text("print('better fit')\n")
    newer = services.import_folder(analysis_folder)
    workflow_backend.runs_by_itself = True

    finish(run)

    assert (run.state, run.version.number) == (RunState.FINISHED, 1)
    assert newer.newest.number == 2
    assert workflow_backend.only().files["code/fit.py"] == b"print('fit')\n"


def test_more_data_than_a_run_is_given_are_not_fetched(
    run: Run, data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_RUN_INPUT_BYTES", "5")
    get_config.cache_clear()

    finish(run)

    assert run.state == RunState.FAILED
    assert "at most 5 B of data in all" in run.message
    assert data_backend.calls["download"] == 0


def test_an_analysis_without_inputs_runs_too(
    alice: User, workflow_backend: FakeWorkflows, tmp_path: object, analysis_folder: object
) -> None:
    folder = write_analysis(analysis_folder, slug="bare", inputs=[])  # type: ignore[arg-type]
    workflow_backend.runs_by_itself = True

    run = finish(services.start_run(alice, services.import_folder(folder)))

    assert run.state == RunState.FINISHED
    assert run.inputs == []


def test_a_run_can_be_started_again_with_its_parameters(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    first = services.start_run(alice, analysis, parameters={"bins": 30})

    second = services.again(alice, first.pk)

    assert (second.number, second.parameters) == (2, {"bins": 30})
    assert second.pk != first.pk


def test_anothers_run_is_not_found(bob: User, run: Run) -> None:
    for ask in (services.find_run, services.stop_run, services.again):
        with pytest.raises(NotFound):
            ask(bob, run.pk)


def test_home_gets_the_runs_under_way_and_the_ended_ones(
    alice: User, bob: User, run: Run, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    finish(run)
    under_way = services.start_run(alice, analysis)
    services.start_run(bob, analysis)

    active, ended = services.summary(alice)

    assert (active, ended) == ([under_way], [run])
    assert services.active_count(alice.pk) == 1


HELD = {"embargo_until": "2999-01-31", "embargo_group": "/escape/cms"}


def test_an_input_under_an_embargo_starts_no_run(
    alice: User, analysis: Analysis, data_backend: FakeDataBackend
) -> None:
    data_backend.descriptions[Did("cms", "dimuon")] |= HELD

    with pytest.raises(Forbidden, match="proprietary to /escape/cms"):
        services.start_run(alice, analysis)

    assert not Run.objects.exists()


def test_an_input_put_under_an_embargo_meanwhile_is_not_handed_on(
    run: Run, data_backend: FakeDataBackend, workflow_backend: FakeWorkflows
) -> None:
    other = data_backend.add_dataset("cms:secret", Did("cms", "muons_2.root"))
    data_backend.descriptions[other] |= HELD

    work(run)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "cms:secret is proprietary to /escape/cms" in run.message
    assert workflow_backend.only().workflow.state == "deleted"
    assert not workflow_backend.only().starts


def test_members_reproduce_what_is_under_an_embargo(
    alice: User, analysis: Analysis, data_backend: FakeDataBackend
) -> None:
    data_backend.descriptions[Did("cms", "dimuon")] |= HELD
    alice.groups = ["/escape/cms"]
    alice.save()

    assert services.start_run(alice, analysis).pk
