"""The door as gunicorn loads it, composed from the configuration that its component wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path

from demo.storage.door import Door
from demo.storage.tokens import Tokens
from demo.storage.writers import Writers


def compose(configuration: Path) -> Door:
    """Return the door that a configuration file describes."""
    told = json.loads(configuration.read_text())
    tokens = Tokens(told["issuers"], told["audiences"])
    return Door(Path(told["folder"]), told["storages"], Writers(Path(told["writers"])), tokens)


application = compose(Path(os.environ["STORAGE_CONFIGURATION"]))
