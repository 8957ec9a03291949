"""What a provider publishes wrongly of itself: its description and its keys."""

from __future__ import annotations

from typing import Any

from tests.fakes.misbehaving.cases import Case, bent, broken, redirected
from tests.fakes.misbehaving.keys import KEY, STRANGE_KEY, ec, published, short
from tests.fakes.misbehaving.provider import ABSENT, Answer, MisbehavingProvider

_REFUSED = "upstream-refused"
_ELSEWHERE = "http://elsewhere.example/x"
_RIGHT = published(KEY, use="sig", alg="RS256")


def _described(key: str, says: str, named: str = "Discovery 4.3", **changes: Any) -> Case:
    return Case(f"discovery-{key}", says, bent(discovery=changes), _REFUSED, named)


def _without_slash(provider: MisbehavingProvider) -> None:
    provider.discovery["issuer"] = provider.issuer.rstrip("/")


DISCOVERY = (
    _described(
        "issuer-other",
        "The description names another issuer.",
        "RP config: discovery-issuer-mismatch",
        issuer="https://elsewhere.example/",
    ),
    Case("discovery-issuer-slash", "The description's issuer lacks the slash at its end.",
         _without_slash, _REFUSED, "Discovery 4.3"),
    _described("issuer-absent", "The description names no issuer.", issuer=ABSENT),
    _described("issuer-null", "The description's issuer is null.", issuer=None),
    _described("no-authorize", "There is no authorization endpoint.", "Discovery 3",
               authorization_endpoint=ABSENT),
    _described("no-token", "There is no token endpoint.", "Discovery 3", token_endpoint=ABSENT),
    _described("no-jwks", "There is no address of keys.", "Discovery 3", jwks_uri=ABSENT),
    _described("http-token", "The token endpoint is plain http.", "Discovery 3",
               token_endpoint=_ELSEWHERE),
    _described("http-jwks", "The keys are at plain http.", "Discovery 3", jwks_uri=_ELSEWHERE),
    _described("http-userinfo", "The userinfo endpoint is plain http.", "Discovery 3",
               userinfo_endpoint=_ELSEWHERE),
    _described("script", "The authorization endpoint is a script.", "ASVS 10.5",
               authorization_endpoint="javascript:alert(1)"),
    _described("file", "The keys are in a file.", "ASVS 10.5", jwks_uri="file:///etc/passwd"),
    _described("no-text", "The token endpoint is a list.", "Discovery 3", token_endpoint=["x"]),
    _described("no-host", "The token endpoint names no host.", "Discovery 3",
               token_endpoint="https://"),
    _described("bracket", "The token endpoint is no URL.", "Discovery 3",
               token_endpoint="https://[::1"),
    *broken("discovery"),
    redirected("discovery"),
)  # fmt: skip


def _keys(key: str, says: str, *keys: Any, named: str = "") -> Case:
    return Case(f"jwks-{key}", says, bent(keys=list(keys)), "signature", named)


KEYS = (
    _keys("none", "No key is published."),
    _keys("strange", "Another key is published under the same name.", published(STRANGE_KEY)),
    _keys("other-kid", "The token names a key that is not published.",
          {**_RIGHT, "kid": "two"}, named="Core 10.1"),
    _keys("enc", "The key is published for encryption.", {**_RIGHT, "use": "enc"},
          named="RFC 7517 4.2"),
    _keys("ops", "The key's operations leave out verifying.", {**_RIGHT, "key_ops": ["encrypt"]},
          named="RFC 7517 4.3"),
    _keys("ops-number", "The key's operations are a number.", {**_RIGHT, "key_ops": 5}),
    _keys("use-list", "The key's use is a list.", {**_RIGHT, "use": ["sig"]}),
    _keys("alg", "The key is published for another algorithm.", {**_RIGHT, "alg": "RS512"},
          named="RFC 7517 4.4"),
    _keys("oaep", "The key is published for encryption with RSA-OAEP.",
          {**_RIGHT, "alg": "RSA-OAEP"}, named="RFC 7517 4.4"),
    _keys("private", "The key's private half is published too.",
          KEY.as_dict(private=True, use="sig"), named="RFC 7517 9.2"),
    _keys("kty-absent", "The key says no type.", {k: v for k, v in _RIGHT.items() if k != "kty"}),
    _keys("kty-list", "The key's type is a list.", {**_RIGHT, "kty": ["RSA"]}),
    _keys("kty-other", "The key's type is that of another.", {**_RIGHT, "kty": "EC"}),
    _keys("curve", "Only an elliptic-curve key is published.", published(ec())),
    _keys("n-broken", "The key's modulus is no number.", {**_RIGHT, "n": "&&&"}),
    _keys("n-number", "The key's modulus is not a text.", {**_RIGHT, "n": 12345}),
    _keys("e-one", "The key's exponent is one.", {**_RIGHT, "e": "AQ"}),
    _keys("no-objects", "The keys are texts.", "one", None, 5, []),
    _keys("far", "The right key comes after sixty others.",
          *[{**published(STRANGE_KEY), "kid": f"k{n}"} for n in range(60)], _RIGHT),
    Case("jwks-short", "The key has 1024 bits only.",
         bent(keys=[published(short())], key=short()), "signature", "RFC 7518 3.3"),
    Case("jwks-object", "The keys are an object.", bent(keys={"keys": {"one": _RIGHT}}),
         "signature"),
    Case("jwks-absent", "The document has no keys.", bent(keys={"jwks": [_RIGHT]}), "signature"),
    Case("jwks-oct", "The client's secret is published as a key.",
         bent(keys=[{"kty": "oct", "k": "cG9ydGFs", "kid": "one"}]), "signature"),
    *broken("jwks"),
    redirected("jwks"),
    Case("jwks-truncated", "The keys end in the middle.",
         bent(instead={"jwks": Answer(body=b'{"keys": [{"kty": "RSA"')}), _REFUSED),
)  # fmt: skip
