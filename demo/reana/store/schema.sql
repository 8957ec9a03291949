-- The runner's state: people, workspaces, workflows, jobs.
CREATE TABLE IF NOT EXISTS person (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    issuer text NOT NULL,
    subject text NOT NULL,
    username text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    created timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);
CREATE TABLE IF NOT EXISTS workspace (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number integer GENERATED ALWAYS AS IDENTITY
);
CREATE TABLE IF NOT EXISTS workflow (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner uuid NOT NULL REFERENCES person,
    name text NOT NULL,
    run_major integer NOT NULL,
    run_minor integer NOT NULL,
    status text NOT NULL,
    specification jsonb NOT NULL,
    parameters jsonb NOT NULL,
    workspace uuid NOT NULL REFERENCES workspace,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    queued timestamptz,
    started timestamptz,
    finished timestamptz,
    stopped timestamptz,
    reason text NOT NULL DEFAULT '',
    isolation text NOT NULL DEFAULT '',
    UNIQUE (owner, name, run_major, run_minor)
);
CREATE INDEX IF NOT EXISTS workflow_waiting ON workflow (queued)
    WHERE status IN ('queued', 'pending', 'running');
CREATE TABLE IF NOT EXISTS job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow uuid NOT NULL REFERENCES workflow ON DELETE CASCADE,
    position integer NOT NULL,
    step text NOT NULL,
    command text NOT NULL,
    image text NOT NULL,
    status text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    started timestamptz,
    finished timestamptz,
    UNIQUE (workflow, position)
);
-- What a workspace takes is measured again once something in it changed.
ALTER TABLE workspace ADD COLUMN IF NOT EXISTS bytes bigint NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN IF NOT EXISTS changed timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE workspace ADD COLUMN IF NOT EXISTS measured timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX IF NOT EXISTS workflow_newest ON workflow (owner, created DESC);
CREATE INDEX IF NOT EXISTS workflow_workspace ON workflow (workspace);
CREATE INDEX IF NOT EXISTS person_email ON person (lower(email));
CREATE TABLE IF NOT EXISTS share (
    workflow uuid NOT NULL REFERENCES workflow ON DELETE CASCADE,
    person uuid NOT NULL REFERENCES person,
    message text NOT NULL,
    valid_until date,
    created timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (workflow, person)
);
CREATE INDEX IF NOT EXISTS share_person ON share (person);
-- Shares that hold today.
CREATE OR REPLACE VIEW valid_share AS
    SELECT workflow, person, message, valid_until, created FROM share
    WHERE valid_until IS NULL OR valid_until >= current_date;
CREATE TABLE IF NOT EXISTS secret (
    person uuid NOT NULL REFERENCES person,
    name text NOT NULL,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (person, name)
);
CREATE TABLE IF NOT EXISTS retention_rule (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow uuid NOT NULL REFERENCES workflow ON DELETE CASCADE,
    workspace_files text NOT NULL,
    retention_days integer NOT NULL,
    status text NOT NULL DEFAULT 'created',
    apply_on timestamptz,
    UNIQUE (workflow, workspace_files)
);
CREATE INDEX IF NOT EXISTS retention_rule_open ON retention_rule (status)
    WHERE status IN ('created', 'active', 'pending');
