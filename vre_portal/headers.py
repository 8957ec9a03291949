"""Headers that every answer has, whoever makes it: a page, the API, a file, a stream, an error."""

from __future__ import annotations

from collections.abc import Mapping

#: What browsers could let a page use, and no page here does.
_FEATURES = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid",
    "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "otp-credentials",
    "payment", "picture-in-picture", "publickey-credentials-create",
    "publickey-credentials-get", "screen-wake-lock", "serial", "storage-access", "usb",
    "window-management", "xr-spatial-tracking",
)  # fmt: skip

ALWAYS: Mapping[str, str] = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: For answers that hold no page: even if a browser showed one, nothing in it would run.
NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
PRIVATE = "no-store"


def hsts(seconds: int) -> str:
    """Return how long browsers keep to https, as Django's own middleware says it."""
    return f"max-age={seconds}; includeSubDomains"
