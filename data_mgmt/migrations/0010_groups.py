import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KINDS = [
    ("make", "Make"),
    ("attach", "Attach"),
    ("detach", "Detach"),
    ("close", "Close"),
    ("reopen", "Reopen"),
    ("erase", "Erase"),
    ("keep", "Keep"),
    ("declare-bad", "Bad"),
]
STATES = [("waiting", "Waiting"), ("done", "Done"), ("partly", "Partly"), ("failed", "Failed")]
ITEM_STATES = [("waiting", "Waiting"), ("done", "Done"), ("there", "There"), ("refused", "Refused")]
ACTIVE = ("preparing", "waiting_approval", "replicating", "stuck")


class Migration(migrations.Migration):
    dependencies = [
        ("data_mgmt", "0009_uploads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CollectionChange",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("account", models.CharField(max_length=30)),
                ("kind", models.CharField(choices=KINDS, max_length=12)),
                ("did_scope", models.CharField(max_length=30)),
                ("did_name", models.CharField(max_length=250)),
                ("wish", models.JSONField(default=dict)),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                ("reason", models.TextField(blank=True)),
                ("total", models.PositiveIntegerField(default=0)),
                ("settled", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collection_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a collection",
                "verbose_name_plural": "changes of collections",
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["user", "-created_at", "-id"], name="change_of_user"),
                    models.Index(fields=["account", "-created_at", "-id"], name="change_of_account"),
                    models.Index(fields=["did_scope", "did_name"], name="change_of_did"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CollectionItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("did_scope", models.CharField(max_length=30)),
                ("did_name", models.CharField(max_length=250)),
                ("state", models.CharField(choices=ITEM_STATES, default="waiting", max_length=10)),
                ("reason", models.CharField(blank=True, max_length=250)),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="data_mgmt.collectionchange",
                    ),
                ),
            ],
            options={
                "verbose_name": "DID of a change",
                "verbose_name_plural": "DIDs of a change",
                "ordering": ("pk",),
                "indexes": [
                    models.Index(fields=["change", "state", "id"], name="item_of_change"),
                ],
            },
        ),
        migrations.AddField(
            model_name="replicarequest",
            name="account",
            field=models.CharField(blank=True, default="", max_length=30),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="replicarequest",
            index=models.Index(
                condition=models.Q(("account", ""), _negated=True),
                fields=["account", "-created_at", "-id"],
                name="request_of_group",
            ),
        ),
        migrations.RemoveConstraint(model_name="replicarequest", name="one_active_request"),
        migrations.AddConstraint(
            model_name="replicarequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cancel_requested_at__isnull", True), ("state__in", ACTIVE)),
                fields=("user", "account", "did_scope", "did_name", "storage"),
                name="one_active_request",
            ),
        ),
    ]
