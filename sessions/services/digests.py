"""Exactly what a session runs in: an image's digest, or a sum over what defines the environment."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from hashlib import sha256

from sessions.definitions import Environment, Launch

IMAGE_DIGEST = re.compile(r"sha256:[0-9a-f]{64}$")


def digest_of(environment: Environment, launch: Launch) -> str:
    """Return `sha256:...` of the image, else `definition-sha256:...` of what defines it.

    Where the environment is local or its image has a tag only, what is summed up is what the site
    says of it, with its packages and versions, and which of them the choices took.
    """
    if found := IMAGE_DIGEST.search(launch.image or ""):
        return found[0]
    defined = {**asdict(environment), "runs": [launch.image, launch.local]}
    text = json.dumps(defined, sort_keys=True, default=str)
    return f"definition-sha256:{sha256(text.encode()).hexdigest()}"
