"""`python -m sessions.definitions FILE`: check a file of environments."""

from __future__ import annotations

import sys
from pathlib import Path

from sessions.definitions.faults import FileInvalid
from sessions.definitions.reading import read


def main(arguments: list[str]) -> int:
    """Print what a file defines, or its faults with exit code 1."""
    if len(arguments) != 1:
        print("usage: python -m sessions.definitions FILE", file=sys.stderr)  # noqa: T201
        return 2
    try:
        found = read(Path(arguments[0]))
    except FileInvalid as exc:
        print(exc, file=sys.stderr)  # noqa: T201
        return 1
    except OSError as exc:
        print(f"{arguments[0]}: {exc.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    slugs = ", ".join(environment.slug for environment in found.environments)
    print(f"{arguments[0]} is valid: {slugs}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
