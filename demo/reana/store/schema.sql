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
