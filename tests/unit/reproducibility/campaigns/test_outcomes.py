"""A campaign made again and compared, shown to others, and cited."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from reproducibility.models import Analysis, Campaign, CampaignState, Point
from reproducibility.services.campaigns import citing, making
from reproducibility.services.campaigns.again import Difference, again, comparison, repeated
from tests.factories import sign_in
from tests.unit.reproducibility.campaigns.conftest import Make, to_its_end
from vre_portal.errors import Conflict, Forbidden, NotFound

JSON = "application/json"


@pytest.fixture
def done(alice: User, make: Make) -> Campaign:
    """A campaign of Alice's over three points that has finished."""
    campaign = make(points=3, source={"way": "random", "seed": 7})
    making.go_on(alice, campaign.pk)
    return to_its_end(campaign)


@pytest.fixture
def shown(alice: User, done: Campaign) -> Campaign:
    """The same, shown to others."""
    return citing.show(alice, done.pk)


def repetition(user: User, campaign: Campaign) -> Campaign:
    made = again(user, campaign.pk)
    making.go_on(user, made.pk)
    return to_its_end(made)


def set_mass(campaign: Campaign, number: int, value: object) -> None:
    rows = Point.objects.filter(campaign=campaign, number=number)
    rows.update(results={"mass": {"value": value}})


def test_it_is_made_again_from_its_own_points(alice: User, done: Campaign) -> None:
    made = again(alice, done.pk)

    assert (made.state, made.again_of_id) == (CampaignState.DRAFT, done.pk)
    assert (made.columns, made.results, made.source) == (done.columns, done.results, done.source)
    points = made.points.order_by("number").values_list("values", flat=True)
    assert list(points) == list(done.points.order_by("number").values_list("values", flat=True))


def test_the_same_results_are_a_reproduction(alice: User, done: Campaign) -> None:
    for number in (1, 2, 3):
        set_mass(done, number, 91.0)
    second = repetition(alice, done)
    for number in (1, 2, 3):
        set_mass(second, number, 91.0 * (1 + 1e-9))

    found = comparison(second, repeated(alice, second))

    assert found is not None
    assert found.is_reproduced
    assert (found.same, found.differ, found.missing) == (3, 0, 0)


def test_what_differs_or_is_missing_is_told_by_point(alice: User, done: Campaign) -> None:
    for number in (1, 2, 3):
        set_mass(done, number, 91.0)
    second = repetition(alice, done)
    set_mass(second, 1, 91.0)
    set_mass(second, 2, 92.5)
    second.points.filter(number=3).update(results={"mass": {"problem": "no such file"}})

    found = comparison(second, repeated(alice, second))

    assert found is not None
    assert not found.is_reproduced
    assert (found.same, found.differ, found.missing) == (1, 1, 1)
    assert found.first == (Difference(2, "mass", 91.0, 92.5),)


def test_there_is_no_comparison_before_both_have_finished(alice: User, done: Campaign) -> None:
    made = again(alice, done.pk)

    assert comparison(made, repeated(alice, made)) is None
    assert comparison(done, repeated(alice, done)) is None


def test_a_shown_campaign_is_seen_by_those_who_see_its_version(bob: User, shown: Campaign) -> None:
    assert making.find(bob, shown.pk) == shown
    assert list(making.mine(bob)) == []

    Analysis.objects.update(published=False)

    with pytest.raises(NotFound):
        making.find(bob, shown.pk)


def test_it_is_its_owners_alone_again(alice: User, bob: User, shown: Campaign) -> None:
    citing.hide(alice, shown.pk)

    with pytest.raises(NotFound):
        making.find(bob, shown.pk)
    told = AuditEvent.objects.filter(action__in=["campaign.shown", "campaign.hidden"])
    assert [each.action for each in told.order_by("at")] == ["campaign.shown", "campaign.hidden"]


@pytest.mark.parametrize("act", [making.go_on, making.cancel, making.delete, citing.hide])
def test_others_change_nothing_of_a_shown_campaign(
    bob: User, shown: Campaign, act: making.Act
) -> None:
    with pytest.raises(Forbidden):
        act(bob, shown.pk)

    shown.refresh_from_db()
    assert (shown.public, shown.state) == (True, CampaignState.FINISHED)


def test_only_what_has_finished_is_shown(alice: User, make: Make) -> None:
    with pytest.raises(Conflict, match="has finished"):
        citing.show(alice, make().pk)


def test_what_nobody_else_sees_is_not_shown(alice: User, done: Campaign) -> None:
    Analysis.objects.update(published=False)

    with pytest.raises(Conflict, match="Publish it first"):
        citing.show(alice, done.pk)


def test_others_see_results_and_no_run(bob: User, client: Client, shown: Campaign) -> None:
    sign_in(client, bob)

    page = client.get(f"/campaigns/{shown.pk}").content.decode()
    point = client.get(f"/campaigns/{shown.pk}/points/1").content.decode()
    listed = client.get(f"/api/v1/campaigns/{shown.pk}/points").json()["items"]

    assert "Run again" in page
    assert not any(word in page for word in ("Show it to", "How it goes on", ">Delete"))
    assert "Look at the run" not in point
    assert [each["run"] for each in listed] == [None] * 3
    assert all("value" in each["results"]["mass"] for each in listed)


def test_it_stands_on_the_page_of_its_analysis(bob: User, client: Client, shown: Campaign) -> None:
    sign_in(client, bob)
    address = f"/analyses/{shown.version.analysis.slug}"

    assert f"/campaigns/{shown.pk}" in client.get(address).content.decode()

    Campaign.objects.update(public=False)
    assert f"/campaigns/{shown.pk}" not in client.get(address).content.decode()


def test_somebody_else_makes_a_shown_campaign_again(
    bob: User, client: Client, shown: Campaign
) -> None:
    sign_in(client, bob)

    answer = client.post(f"/campaigns/{shown.pk}/again")

    made = making.mine(bob).get()
    assert answer.headers["Location"] == f"/campaigns/{made.pk}"
    assert made.again_of_id == shown.pk


def test_the_comparison_stands_on_the_page_and_in_the_api(
    alice: User, client: Client, done: Campaign
) -> None:
    set_mass(done, 1, 90.0)
    second = repetition(alice, done)
    sign_in(client, alice)

    page = client.get(f"/campaigns/{second.pk}").content.decode()
    told = client.get(f"/api/v1/campaigns/{second.pk}/comparison").json()

    assert "2 points gave the same, 1 gave something else" in page
    assert (told["is_reproduced"], told["same"], told["differ"]) == (False, 2, 1)
    assert told["first"][0]["before"] == 90.0
    assert client.get(f"/api/v1/campaigns/{done.pk}/comparison").status_code == 404


def test_it_is_shown_and_hidden_on_its_page_and_by_the_api(
    alice: User, client: Client, done: Campaign
) -> None:
    sign_in(client, alice)
    base = f"/campaigns/{done.pk}"

    client.post(f"{base}/show")
    assert client.get(f"/api/v1{base}").json()["public"] is True
    client.post(f"{base}/hide")
    assert client.get(f"/api/v1{base}").json()["public"] is False

    assert client.post(f"/api/v1{base}/show", content_type=JSON).json()["public"] is True


def test_it_is_cited_with_what_makes_it_again(alice: User, client: Client, done: Campaign) -> None:
    sign_in(client, alice)
    base = f"/campaigns/{done.pk}"

    written = client.get(f"{base}/CITATION.cff").content.decode()
    bib = client.get(f"{base}/citation.bib").content.decode()

    assert str(alice) in written
    assert f"3 points of {done.version.analysis.title}, version 1." in written
    assert "Seed of the points: 7." in written
    assert base in bib
    assert f"campaign_{str(done.pk)[:8]}" in bib
