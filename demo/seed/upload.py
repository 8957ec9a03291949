"""Upload files by Rucio's own client, as the service account; runs in the environment `rucio`.

Reads a JSON list of items for `UploadClient` from its standard input.
"""

from __future__ import annotations

import json
import logging
import sys

from rucio.client import Client
from rucio.client.uploadclient import UploadClient


def main() -> None:
    """Upload every item; the client raises where one fails."""
    logger = logging.getLogger("demo.seed.upload")
    logger.setLevel(logging.ERROR)
    UploadClient(Client(), logger=logger).upload(json.load(sys.stdin))


if __name__ == "__main__":
    main()
