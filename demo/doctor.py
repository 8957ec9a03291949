"""What is missing or broken, and the mend."""
from __future__ import annotations
import argparse
def run(options: argparse.Namespace) -> int:
    return 0
