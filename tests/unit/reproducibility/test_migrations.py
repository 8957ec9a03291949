"""What migrations make of rows that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps.registry import Apps
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = pytest.mark.django_db(transaction=True)
APP = "reproducibility"
Migrate = Callable[[str], Apps]
#: A schema in which nothing is migrated yet; the database's extensions stay in reach.
APART = """
    CREATE SCHEMA migrated;
    CREATE TABLE migrated.django_migrations (LIKE public.django_migrations INCLUDING ALL);
    SET search_path TO migrated, public;
"""
#: What a version has that no test here looks at.
BLANK = {"specification": "", "environment": "", "content_sha256": ""}


@pytest.fixture
def at() -> Iterator[Migrate]:
    """Bring tables apart from those of other tests to a migration, forth or back."""
    with connection.cursor() as cursor:
        cursor.execute(APART)
    try:
        yield migrate
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path; DROP SCHEMA migrated CASCADE")


def migrate(name: str) -> Apps:
    """Migrate the app, and what it needs, to a migration, and return the models as they were."""
    executor = MigrationExecutor(connection)
    executor.migrate([(APP, name)])
    return executor.loader.project_state([(APP, name)]).apps


def a_person(apps: Apps) -> UUID:
    """Return the id of somebody who was there before."""
    made: UUID = apps.get_model("accounts", "User").objects.create(handle="alice").pk
    return made


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, "reproduction"),
        ({"parameters": {"bins": 30}}, "variation"),
        ({"replaced_inputs": {"cms:dimuon": "cms:other"}}, "variation"),
    ],
)
def test_an_old_run_that_changed_something_becomes_a_variation(
    at: Migrate, told: dict[str, Any], kind: str
) -> None:
    old = at("0002_replaced_inputs")
    analysis = old.get_model(APP, "Analysis").objects.create(
        slug="dimuon", title="Dimuon", version=1, authors=[], **BLANK
    )
    run = old.get_model(APP, "Run").objects.create(
        user_id=a_person(old), analysis=analysis, number=1, analysis_version=1, **told
    )

    new = at("0003_versions")

    assert new.get_model(APP, "Run").objects.get(pk=run.pk).kind == kind


@pytest.fixture
def signed(at: Migrate) -> Any:
    """An old verdict on a proof, signed before verdicts told the kind of their run."""
    old = at("0007_public_versions")
    analysis = old.get_model(APP, "Analysis").objects.create(slug="dimuon", title="Dimuon")
    version = old.get_model(APP, "AnalysisVersion").objects.create(
        analysis=analysis, number=1, **BLANK
    )
    run = old.get_model(APP, "Run").objects.create(
        user_id=a_person(old), analysis=analysis, version=version, number=1, kind="proof"
    )
    return old.get_model(APP, "SignedVerdict").objects.create(
        run=run, version=version, level="different", environment="exact", inputs="verified",
        statement="{}", signature="", key_id="", signed_at=timezone.now(),
    )  # fmt: skip


def test_an_old_verdict_is_told_the_kind_of_its_run(at: Migrate, signed: Any) -> None:
    new = at("0008_verdicts_stay")

    assert new.get_model(APP, "SignedVerdict").objects.get().kind == "proof"


def test_verdicts_are_guarded_before_and_after(at: Migrate, signed: Any) -> None:
    rows = at("0008_verdicts_stay").get_model(APP, "SignedVerdict").objects
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        rows.update(level="bit-identical")

    rows = at("0007_public_versions").get_model(APP, "SignedVerdict").objects

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        rows.update(level="bit-identical")


def test_verdicts_without_a_run_are_not_lost_by_going_back(at: Migrate, signed: Any) -> None:
    at("0008_verdicts_stay").get_model(APP, "SignedVerdict").objects.update(run=None)

    with pytest.raises(DatabaseError):
        at("0007_public_versions")

    assert at("0008_verdicts_stay").get_model(APP, "SignedVerdict").objects.count() == 1
