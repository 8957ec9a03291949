"""The files that the Rucio server and daemons read: rucio.cfg, alembic.ini and idpsecrets.json."""

from __future__ import annotations

import configparser
import io
import json
from collections.abc import Mapping
from pathlib import Path

from demo.people import issuer
from demo.stack import Stack, write_private

ACCOUNT = "root"

#: How fast the transfer tool copies, so that a person can watch a rule progress.
PACE: Mapping[str, str] = {
    "disk_megabytes_per_second": "20",
    "tape_megabytes_per_second": "5",
    "seconds_per_file": "1.0",
    "files_at_once": "2",
}

#: `build_database` stamps the schema by alembic, which insists on the logging sections.
ALEMBIC_LOGGING: Mapping[str, Mapping[str, str]] = {
    "loggers": {"keys": "root"},
    "handlers": {"keys": "console"},
    "formatters": {"keys": "generic"},
    "logger_root": {"level": "WARN", "handlers": "console", "qualname": ""},
    "handler_console": {
        "class": "StreamHandler",
        "args": "(sys.stderr,)",
        "level": "NOTSET",
        "formatter": "generic",
    },
    "formatter_generic": {"format": "%(levelname)s %(name)s %(message)s"},
}

#: Sections that are the same in every stack.
ALWAYS: Mapping[str, Mapping[str, str]] = {
    "policy": {
        "package": "demo.rucio.policy",
        "permission": "generic",
        "schema": "generic",
        "lfn2pfn_algorithm_default": "hash",
    },
    "conveyor": {"scheme": "file", "transfertool": "folder-copy"},
    # No storage serves as a stopover: each pair has a direct way.
    "transfers": {"multihop_rse_expression": ""},
    "api": {"endpoints_add": "archives, meta_conventions"},
    "demo-pace": PACE,
}


def configuration_file(stack: Stack) -> Path:
    """Return the path of the stack's rucio.cfg."""
    return stack.state / "rucio" / "etc" / "rucio.cfg"


def write_configuration(stack: Stack) -> None:
    """Write all configuration files of the server and the daemons."""
    folder = stack.folder("rucio", "etc")
    write_private(folder / "idpsecrets.json", json.dumps(_providers(stack), indent=1))
    write_private(folder / "alembic.ini", _ini(_alembic(stack)))
    write_private(configuration_file(stack), _ini(_rucio(stack, folder)))


def sqlalchemy_url(stack: Stack) -> str:
    """Return the database URL with the driver named, as SQLAlchemy wants it."""
    return stack.database_url("rucio").replace("postgresql://", "postgresql+psycopg://", 1)


def _rucio(stack: Stack, folder: Path) -> Mapping[str, Mapping[str, str]]:
    server = stack.url("rucio")
    password = stack.secret("rucio-root")
    return {
        "common": {
            "logdir": str(stack.folder("rucio", "log")),
            "loglevel": "WARNING",
            # The package puts them there; asking for approval fails where they are not found.
            "mailtemplatedir": str(stack.environments / "rucio/rucio/etc/mail_templates"),
        },
        "client": {
            "rucio_host": server,
            "auth_host": server,
            "auth_type": "userpass",
            "account": ACCOUNT,
            "username": ACCOUNT,
            "password": password,
        },
        "database": {
            "default": sqlalchemy_url(stack),
            "pool_size": "10",
            "max_overflow": "10",
        },
        # The built-in defaults would put well-known identities on the root account.
        "bootstrap": {
            "userpass_identity": ACCOUNT,
            "userpass_pwd": password,
            "userpass_email": "operator@demo.invalid",
            "x509_identity": "CN=not used",
            "gss_identity": "not-used@DEMO.INVALID",
            "ssh_identity": "not used",
        },
        "alembic": {"cfg": str(folder / "alembic.ini")},
        "oidc": {
            "idpsecrets": str(folder / "idpsecrets.json"),
            "admin_issuer": "escape",
            "expected_audience": "rucio",
            "expected_scope": "openid",
        },
        **ALWAYS,
    }


def _alembic(stack: Stack) -> Mapping[str, Mapping[str, str]]:
    head = {
        "sqlalchemy.url": sqlalchemy_url(stack),
        "script_location": "rucio.db.sqla:migrate_repo",
    }
    return {"alembic": head, **ALEMBIC_LOGGING}


def _providers(stack: Stack) -> Mapping[str, Mapping[str, object]]:
    return {slug: _provider(stack, issuer(stack, slug)) for slug in ("escape", "checkin")}


def _provider(stack: Stack, address: str) -> Mapping[str, object]:
    """Describe a trusted issuer; Rucio itself asks it for nothing but its public keys."""
    client = {
        "issuer": address,
        "client_id": "rucio",
        "client_secret": stack.secret("rucio-oidc-client"),
        "redirect_uris": [stack.url("rucio", "/auth/oidc_token")],
    }
    return {**client, "SCIM": client}


def _ini(sections: Mapping[str, Mapping[str, str]]) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(sections)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
