"""Licences as others name them: by SPDX identifier and address."""

from __future__ import annotations

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

ADDRESS = "https://spdx.org/licenses/"


def spdx_id(licence: str) -> str:
    """Return the SPDX identifier of a licence; empty for an expression, or what SPDX lacks."""
    try:
        known = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return ""
    is_listed = " " not in known and not known.startswith("LicenseRef-")
    return str(known) if is_listed else ""
