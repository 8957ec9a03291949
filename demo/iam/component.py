"""The providers as the stack sees them: configuration, command line and health of each."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from demo.iam.configuration import PASSWORD_ROUNDS, Account, Client, Configuration
from demo.people import PEOPLE, Person, issuer
from demo.stack import REPOSITORY, Component, Stack, write_private

#: Set by the tests' command: every token is written down, to be looked for elsewhere.
RECORD = "VRE_DEMO_RECORDS_TOKENS"


@dataclass(frozen=True)
class Provider:
    """How one of the two providers presents itself."""

    slug: str
    title: str
    institute: str
    token_audience: str
    scopes: tuple[str, ...]

    @property
    def component(self) -> str:
        """Return the name of its component and listener."""
        return f"iam-{self.slug}"


PROVIDERS = (
    Provider(
        slug="escape",
        title="ESCAPE IAM",
        institute="Example Institute",
        token_audience="https://wlcg.cern.ch/jwt/v1/any",  # WLCG profile 1.3: any audience
        scopes=("wlcg.groups",),
    ),
    Provider(
        slug="checkin",
        title="Check-in",
        institute="University of Northbridge",
        token_audience="account",  # as Keycloak, on which Check-in runs, has it
        scopes=("eduperson_entitlement", "voperson_id", "eduperson_assurance"),
    ),
)


def prepare(provider: Provider, stack: Stack) -> None:
    """Write the provider's configuration; bring its database and signing key up to it."""
    write_private(_file(provider, stack), configuration(provider, stack).to_json())
    done = subprocess.run(
        [str(stack.python("iam")), "-m", "demo.iam.load"],
        cwd=stack.folder(provider.component),
        env={"PATH": os.defpath, **variables(provider, stack)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{provider.component} could not be set up: {done.stderr[-1500:]}")


def configuration(provider: Provider, stack: Stack) -> Configuration:
    """Return what the provider is told; the same stack always gives the same."""
    return Configuration(
        slug=provider.slug,
        issuer=issuer(stack, provider.slug),
        title=provider.title,
        institute=provider.institute,
        token_audience=provider.token_audience,
        scopes=provider.scopes,
        cookie_prefix=f"iam{provider.slug}_{stack.port_of(provider.component)}",
        secret_key=stack.secret(f"{provider.component}-django", length=48),
        database_url=stack.database_url(f"iam_{provider.slug}"),
        key_file=str(stack.folder(provider.component) / "signing-key.pem"),
        clients=_clients(provider, stack),
        people=tuple(_account(p, stack) for p in PEOPLE if p.provider == provider.slug),
        record_file=_record_file(provider, stack),
    )


def _record_file(provider: Provider, stack: Stack) -> str:
    """Return where tokens are written down: only in the stack of the tests."""
    if not os.environ.get(RECORD):
        return ""
    file = stack.folder(provider.component) / "issued-tokens.txt"
    write_private(file, file.read_text() if file.exists() else "")
    return str(file)


def _clients(provider: Provider, stack: Stack) -> tuple[Client, ...]:
    portal = Client(
        client_id="portal",
        name="the VRE portal",
        secret_hash=_hash(stack, stack.secret(f"{provider.component}-portal-client")),
        redirect_uris=(stack.url("portal", f"/accounts/callback/{provider.slug}/"),),
        post_logout_redirect_uris=(stack.url("portal", "/accounts/signed-out/"),),
        backchannel_logout_uri=stack.url("portal", f"/accounts/backchannel/{provider.slug}/"),
        exchange_audiences=("rucio", "reana", "storage"),
    )
    rucio = Client(
        client_id="rucio",
        name="Rucio",
        secret_hash=_hash(stack, stack.secret(f"{provider.component}-rucio-client")),
    )
    return portal, rucio


def _account(person: Person, stack: Stack) -> Account:
    return Account(
        username=person.username,
        subject=person.subject(stack),
        name=person.name,
        email=person.email,
        role=person.role,
        groups=person.groups,
        password_hash=_hash(stack, person.password(stack)),
        totp_secret=person.totp_secret(stack),
    )


def _hash(stack: Stack, password: str) -> str:
    """Hash in Django's format; the salt follows from the stack, so that a start changes nothing."""
    pepper = stack.secret("iam-salt")
    salt = hashlib.sha256(f"{pepper}:{password}".encode()).hexdigest()[:22]
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), PASSWORD_ROUNDS)
    return f"pbkdf2_sha256${PASSWORD_ROUNDS}${salt}${base64.b64encode(digest).decode()}"


def command(provider: Provider, stack: Stack) -> list[str]:
    """Return gunicorn's command line: one worker, for a few people, in little memory."""
    return [
        str(stack.binary("iam", "gunicorn")),
        "demo.iam.wsgi:application",
        f"--bind=127.0.0.1:{stack.port_of(provider.component)}",
        "--workers=1",
        "--worker-class=gthread",
        "--threads=4",
        "--preload",  # master and worker share what Django takes
        "--no-control-socket",
        "--graceful-timeout=3",
        "--access-logfile=-",
        "--access-logformat=%(t)s %(m)s %(U)s %(s)s %(M)sms",  # no query: it carries codes
    ]


def variables(provider: Provider, stack: Stack) -> Mapping[str, str]:
    """Return the environment of the provider's processes."""
    return {
        "PYTHONPATH": str(REPOSITORY),
        "DJANGO_SETTINGS_MODULE": "demo.iam.settings",
        "IAM_CONFIGURATION": str(_file(provider, stack)),
        "MALLOC_ARENA_MAX": "2",  # threads would each keep a heap of their own
    }


def health(provider: Provider, stack: Stack) -> str | None:
    """Read the discovery document and compare the issuer."""
    expected = issuer(stack, provider.slug)
    address = f"{expected.rstrip('/')}/.well-known/openid-configuration"
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            found = json.load(answer)["issuer"]
    except (urllib.error.URLError, OSError, ValueError, KeyError) as exc:
        return f"no discovery document ({exc})"
    return None if found == expected else f"answers as {found}"


def _file(provider: Provider, stack: Stack) -> Path:
    return stack.folder(provider.component) / "configuration.json"


def _component(provider: Provider) -> Component:
    return Component(
        name=provider.component,
        title=f"{provider.title} (demo provider)",
        command=partial(command, provider),
        health=partial(health, provider),
        needs=("postgres",),
        environments=("iam",),
        prepare=partial(prepare, provider),
        variables=partial(variables, provider),
        url=lambda stack: issuer(stack, provider.slug),
        stop_seconds=5.0,
    )


ENVIRONMENTS: dict[str, Path] = {"iam": Path(__file__).with_name("requirements.txt")}
COMPONENTS: tuple[Component, ...] = tuple(_component(provider) for provider in PROVIDERS)
