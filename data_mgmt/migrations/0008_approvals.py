import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("data_mgmt", "0007_replicate"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QuotaRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account", models.CharField(max_length=30)),
                ("storage", models.CharField(max_length=255)),
                ("bytes", models.PositiveBigIntegerField()),
                ("limit_before", models.PositiveBigIntegerField(null=True)),
                ("used_before", models.PositiveBigIntegerField(default=0)),
                ("reason", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("granting", "Granting"),
                            ("granted", "Granted"),
                            ("denied", "Denied"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("granted_bytes", models.PositiveBigIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("problem", models.TextField(blank=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="quotas_decided",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quota_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "request for quota",
                "verbose_name_plural": "requests for quota",
                "ordering": ("-created_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("waiting", "granting"))),
                        fields=("user", "storage"),
                        name="one_open_quota_request",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleAction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("batch", models.UUIDField()),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("approve", "Approve"),
                            ("deny", "Deny"),
                            ("extend", "Extend"),
                            ("end", "End"),
                            ("end_later", "End Later"),
                        ],
                        max_length=10,
                    ),
                ),
                ("rule", models.UUIDField()),
                ("account", models.CharField(max_length=30)),
                ("did_scope", models.CharField(max_length=30)),
                ("did_name", models.CharField(max_length=250)),
                ("storage", models.CharField(max_length=255)),
                ("bytes", models.PositiveBigIntegerField(null=True)),
                ("lifetime_days", models.PositiveIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("overtaken", "Overtaken"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="rule_actions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a rule",
                "verbose_name_plural": "changes of rules",
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["user", "batch"], name="action_of_batch"),
                    models.Index(fields=["rule", "verb"], name="action_of_rule"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting"), ("verb__in", ("approve", "deny"))),
                        fields=("rule",),
                        name="one_decision_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingRule",
            fields=[
                ("rule", models.UUIDField(primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "rule that waits",
                "verbose_name_plural": "rules that wait",
            },
        ),
        migrations.CreateModel(
            name="SubscriptionChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[("create", "Create"), ("edit", "Edit"), ("retire", "Retire")],
                        max_length=10,
                    ),
                ),
                ("account", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=64)),
                ("subscription", models.UUIDField(null=True)),
                ("wish", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("overtaken", "Overtaken"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscription_changes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a subscription",
                "verbose_name_plural": "changes of subscriptions",
                "ordering": ("-created_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("account", "name"),
                        name="one_change_of_a_subscription",
                    )
                ],
            },
        ),
    ]
