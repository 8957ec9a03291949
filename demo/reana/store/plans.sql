-- What a run was started with beside its parameters, and what the engine made of it.
CREATE TABLE IF NOT EXISTS run_plan (
    workflow uuid PRIMARY KEY REFERENCES workflow ON DELETE CASCADE,
    options jsonb NOT NULL,
    images text[] NOT NULL,
    environment text NOT NULL,
    network boolean NOT NULL
);
