"""An analysis has versions that never change; verdicts are signed; captures become analyses."""

from __future__ import annotations

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PARTS = ("AnalysisFile", "AnalysisInput", "RecordedOutput")


def to_versions(apps: Any, _editor: Any) -> None:
    """Give each analysis the version that it has; of older ones only their runs tell."""
    analyses, versions = (
        apps.get_model("reproducibility", name) for name in ("Analysis", "AnalysisVersion")
    )
    for analysis in analyses.objects.all():
        analysis.authors = [{"name": str(name), "orcid": ""} for name in analysis.authors]
        analysis.current = versions.objects.create(
            analysis=analysis,
            number=analysis.version,
            specification=analysis.specification,
            environment=analysis.environment,
            content_sha256=analysis.content_sha256,
        )
        analysis.save()
        for part in PARTS:
            rows = apps.get_model("reproducibility", part).objects.filter(analysis=analysis)
            rows.update(version=analysis.current)
        for run in apps.get_model("reproducibility", "Run").objects.filter(analysis=analysis):
            run.version, _made = versions.objects.get_or_create(
                analysis=analysis,
                number=run.analysis_version,
                defaults={"content_sha256": "", "specification": "", "environment": ""},
            )
            run.kind = "variation" if run.replaced_inputs or run.parameters else "reproduction"
            run.save()


def _version(related: str, *, null: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        null=null,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related,
        to="reproducibility.analysisversion",
    )


class Migration(migrations.Migration):
    """Versions, tolerances, kinds of runs, signed verdicts, captures."""

    dependencies = [
        ("reproducibility", "0002_replaced_inputs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AnalysisVersion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("specification", models.TextField(help_text="reana.yaml as it was written")),
                ("environment", models.CharField(blank=True, help_text="the recorded image", max_length=200)),
                ("surroundings", models.JSONField(default=dict, help_text="of the recorded run: packages' digest, interpreter, system")),
                ("code", models.JSONField(default=dict, help_text="repository, commit, dirty, swhid")),
                ("origin", models.JSONField(default=dict, help_text="what it was captured from")),
                ("content_sha256", models.CharField(max_length=64)),
                ("proof", models.CharField(choices=[("none", "None"), ("running", "Running"), ("passed", "Passed"), ("failed", "Failed")], default="none", max_length=8)),
                ("proof_note", models.TextField(blank=True)),
                ("undeclared", models.JSONField(default=list, help_text="paths that the proof missed")),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("analysis", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="reproducibility.analysis")),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [models.UniqueConstraint(fields=("analysis", "number"), name="version_of_analysis")],
            },
        ),
        migrations.AddField("analysis", "current", models.ForeignKey(
            help_text="the newest one", null=True, on_delete=django.db.models.deletion.PROTECT,
            related_name="+", to="reproducibility.analysisversion",
        )),
        migrations.AddField("analysisfile", "version", _version("files", null=True)),
        migrations.AddField("analysisinput", "version", _version("inputs", null=True)),
        migrations.AddField("recordedoutput", "version", _version("outputs", null=True)),
        migrations.AddField("run", "version", _version("runs", null=True)),
        migrations.AddField("run", "kind", models.CharField(
            choices=[("reproduction", "Reproduction"), ("variation", "Variation"), ("proof", "Proof"), ("verification", "Verification")],
            default="reproduction", max_length=12,
        )),
        migrations.RunPython(to_versions),
        # The constraints that the rows wait for are checked before the tables change.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveConstraint("analysisfile", "file_once"),
        migrations.RemoveConstraint("recordedoutput", "output_once"),
        *(migrations.RemoveField(part.lower(), "analysis") for part in PARTS),
        migrations.AlterField("analysisfile", "version", _version("files")),
        migrations.AlterField("analysisinput", "version", _version("inputs")),
        migrations.AlterField("recordedoutput", "version", _version("outputs")),
        migrations.AlterField("run", "version", _version("runs")),
        migrations.AddConstraint("analysisfile", models.UniqueConstraint(fields=("version", "path"), name="file_once")),
        migrations.AddConstraint("recordedoutput", models.UniqueConstraint(fields=("version", "path"), name="output_once")),
        migrations.RemoveField("run", "analysis_version"),
        *(migrations.RemoveField("analysis", name) for name in ("specification", "environment", "content_sha256", "version")),
        migrations.AlterField("analysis", "authors", models.JSONField(default=list, help_text="a list of {name, orcid}")),
        migrations.AddField("analysis", "verify_days", models.PositiveSmallIntegerField(help_text="days from one scheduled verification to the next", null=True)),
        migrations.AddField("analysis", "verify_at", models.DateTimeField(db_index=True, null=True)),
        migrations.AddField("analysis", "verify_note", models.TextField(blank=True, help_text="why the last one could not be done")),
        migrations.AddField("analysisinput", "files", models.JSONField(default=list, help_text="as recorded: did, bytes, adler32, sha256; empty where not known")),
        migrations.AlterField("recordedoutput", "content", models.BinaryField(help_text="empty where it is too large to be kept here")),
        migrations.AddField("recordedoutput", "tolerance", models.JSONField(default=dict, help_text="rtol, atol, statistical, ignore")),
        migrations.AddField("run", "transfer", models.JSONField(default=dict, help_text="files and bytes handed over so far, and of all")),
        migrations.AddField("run", "tests", models.JSONField(default=list, help_text="scenario, result and reason, each")),
        migrations.CreateModel(
            name="SignedVerdict",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("level", models.CharField(max_length=30)),
                ("environment", models.CharField(max_length=20)),
                ("inputs", models.CharField(max_length=20)),
                ("statement", models.TextField(help_text="the bytes that are signed: JSON, keys sorted")),
                ("signature", models.CharField(help_text="Ed25519, base64", max_length=88)),
                ("key_id", models.CharField(max_length=64)),
                ("signed_at", models.DateTimeField()),
                ("run", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="signed", to="reproducibility.run")),
                ("version", _version("verdicts")),
            ],
            options={
                "ordering": ["-signed_at"],
                "indexes": [models.Index(fields=["version", "-signed_at"], name="verdict_of_version")],
            },
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_verdict_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'a signed verdict is never changed'; END $$;
            CREATE TRIGGER verdict_never_changed BEFORE UPDATE ON reproducibility_signedverdict
            FOR EACH ROW EXECUTE FUNCTION refuse_verdict_change();
            """,
            """
            DROP TRIGGER verdict_never_changed ON reproducibility_signedverdict;
            DROP FUNCTION refuse_verdict_change();
            """,
        ),
        migrations.CreateModel(
            name="Capture",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("session", "Session"), ("git", "Repository"), ("zip", "Zip"), ("reana", "Workflow"), ("crate", "Crate")], max_length=8)),
                ("origin", models.JSONField(default=dict, help_text="session, repository and commit, …")),
                ("state", models.CharField(choices=[("reading", "Reading"), ("proposed", "Proposed"), ("saved", "Saved"), ("failed", "Failed")], default="reading", max_length=8)),
                ("message", models.TextField(blank=True)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("summary", models.TextField(blank=True)),
                ("licence", models.CharField(blank=True, max_length=80)),
                ("authors", models.JSONField(default=list)),
                ("specification", models.TextField(blank=True)),
                ("environment", models.CharField(blank=True, max_length=200)),
                ("surroundings", models.JSONField(default=dict)),
                ("code", models.JSONField(default=dict)),
                ("inputs", models.JSONField(default=list, help_text="did, folder, files")),
                ("tolerances", models.JSONField(default=dict, help_text="by the output's path")),
                ("found", models.JSONField(default=dict, help_text="what was looked at, for the page")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("analysis", models.ForeignKey(help_text="of which it is to be a new version, or which it became", null=True, on_delete=django.db.models.deletion.CASCADE, related_name="captures", to="reproducibility.analysis")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["user", "-created_at"], name="capture_of_user")],
            },
        ),
        migrations.CreateModel(
            name="CapturedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=400)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("adler32", models.CharField(blank=True, max_length=8)),
                ("content", models.BinaryField(null=True)),
                ("role", models.CharField(help_text="code, output, input, or empty: left out", max_length=8)),
                ("capture", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="files", to="reproducibility.capture")),
            ],
            options={
                "ordering": ["path"],
                "constraints": [models.UniqueConstraint(fields=("capture", "path"), name="captured_once")],
            },
        ),
    ]
