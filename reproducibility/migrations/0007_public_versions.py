"""Which versions others may see: of a published analysis all that were seen until now."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Q


def show(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Mark the proven versions of published analyses, and their newest ones."""
    version = apps.get_model("reproducibility", "AnalysisVersion")
    seen = Q(proof="passed") | Q(origin__kind="folder") | Q(pk=F("analysis__current"))
    rows = version.objects.filter(seen, analysis__published=True)
    version.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(public=True)


class Migration(migrations.Migration):
    """A column that says whether others see a version."""

    dependencies = [("reproducibility", "0006_comparison")]

    operations = [
        migrations.AddField(
            "analysisversion",
            "public",
            models.BooleanField(
                default=False, help_text="whether others see it while its analysis is published"
            ),
        ),
        migrations.AlterField(
            "analysis",
            "current",
            models.ForeignKey(
                "reproducibility.AnalysisVersion", models.PROTECT, related_name="+", null=True,
                help_text="the newest that people see",
            ),
        ),
        migrations.RunPython(show, migrations.RunPython.noop),
    ]
