"""A signed verdict stays when its run goes with whoever ran, and says itself what kind it was."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

#: The row's kind of run, from the run that every verdict still has.
FILL = """
    DROP TRIGGER verdict_never_changed ON reproducibility_signedverdict;
    UPDATE reproducibility_signedverdict AS verdict SET kind = run.kind
    FROM reproducibility_run AS run WHERE run.id = verdict.run_id;
    SET CONSTRAINTS ALL IMMEDIATE;
"""
#: A row may lose its run, and nothing else of it ever changes; later columns are covered, too.
REFUSE_BUT_LOSS = """
    CREATE OR REPLACE FUNCTION refuse_verdict_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.run_id IS NOT NULL AND NEW.run_id IS NULL THEN
            OLD.run_id := NULL;
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'a signed verdict is never changed';
    END $$;
"""
REFUSE_ALL = """
    CREATE OR REPLACE FUNCTION refuse_verdict_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a signed verdict is never changed'; END $$;
"""
WATCH = """
    CREATE TRIGGER verdict_never_changed BEFORE UPDATE ON reproducibility_signedverdict
    FOR EACH ROW EXECUTE FUNCTION refuse_verdict_change();
"""
KINDS = [
    ("reproduction", "Reproduction"), ("variation", "Variation"), ("proof", "Proof"),
    ("verification", "Verification"),
]  # fmt: skip


class Migration(migrations.Migration):
    """A kind, a run that may be gone, and a trigger that lets it go.

    It can be undone while every verdict has its run; else the database refuses, rather than that
    a verdict is lost.
    """

    dependencies = [("reproducibility", "0007_public_versions")]

    operations = [
        migrations.AddField(
            "signedverdict",
            "kind",
            models.CharField(
                choices=KINDS, default="reproduction", max_length=12, help_text="of the run"
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, REFUSE_ALL + WATCH),
        migrations.AlterField(
            "signedverdict",
            "run",
            models.OneToOneField(
                "reproducibility.run",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="signed",
                help_text="none where whoever ran has left",
            ),
        ),
        migrations.RunSQL(
            REFUSE_BUT_LOSS + WATCH,
            "DROP TRIGGER verdict_never_changed ON reproducibility_signedverdict;",
        ),
    ]
