"""Other data in the place of recorded inputs: what is asked, read, and said of the outcome."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from activity.models import Event
from data_mgmt.backends import Did
from data_mgmt.services import basket
from reproducibility import services
from reproducibility.forms import VariationForm
from reproducibility.models import Analysis, AnalysisVersion, Kind, Run
from reproducibility.presenting import shown, with_last_run
from reproducibility.services.provenance import provenance_of
from reproducibility.services.uses import runs_of
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, work
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, InvalidRequest

OTHER = {"cms:dimuon": "cms:other"}
FORM = "/analyses/dimuon/variation"


@pytest.fixture(autouse=True)
def _other(data_backend: FakeDataBackend) -> None:
    file = data_backend.add_file("cms:mine.root", b"mine", ["CERN-DISK"])
    data_backend.add_dataset("cms:other", file)


def test_the_other_data_stand_in_the_recorded_ones_folder(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    run = work(services.start_run(alice, analysis, inputs=OTHER))

    assert sorted(workflow_backend.only().files) == ["code/fit.py", "data/mine.root", "reana.yaml"]
    assert [entry["dataset"] for entry in run.inputs] == ["cms:other"]
    assert [use.url for use in runs_of(alice, Did("cms", "other"))] == [f"/runs/{run.pk}"]


def test_equal_outputs_of_other_data_are_not_called_reproduced(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True

    run = finish(services.start_run(alice, analysis, inputs=OTHER))

    assert run.verdict is not None
    assert (run.verdict["level"], run.verdict["inputs"]) == ("bit-identical", "changed")
    assert run.message.startswith("From other data than recorded: 2 of 2")
    assert Event.objects.get(verb="run.finished").level == "ok"
    assert shown(run).badge == "variation"
    assert with_last_run([analysis], Run.objects.all())[0].last is None


def test_starting_it_again_reads_the_same(alice: User, analysis: Analysis) -> None:
    run = services.start_run(alice, analysis, inputs=OTHER)

    assert services.again(alice, run.pk).replaced_inputs == OTHER


@pytest.mark.parametrize("same", ["cms:dimuon", "", "  "])
def test_the_recorded_input_itself_is_no_variation(
    alice: User, analysis: Analysis, same: str
) -> None:
    assert not services.start_run(alice, analysis, inputs={"cms:dimuon": same}).is_variation


@pytest.mark.parametrize(
    ("wanted", "field", "says"),
    [
        ({"cms:nope": "cms:other"}, "cms:nope", "there are: cms:dimuon"),
        ({"cms:dimuon": "no did"}, "cms:dimuon", "scope:name"),
        ({"cms:dimuon": "cms:nothing"}, "cms:dimuon", "no such data"),
    ],
)
def test_what_can_not_stand_in_names_its_input(
    alice: User, analysis: Analysis, wanted: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(InvalidRequest, match=says) as refused:
        services.start_run(alice, analysis, inputs=wanted)

    assert refused.value.field == field
    assert not Run.objects.exists()


def test_more_than_a_run_is_given_is_refused_before_anything_is_fetched(
    alice: User, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_RUN_INPUT_BYTES", "3")
    get_config.cache_clear()

    with pytest.raises(InvalidRequest, match="at most 3 B of other data") as refused:
        services.start_run(alice, analysis, inputs=OTHER)

    assert refused.value.field == "cms:dimuon"
    assert services.start_run(alice, analysis)


def test_other_data_under_an_embargo_are_refused(
    alice: User, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_user: User, did: Did) -> None:
        if did == Did("cms", "other"):
            raise Forbidden("Kept for the group until 2030.")

    monkeypatch.setattr("reproducibility.services.inputs.check_contents", check)

    with pytest.raises(Forbidden, match="Kept for the group"):
        services.start_run(alice, analysis, inputs=OTHER)


def test_the_basket_leads_to_an_analysis_and_fills_its_form(
    browser: Client, alice: User, analysis: Analysis
) -> None:
    basket.add(alice, [Did("cms", "other")])

    assert 'href="/analyses/?from=basket"' in browser.get("/data/basket/").content.decode()
    listed = browser.get("/analyses/?from=basket").content.decode()
    assert f'href="{FORM}?from=basket"' in listed
    assert "/reproduce" not in listed
    form = browser.get(f"{FORM}?from=basket").content.decode()
    assert 'value="cms:other"' in form
    assert '<option value="cms:other">' in form


def test_the_form_starts_a_run_with_what_it_says(browser: Client, analysis: Analysis) -> None:
    answer = browser.post(FORM, {"input-1": "cms:other"})

    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}"
    assert run.replaced_inputs == OTHER
    page = browser.get(answer["Location"]).content.decode()
    assert "A variation of version 1" in page
    assert "Reproduction of" not in page


def test_other_parameters_make_a_variation(browser: Client, analysis: Analysis) -> None:
    browser.post(FORM, {"parameter-bins": "30", "parameter-label": "pt"})

    run = Run.objects.get()
    assert run.kind == Kind.VARIATION
    assert run.parameters == {"bins": 30, "label": "pt"}


def test_the_recorded_parameters_make_none(browser: Client, analysis: Analysis) -> None:
    browser.post(FORM, {"parameter-bins": "60", "parameter-quick": "false"})

    run = Run.objects.get()
    assert run.kind == Kind.REPRODUCTION
    assert run.parameters == {}


@pytest.mark.parametrize(
    ("value", "advice"), [("many", "Give a value such as 60."), ("2.5", "a whole number")]
)
def test_a_wrong_parameter_is_told_at_its_field_and_kept(
    browser: Client, analysis: Analysis, value: str, advice: str
) -> None:
    answer = browser.post(FORM, {"parameter-bins": value})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert advice in page
    assert f'value="{value}"' in page
    assert not Run.objects.exists()


def test_a_link_fills_the_parameters(browser: Client, analysis: Analysis) -> None:
    page = browser.get(f"{FORM}?parameter-bins=30").content.decode()

    assert 'value="30"' in page


def test_a_wrong_input_is_told_at_its_field_and_kept(browser: Client, analysis: Analysis) -> None:
    answer = browser.post(FORM, {"input-1": "cms:nothing"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="cms:nothing"' in page
    assert 'id="id_input-1_error"' in page


def test_an_analysis_without_data_has_no_other(
    browser: Client, alice: User, analysis: Analysis
) -> None:
    analysis.newest.inputs.all().delete()
    basket.add(alice, [Did("cms", "other")])

    assert "Reads no data" in browser.get("/analyses/?from=basket").content.decode()
    assert "input-1" not in browser.get(FORM).content.decode()


def test_the_api_takes_other_inputs_and_tells_them(browser: Client, analysis: Analysis) -> None:
    address = "/api/v1/analyses/dimuon/runs"

    made = browser.post(address, {"replaced_inputs": OTHER}, content_type="application/json")
    wrong = browser.post(
        address, {"replaced_inputs": {"cms:dimuon": "cms:nothing"}}, content_type="application/json"
    )

    assert made.json()["replaced_inputs"] == OTHER
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cms:dimuon")


ODD = """inputs:
  parameters:
    day: 2024-05-01
    limit: .nan
    cuts: "pt > 20\\nmass > 60"
"""


def test_parameters_of_other_types_stay_as_they_are_recorded(
    browser: Client, analysis: Analysis
) -> None:
    AnalysisVersion.objects.filter(pk=analysis.newest.pk).update(specification=ODD)
    shown_fields = VariationForm(analysis.newest, None, {}).parameter_fields

    page = browser.get(FORM).content.decode()
    sent = {field.html_name: str(field.value()).replace("\n", "\r\n") for field in shown_fields}
    form = VariationForm(AnalysisVersion.objects.get(), sent, {})

    assert "<textarea" in page
    assert "2024-05-01" in page
    assert form.is_valid()
    assert form.values() == {}


def test_a_recorded_date_is_told_in_the_metadata_of_outputs(
    alice: User, analysis: Analysis
) -> None:
    AnalysisVersion.objects.filter(pk=analysis.newest.pk).update(specification=ODD)
    run = services.start_run(alice, AnalysisVersion.objects.get().analysis)

    assert '"day": "2024-05-01"' in str(provenance_of(run)["parameters"])
