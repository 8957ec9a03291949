"""PostgreSQL from a wheel: one cluster, a role and a database for each component."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from demo.postgres.account import as_ordinary_user, data_folder, programs
from demo.stack import Component, Stack, write_private

#: Role and database of the same name -> what the role may do beside using its own database.
DATABASES = {
    "portal": "CREATEDB",  # its tests make databases of their own
    "rucio": "",
    "iam_escape": "",
    "iam_checkin": "",
    "hub": "",
    "reana": "",
}

CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
password_encryption = scram-sha-256
max_connections = 150
shared_buffers = 64MB
work_mem = 4MB
maintenance_work_mem = 32MB
effective_cache_size = 512MB
max_parallel_workers_per_gather = 0
max_wal_size = 256MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 1000
# Values can be tokens (Rucio keeps them in a table): the log says what went wrong, not with what.
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
"""


def prepare(stack: Stack) -> None:
    """Make the cluster when there is none, and write its configuration."""
    data = data_folder(stack)
    if not (data / "PG_VERSION").exists():
        _make_cluster(stack, data)
    (data / "postgresql.conf").write_text(CONFIGURATION.format(port=stack.port_of("postgres")))


def _make_cluster(stack: Stack, data: Path) -> None:
    """Run initdb; the password travels in a file that is gone afterwards."""
    password_file = data.with_name("password")
    write_private(password_file, stack.secret("postgres"))
    if data.exists():  # a first start that was broken off
        subprocess.run(["rm", "-r", "--", str(data)], check=True)
    initdb = [str(programs(stack) / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
    initdb += ["-A", "scram-sha-256", f"--pwfile={password_file}", "--locale=C"]
    initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    try:
        _run(as_ordinary_user([*initdb], owned=[password_file, data.parent]))
    finally:
        password_file.unlink()


def command(stack: Stack) -> list[str]:
    """Return the server's command line."""
    return as_ordinary_user([str(programs(stack) / "postgres"), "-D", str(data_folder(stack))])


def health(stack: Stack) -> str | None:
    """Ask `pg_isready`, which knows a server that is still recovering."""
    ready = [str(programs(stack) / "pg_isready"), "-q", "-h", "127.0.0.1"]
    ready += ["-p", str(stack.port_of("postgres")), "-d", "postgres", "-U", "postgres"]
    return None if subprocess.run(ready, check=False).returncode == 0 else "no connections yet"


def finish(stack: Stack) -> None:
    """Make the roles and databases that are missing; each owns its own and sees no other's."""
    write_private(stack.folder("postgres") / "roles.sql", _roles_sql(stack))
    psql = [str(programs(stack) / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    psql += ["-h", "127.0.0.1", "-p", str(stack.port_of("postgres")), "-U", "postgres"]
    psql += ["-d", "postgres", "-f", str(stack.folder("postgres") / "roles.sql")]
    _run(psql, PGPASSWORD=stack.secret("postgres"))


def _roles_sql(stack: Stack) -> str:
    lines = ["\\set ECHO none", "SET client_min_messages = warning;"]
    for name, rights in DATABASES.items():
        password = stack.secret(f"postgres-{name}")
        lines += [
            f"SELECT 'CREATE ROLE {name}' WHERE NOT EXISTS"
            f" (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec",
            f"ALTER ROLE {name} LOGIN {rights} PASSWORD '{password}';",
            f"SELECT 'CREATE DATABASE {name} OWNER {name}' WHERE NOT EXISTS"
            f" (SELECT FROM pg_database WHERE datname = '{name}') \\gexec",
            f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;",
        ]
    return "\n".join([*lines, ""])


def _run(arguments: list[str], **variables: str) -> None:
    done = subprocess.run(
        arguments,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise RuntimeError(f"{Path(arguments[-1]).name}: {said[-1500:]}")


ENVIRONMENTS = {"postgres": Path(__file__).with_name("requirements.txt")}
COMPONENTS = (
    Component(
        name="postgres",
        title="PostgreSQL",
        command=command,
        health=health,
        prepare=prepare,
        finish=finish,
        environments=("postgres",),
        url=lambda stack: f"postgresql://127.0.0.1:{stack.port_of('postgres')}/",
        stop_signal=2,  # "fast": ends the sessions, then writes all down
        stop_seconds=20.0,
    ),
)
