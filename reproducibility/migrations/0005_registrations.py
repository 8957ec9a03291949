"""Outputs of runs are registered in Rucio: which, where to, and how far they are."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

REGISTRATION_STATES = [("running", "Running"), ("done", "Done"), ("failed", "Failed")]
FILE_STATES = [
    ("waiting", "Waiting"), ("fetching", "Fetching"), ("storing", "Storing"), ("done", "Done"),
    ("failed", "Failed"),
]  # fmt: skip
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    """A registration and its files; a file of a run is registered once."""

    dependencies = [
        ("data_mgmt", "0010_groups"),
        ("reproducibility", "0004_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            "Registration",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("scope", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=250)),
                ("storage", models.CharField(max_length=255)),
                ("lifetime_days", models.PositiveIntegerField(null=True)),
                (
                    "metadata",
                    models.JSONField(default=dict, help_text="of the dataset: what made it"),
                ),
                (
                    "state",
                    models.CharField(choices=REGISTRATION_STATES, default="running", max_length=8),
                ),
                ("message", models.TextField(blank=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="registrations", to="reproducibility.run"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.CreateModel(
            "RegisteredFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "path",
                    models.CharField(help_text="in the run's workspace", max_length=1000),
                ),
                (
                    "name",
                    models.CharField(help_text="in the scope of the registration", max_length=250),
                ),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(choices=FILE_STATES, default="waiting", max_length=8),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=CASCADE,
                        related_name="registered_files",
                        to="reproducibility.run",
                    ),
                ),
                (
                    "upload",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="data_mgmt.upload",
                    ),
                ),
                (
                    "registration",
                    models.ForeignKey(
                        on_delete=CASCADE,
                        related_name="files",
                        to="reproducibility.registration",
                    ),
                ),
            ],
            options={
                "ordering": ["path"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "failed"), _negated=True),
                        fields=("run", "path"),
                        name="run_file_registered_once",
                    )
                ],
            },
        ),
    ]
