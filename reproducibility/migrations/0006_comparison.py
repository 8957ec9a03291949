"""How an output differs, with figures, stands beside the output: verdicts in lists stay small."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """The comparison, by output of a run."""

    dependencies = [("reproducibility", "0005_registrations")]

    operations = [
        migrations.AddField(
            "runoutput",
            "comparison",
            models.JSONField(
                null=True, help_text="counts, largest differences, tests and figures, where compared"
            ),
        ),
    ]
