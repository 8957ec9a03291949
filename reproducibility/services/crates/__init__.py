"""Versions of analyses as RO-Crates: what goes in, and the ZIP, piece by piece."""

from reproducibility.services.crates.extras import citation_of
from reproducibility.services.crates.packing import Damaged, Member, Package, package, pieces

__all__ = ["Damaged", "Member", "Package", "citation_of", "package", "pieces"]
