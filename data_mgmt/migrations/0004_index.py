import django.contrib.postgres.indexes
import django.utils.timezone
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

# Typed readings of a key; text that is no number, or no moment, compares with none.
FUNCTIONS = r"""
CREATE FUNCTION indexed_number(metadata jsonb, key text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(metadata -> key) WHEN 'number' THEN (metadata -> key)::numeric END
$$;
CREATE FUNCTION indexed_moment(metadata jsonb, key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN (metadata ->> key) ~ '^\d{4}-\d\d-\d\d' THEN metadata ->> key END COLLATE "C"
$$;
"""
# Rows change while they are read again: room in the page keeps the change there.
STORAGE = """
ALTER TABLE data_mgmt_indexeddid SET (
  fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02
);
ALTER TABLE data_mgmt_indexeddid ALTER COLUMN scope SET STATISTICS 1000;
"""


class Migration(migrations.Migration):
    dependencies = [("data_mgmt", "0003_metadata")]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="IndexedDid",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scope", models.CharField(db_collation="C", max_length=30)),
                ("name", models.CharField(db_collation="C", max_length=250)),
                ("type", models.CharField(max_length=9)),
                ("bytes", models.BigIntegerField(null=True)),
                ("files", models.BigIntegerField(null=True)),
                ("account", models.CharField(blank=True, max_length=25)),
                ("is_open", models.BooleanField(null=True)),
                ("created_at", models.DateTimeField(null=True)),
                ("metadata", models.JSONField(default=dict)),
                ("wanted", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["metadata"], name="indexed_metadata", opclasses=["jsonb_path_ops"]),
                    django.contrib.postgres.indexes.GinIndex(fields=["name"], name="indexed_name", opclasses=["gin_trgm_ops"]),
                    models.Index(condition=models.Q(("type", "file"), _negated=True), fields=["type", "scope", "name"], name="indexed_collections"),
                    models.Index(fields=["created_at"], name="indexed_created"),
                    models.Index(fields=["bytes"], name="indexed_bytes"),
                    models.Index(condition=models.Q(("wanted__gt", 0)), fields=["scope", "-wanted", "name"], name="indexed_wanted"),
                ],
                "constraints": [models.UniqueConstraint(fields=("scope", "name"), name="indexed_once")],
            },
        ),
        migrations.CreateModel(
            name="IndexedScope",
            fields=[
                ("scope", models.CharField(db_collation="C", max_length=30, primary_key=True, serialize=False)),
                ("generation", models.PositiveIntegerField(default=0)),
                ("cursor", models.CharField(blank=True, max_length=250)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("refreshed_at", models.DateTimeField(null=True)),
                ("registered_until", models.DateTimeField(null=True)),
                ("described_until", models.DateTimeField(null=True)),
                ("dids", models.PositiveBigIntegerField(default=0)),
                ("waiting", models.PositiveBigIntegerField(default=0)),
                ("keys", models.JSONField(default=list)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("problem", models.TextField(blank=True)),
            ],
            options={"indexes": [models.Index(fields=["next_at"], name="indexed_scope_due")]},
        ),
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION indexed_number(jsonb, text); DROP FUNCTION indexed_moment(jsonb, text);",
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
