"""Which runs people start and stop stands in the audit log."""

from __future__ import annotations

from accounts.models import AuditEvent, User
from reproducibility import services
from reproducibility.models import Analysis


def test_a_run_that_is_started_and_stopped_is_written_down(alice: User, analysis: Analysis) -> None:
    run = services.start_run(alice, analysis, parameters={"bins": 30})
    services.stop_run(alice, run.pk)
    another = services.again(alice, run.pk)

    told = AuditEvent.objects.filter(object_kind="run").order_by("at")
    assert [(event.action, event.object_id) for event in told] == [
        ("run.started", str(run.pk)),
        ("run.stopped", str(run.pk)),
        ("run.started", str(another.pk)),
    ]
    assert {event.actor for event in told} == {alice.pk}
    assert told[0].detail["analysis"] == "dimuon"
    assert told[0].detail["parameters"]["bins"] == 30
