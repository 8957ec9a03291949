"""Writes docs/sign-in-matrix.md from the tests' tables: `python scripts/matrix_doc.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a file, Python knows only its folder

from tests.fakes.issuer_requests import AUTHORIZE, REDEEM  # noqa: E402 - needs the path above
from tests.fakes.misbehaving.cases import Case  # noqa: E402
from tests.fakes.misbehaving.tables import ACCEPTED, LOGOUT, REFRESHED, REFUSED  # noqa: E402

TARGET = ROOT / "docs" / "sign-in-matrix.md"
HEAD = """\
# The sign-in matrix

Each line is one thing that a provider does, and a test: a provider on real HTTP is bent in this
one way, and the real pages of the portal are driven through a sign-in there. It is honest
otherwise, and checks what the portal sends: PKCE, redirect URI, nonce, and the client's secret.

**Refused** means: status 403 on the one page for this, with the reference id of the log; no person,
identity or session is made; nobody is signed out (each is tried by nobody and by somebody who is
signed in); no token stands on the page or in the log; nothing is sent to an address that the
provider's answers name beyond its description. The word in the middle is the reason that the audit
log keeps. **Accepted** means signed in, with what is told of the person.

"Named in" says which text or plan names the deviation: Core, Discovery and Back-Channel Logout are
OpenID Connect's; "RP …" are the modules of the OpenID Foundation's plans for relying parties, here
without `oidcc-client-test-`; ASVS is OWASP's 5.0. Of the plan for dynamic clients WebFinger,
registration and request objects are left out: the portal's providers and clients are configured.

`python scripts/matrix_doc.py` writes this page from the tests' tables; a test holds it true.

"""
COLUMNS = "| what the provider does | reason | named in |\n|---|---|---|\n"


def render() -> str:
    """Return the page."""
    refused = sum(map(len, REFUSED.values()))
    accepted = sum(map(len, ACCEPTED.values()))
    parts = [
        HEAD,
        f"{refused} deviations of a sign-in are refused, {accepted} are accepted; {len(REFRESHED)} "
        f"of a refresh and {len(LOGOUT)} of a back-channel logout are refused.\n",
        "\n## Refused\n",
        *(f"\n### {area}\n\n{_table(cases)}" for area, cases in REFUSED.items()),
        "\n## Accepted\n",
        *(f"\n### {area} that differ\n\n{_list(cases)}" for area, cases in ACCEPTED.items()),
        "\n## Refused at a refresh\n\n",
        "The sign-in at the provider has ended then, and the person is asked to sign in again. "
        "Beside what follows, everything above about signature, header, issuer, audience, subject "
        "and times holds for a refreshed id_token too.\n\n",
        _list(case for case in REFRESHED if case.id.startswith("refreshed-")),
        "\n## Refused at a back-channel logout\n\n",
        "Status 400, and every browser stays signed in. Beside what follows, everything above "
        "about signature, header, issuer, audience and times holds for a logout token too "
        "(RP backchannel: alg-none, wrong-alg, wrong-iss, wrong-aud).\n\n",
        _list(case for case in LOGOUT if case.id.startswith("logout-")),
        "\n## Refused by the portal's own issuer\n\n",
        "What a satellite may not send; beside it expired and replayed codes, refresh tokens used "
        "twice, and people who may not act.\n\n### No code for\n\n",
        "".join(f"- {what}\n" for what in AUTHORIZE),
        "\n### No token for\n\n",
        "".join(f"- {what}\n" for what in REDEEM),
    ]
    return "".join(parts)


def _table(cases: Iterable[Case]) -> str:
    rows = (f"| {case.says} | `{case.reason}` | {case.named} |\n" for case in cases)
    return COLUMNS + "".join(rows)


def _list(cases: Iterable[Case]) -> str:
    return "".join(f"- {case.says}{f' ({case.named})' if case.named else ''}\n" for case in cases)


def main() -> None:
    """Write the page."""
    TARGET.write_text(render())
    print(f"{TARGET.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
