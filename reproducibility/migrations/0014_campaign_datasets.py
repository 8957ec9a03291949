"""Tables of campaigns are registered in Rucio as outputs of runs are."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

CASCADE = django.db.models.deletion.CASCADE
OF_ONE_THING = models.Q(("campaign__isnull", True), ("run__isnull", False)) | models.Q(
    ("campaign__isnull", False), ("run__isnull", True)
)


class Migration(migrations.Migration):
    """A registration is of a run or of a campaign."""

    dependencies = [
        ("reproducibility", "0013_public_campaigns"),
    ]

    operations = [
        migrations.AddField(
            "Registration",
            "campaign",
            models.ForeignKey(
                null=True,
                on_delete=CASCADE,
                related_name="registrations",
                to="reproducibility.campaign",
            ),
        ),
        migrations.AddField(
            "Registration",
            "drives",
            models.PositiveIntegerField(
                default=0, help_text="of the campaign, as its table was asked for"
            ),
        ),
        migrations.AlterField(
            "Registration",
            "run",
            models.ForeignKey(
                null=True,
                on_delete=CASCADE,
                related_name="registrations",
                to="reproducibility.run",
            ),
        ),
        migrations.AlterField(
            "RegisteredFile",
            "run",
            models.ForeignKey(
                null=True,
                on_delete=CASCADE,
                related_name="registered_files",
                to="reproducibility.run",
            ),
        ),
        migrations.AlterField(
            "RegisteredFile",
            "path",
            models.CharField(help_text="in the run's workspace, or a name", max_length=1000),
        ),
        migrations.AddConstraint(
            "Registration",
            models.CheckConstraint(condition=OF_ONE_THING, name="registration_of_one_thing"),
        ),
        migrations.AddConstraint(
            "Registration",
            models.UniqueConstraint(
                condition=models.Q(("state", "failed"), _negated=True),
                fields=("campaign", "drives"),
                name="campaign_table_registered_once",
            ),
        ),
    ]
