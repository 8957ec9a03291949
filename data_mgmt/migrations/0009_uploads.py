import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

STATES = [
    ("receiving", "Receiving"),
    ("checking", "Checking"),
    ("storing", "Storing"),
    ("registering", "Registering"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("refused", "Refused"),
    ("removing", "Removing"),
]
UNFINISHED = ("receiving", "checking", "storing", "registering", "failed", "removing")


class Migration(migrations.Migration):
    dependencies = [
        ("data_mgmt", "0008_approvals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("did_scope", models.CharField(max_length=30)),
                ("did_name", models.CharField(max_length=250)),
                ("account", models.CharField(max_length=30)),
                ("size", models.PositiveBigIntegerField()),
                ("storage", models.CharField(max_length=255)),
                ("dataset_scope", models.CharField(blank=True, max_length=30)),
                ("dataset_name", models.CharField(blank=True, max_length=250)),
                ("lifetime_days", models.PositiveIntegerField(null=True)),
                ("metadata", models.JSONField(default=dict)),
                ("told_kind", models.CharField(blank=True, max_length=10)),
                ("told_digest", models.CharField(blank=True, max_length=64)),
                ("told_metadata", models.TextField(blank=True)),
                ("state", models.CharField(choices=STATES, default="receiving", max_length=12)),
                ("reason", models.TextField(blank=True)),
                ("failed_in", models.CharField(blank=True, max_length=12)),
                ("adler32", models.CharField(blank=True, max_length=8)),
                ("md5", models.CharField(blank=True, max_length=32)),
                ("address", models.TextField(blank=True)),
                ("stored_bytes", models.PositiveBigIntegerField(default=0)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="uploads", to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ("-created_at", "-id")},
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(condition=models.Q(("state__in", UNFINISHED)), fields=("did_scope", "did_name"), name="one_upload_of_a_did"),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["user", "-created_at", "-id"], name="upload_of_user"),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(condition=models.Q(("state__in", UNFINISHED)), fields=["expires_at"], name="upload_expires"),
        ),
    ]
