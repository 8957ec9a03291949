"""Which identity opens an account in a backend, and no tokens of identities that have lapsed."""

import django.db.models.deletion
from django.db import migrations, models

#: Where there is but one identity it is the one; with several the next token that is lent says it.
THE_ONLY_ONE = """
UPDATE accounts_backendaccount b SET identity_id = i.id FROM accounts_identity i
WHERE i.user_id = b.user_id AND b.service <> 'jupyterhub' AND b.account <> ''
    AND NOT EXISTS (
        SELECT 1 FROM accounts_identity o WHERE o.user_id = i.user_id AND o.id <> i.id
    );
"""
NO_LAPSED_TOKENS = """
DELETE FROM accounts_audiencetoken a USING accounts_tokengrant g, accounts_identity i
WHERE a.grant_id = g.id AND g.identity_id = i.id AND i.lapsed_at IS NOT NULL;
DELETE FROM accounts_tokengrant g USING accounts_identity i
WHERE g.identity_id = i.id AND i.lapsed_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_factor_of_a_browser")]

    operations = [
        migrations.AddField(
            model_name="backendaccount",
            name="identity",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.identity",
            ),
        ),
        migrations.AddField(
            model_name="backendaccount",
            name="given_up",
            field=models.JSONField(default=list),
        ),
        migrations.RunSQL(THE_ONLY_ONE, migrations.RunSQL.noop),
        migrations.RunSQL(NO_LAPSED_TOKENS, migrations.RunSQL.noop),
    ]
