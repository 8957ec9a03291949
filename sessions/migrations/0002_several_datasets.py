"""A session may open with several datasets."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def several(apps: Any, _schema_editor: Any) -> None:
    """Make a list of the one."""
    for session in apps.get_model("interactive_sessions", "Session").objects.exclude(dataset=""):
        session.datasets = [session.dataset]
        session.save(update_fields=["datasets"])


def one(apps: Any, _schema_editor: Any) -> None:
    """Keep the first."""
    for session in apps.get_model("interactive_sessions", "Session").objects.exclude(datasets=[]):
        session.dataset = session.datasets[0]
        session.save(update_fields=["dataset"])


class Migration(migrations.Migration):
    """From one dataset to a list."""

    dependencies = [("interactive_sessions", "0001_initial")]

    operations = [
        migrations.AddField(
            "session",
            "datasets",
            models.JSONField(default=list, help_text="DIDs that it was opened with"),
        ),
        migrations.RunPython(several, one),
        migrations.RemoveField("session", "dataset"),
    ]
