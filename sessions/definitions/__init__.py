"""The format of the environments file: read, checked, chosen from, and rendered for KubeSpawner.

The portal and the hub's hook check with this one package, so it needs PyYAML and nothing else:
any hub imports it with the repository on its path. `python -m sessions.definitions FILE` checks.
"""

from sessions.definitions.choosing import (
    Launch,
    NotForYou,
    Refused,
    WrongChoice,
    choose,
    named,
    settled,
)
from sessions.definitions.faults import Fault, FileInvalid
from sessions.definitions.reading import parse, read
from sessions.definitions.values import (
    Accelerator,
    Choice,
    Definitions,
    Environment,
    Kind,
    Option,
    Project,
    Settings,
    Status,
    UnlistedChoice,
    Volumes,
)

__all__ = [
    "Accelerator",
    "Choice",
    "Definitions",
    "Environment",
    "Fault",
    "FileInvalid",
    "Kind",
    "Launch",
    "NotForYou",
    "Option",
    "Project",
    "Refused",
    "Settings",
    "Status",
    "UnlistedChoice",
    "Volumes",
    "WrongChoice",
    "choose",
    "named",
    "parse",
    "read",
    "settled",
]
